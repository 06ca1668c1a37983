/**
 * The LXC configuration that `pvr app add` writes for a container, from the
 * few things that differ between containers. Source: runtime.md 16.
 */
export type LxcSpec = {
  name: string;
  /** First word is the program; the others are written in quotes, as the template does. */
  init: string[];
  environment?: Record<string, string>;
  workDir?: string;
  /** Namespaces shared with the manager; the template keeps "user net ipc". */
  keep?: string;
  /** Storage names bound into the container: name → target below its root. */
  binds?: Record<string, string>;
  /** Where the manager mounts volumes: PV_DISK_VOLDIR. */
  volumesDir?: string;
  /** Raw lines at the end, as PV_LXC_EXTRA_CONF. */
  extra?: string[];
};

export function lxcConfig(c: LxcSpec): string {
  const volumes = `${c.volumesDir ?? "/volumes"}/${c.name}`;
  const [program, ...words] = c.init;
  if (program === undefined) throw new Error(`${c.name}: no program`);
  const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...c.environment };
  return [
    "lxc.tty.max = 8",
    "lxc.pty.max = 1024",
    "lxc.cgroup.devices.allow = a",
    `lxc.rootfs.path = overlayfs:${volumes}/root.squashfs:${volumes}/lxc-overlay/upper`,
    `lxc.init.cmd = ${[program, ...words.map((w) => `"${w}"`)].join(" ")}`,
    ...(c.workDir === undefined ? [] : [`lxc.init.cwd = ${c.workDir}`]),
    ...Object.entries(environment).map(([k, v]) => `lxc.environment = ${k}=${v}`),
    `lxc.namespace.keep = ${c.keep ?? "user net ipc"}`,
    "lxc.mount.auto = proc sys:rw cgroup",
    "lxc.mount.entry = /etc/resolv.conf etc/resolv.conf none bind,rw,create=file 0 0",
    "lxc.mount.entry = tmpfs run tmpfs rw,nodev,relatime,create=dir,mode=755 0 0",
    ...Object.entries(c.binds ?? {}).map(([v, target]) => `lxc.mount.entry = ${volumes}/${v} ${target} none bind,rw,create=dir 0 0`),
    "lxc.cap.drop = sys_module",
    ...(c.extra ?? []),
  ].map((l) => `${l}\n`).join("");
}

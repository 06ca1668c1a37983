/**
 * What every container gets beside its own configuration: the control socket
 * and its own logs and metadata under /pantavisor, firmware and modules, the
 * syslog socket, `container=`. Pure. Rules: runtime spec §6.
 */
import { noMountOptions, type MountCreate, type MountEntry } from "../lxc/description.ts";
import type { Container, Group } from "../state/model.ts";
import { MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY } from "../sys/constants.ts";
import type { Settings } from "./settings.ts";

function bind(source: string, target: string, readOnly: boolean, create: MountCreate, optional: boolean): MountEntry {
  const options = noMountOptions();
  options.flags = MS_BIND + (readOnly ? MS_RDONLY : 0);
  return { source, target, fstype: "none", options, create, optional, relative: false, idmap: "", mkdirOrigin: false, at: "(injected)" };
}

/** Facts of the host the mounts depend on. */
export type HostFolders = { firmware: boolean; modulesRelease: string; devLog: boolean };

/** Folders that must exist before the container starts because they are bound into it. */
export function ownFolders(s: Settings, c: Container, revision: string): string[] {
  if (c.mgmt) return [`${s.runDir}/user-meta`, `${s.runDir}/device-meta`, s.logs];
  return [`${s.runDir}/user-meta.${c.name}`, `${s.runDir}/device-meta.${c.name}`, `${s.logs}/${revision}/${c.name}`];
}

export function injectedMounts(s: Settings, c: Container, revision: string, host: HostFolders): MountEntry[] {
  const mounts: MountEntry[] = [];
  if (c.mgmt) {
    mounts.push(bind(s.runDir, "pantavisor", true, "dir", false));
    mounts.push(bind(s.logs, "pantavisor/logs", true, "dir", true));
  } else {
    mounts.push(bind(`${s.runDir}/pv-ctrl`, "pantavisor/pv-ctrl", false, "file", false));
    mounts.push(bind(`${s.runDir}/pv-ctrl-log`, "pantavisor/pv-ctrl-log", false, "file", true));
    mounts.push(bind(`${s.logs}/${revision}/${c.name}`, "pantavisor/logs", true, "dir", false));
    mounts.push(bind(`${s.runDir}/user-meta.${c.name}`, "pantavisor/user-meta", true, "dir", false));
    mounts.push(bind(`${s.runDir}/device-meta.${c.name}`, "pantavisor/device-meta", true, "dir", false));
  }
  if (c.automodfw && host.firmware) mounts.push(bind("/lib/firmware", "lib/firmware", true, "dir", false));
  if (c.automodfw && host.modulesRelease !== "") {
    const folder = `lib/modules/${host.modulesRelease}`;
    mounts.push(bind(`/${folder}`, folder, true, "dir", false));
  }
  if (host.devLog && (c.devLog === "yes" || (c.devLog === "default" && s.autoDevLog))) mounts.push(bind("/dev/log", "dev/log", false, "file", true));
  return mounts;
}

/** Folder of all notify sockets, one below it for each container. */
export function notifyFolder(s: Settings): string {
  return `${s.runDir}/wherry/notify`;
}

/** Does the container get a notify socket? Others must not see NOTIFY_SOCKET: systemd as init would say READY to it by itself. */
export function wantsNotify(c: Container): boolean {
  return c.notify || c.health.some((h) => h.kind === "notify");
}

/** Its socket's folder inside: not below /run, where inits mount a tmpfs of their own. "" when /pantavisor shows it anyway. */
export function notifyMounts(s: Settings, c: Container): MountEntry[] {
  if (c.mgmt) return [];
  const m = bind(`${notifyFolder(s)}/${c.name}`, "pantavisor/notify", true, "dir", false);
  m.options.flags = MS_BIND + MS_RDONLY + MS_NOSUID + MS_NODEV + MS_NOEXEC;
  return [m];
}

/** What sd_notify(3) and sd_watchdog_enabled(3) look for. */
export function notifyEnvironment(c: Container): string[] {
  const out = [`NOTIFY_SOCKET=/pantavisor/${c.mgmt ? `wherry/notify/${c.name}` : "notify"}/notify`];
  for (const h of c.health) if (h.kind === "notify") out.push(`WATCHDOG_USEC=${h.intervalMs * 1000}`);
  return out;
}

/** `container=pv-<group>`; nothing for the group root. */
export function injectedEnvironment(group: Group): string[] {
  return group.name === "root" ? [] : [`container=pv-${group.name}`];
}

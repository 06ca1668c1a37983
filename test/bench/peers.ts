/**
 * The container runtimes of Debian that the benchmark compares with, and how
 * each is told to do what the floor does: all namespaces but user, a cgroup,
 * the same capabilities, a seccomp filter that refuses the same calls, /proc,
 * /sys and /dev. None of them stacks an overlay, which Wherry and the floor do.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, runResult } from "../../toolchain/run.ts";

export type Peer = {
  name: string;
  /** Debian package; the bench installs it when it isn't there. */
  package: string;
  /** Words that start `program` in a container and wait for its end. */
  command: (work: string, rootfs: string, program: string) => string[];
  /** lxc-start ends with 0 whatever the program's status was. */
  passesStatus: boolean;
};

const CAPABILITIES = ["chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service", "sys_chroot"];
const REFUSED = [
  "mount", "umount2", "pivot_root", "unshare", "setns", "ptrace", "bpf", "perf_event_open", "userfaultfd", "init_module", "finit_module",
  "delete_module", "kexec_load", "keyctl", "add_key", "request_key", "open_by_handle_at", "reboot", "swapon", "acct",
];

export const PEERS: Peer[] = [
  { name: "crun", package: "crun", passesStatus: true, command: (work, rootfs, program) => ["crun", "--cgroup-manager=cgroupfs", "run", "--bundle", ociBundle(work, rootfs, program), "bench-crun"] },
  { name: "lxc-start", package: "lxc", passesStatus: false, command: (work, rootfs, program) => ["lxc-start", "-P", join(work, "lxc"), "-n", "bench-lxc", "-F", "-f", lxcConfig(work, rootfs, program)] },
  { name: "runc", package: "runc", passesStatus: true, command: (work, rootfs, program) => ["runc", "run", "--bundle", ociBundle(work, rootfs, program), "bench-runc"] },
];

function ociBundle(work: string, rootfs: string, program: string): string {
  const bundle = join(work, "bundle");
  const capabilities = CAPABILITIES.map((c) => `CAP_${c.toUpperCase()}`);
  const quiet = ["nosuid", "nodev", "noexec"];
  const config = {
    ociVersion: "1.0.2",
    process: {
      terminal: false, user: { uid: 0, gid: 0 }, args: [program], env: ["PATH=/bin:/sbin"], cwd: "/", noNewPrivileges: true,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: rootfs, readonly: false },
    hostname: "bench",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: quiet },
      { destination: "/sys", type: "sysfs", source: "sysfs", options: [...quiet, "ro"] },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755", "size=64k"] },
    ],
    linux: {
      namespaces: ["mount", "pid", "uts", "ipc", "network", "cgroup"].map((type) => ({ type })),
      resources: { devices: [{ allow: false, access: "rwm" }] },
      seccomp: { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: REFUSED, action: "SCMP_ACT_ERRNO", errnoRet: 1 }] },
    },
  };
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
  return bundle;
}

/** The same as lines of an LXC configuration; writes the filter they name into `work`. */
export function lxcLines(work: string): string[] {
  const filter = join(work, "lxc.seccomp");
  writeFileSync(filter, ["2", "denylist", ...REFUSED.map((c) => `${c} errno 1`)].map((l) => `${l}\n`).join(""));
  return [
    "lxc.net.0.type = empty", "lxc.mount.auto = proc:rw sys:ro", "lxc.autodev = 1", "lxc.tty.max = 0", "lxc.console.path = none",
    `lxc.cap.keep = ${CAPABILITIES.join(" ")}`, `lxc.seccomp.profile = ${filter}`,
  ];
}

function lxcConfig(work: string, rootfs: string, program: string): string {
  mkdirSync(join(work, "lxc"), { recursive: true });
  const config = join(work, "lxc.conf");
  const lines = [`lxc.rootfs.path = dir:${rootfs}`, "lxc.uts.name = bench", ...lxcLines(work), "lxc.pty.max = 16", "lxc.apparmor.profile = unconfined", `lxc.init.cmd = ${program}`];
  writeFileSync(config, lines.map((l) => `${l}\n`).join(""));
  return config;
}

/** Words for Wherry that ask for what the floor does: these lines and a group in each of the floor's four controllers. */
export function sandboxWords(work: string): string[] {
  const config = join(work, "sandbox.conf");
  writeFileSync(config, [...lxcLines(work), "lxc.no_new_privs = 1", "lxc.cgroup.devices.deny = a"].map((l) => `${l}\n`).join(""));
  return ["--config", config, "--memory", "256m", "--cpus", "2", "--pids", "1000"];
}

/** Installs what is missing of the peers' packages; no service of theirs is started. */
export function installPeers(): void {
  const missing = PEERS.map((p) => p.package).filter((p) => runResult("dpkg-query", ["-W", "-f", "${db:Status-Status}", p]).stdout !== "installed");
  if (missing.length === 0) return;
  console.error(`bench: installing ${missing.join(" ")} from Debian, for comparison only`);
  // Debian's package scripts ask this program before they start anything; 101 means no.
  const policy = "/usr/sbin/policy-rc.d";
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    run("apt-get", ["install", "-q", "-y", "--no-install-recommends", ...missing], { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  } finally {
    if (isOurs) rmSync(policy);
  }
}

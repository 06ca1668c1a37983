/**
 * Settings and lists → the container description. LXC's defaults stand here
 * and nowhere else: a key that was not set is not in the settings.
 */
import type { ContainerDescription, EnvironmentEntry, NamespaceName, NamespaceShare, Prlimit, ProcFile, Sysctl, TimeOffset } from "./description.ts";
import type { Lists } from "./lists.ts";
import type { Report } from "./report.ts";
import { parsePrlimit } from "./rlimits.ts";
import { parseRootfs } from "./rootfs.ts";
import type { Settings } from "./settings.ts";
import { splitCommand } from "./words.ts";

/** Size of the /dev tmpfs in bytes. */
const AUTODEV_BYTES = 500000;

function initCommand(s: Settings, r: Report): string[] {
  const c = splitCommand(s.text("lxc.init.cmd"));
  r.at = s.place("lxc.init.cmd");
  if (!c.closed) r.warn("a quote is not closed: the rest of the line is one word");
  return c.words.length === 0 ? ["/sbin/init"] : c.words;
}

function timeOffset(s: Settings, key: string): TimeOffset {
  return { set: s.has(key), seconds: s.number(key, 0), nanoseconds: s.number(`${key}.ns`, 0) };
}

function environment(l: Lists): EnvironmentEntry[] {
  const out: EnvironmentEntry[] = [];
  for (let scope = 0; scope < 3; scope++) {
    const s = l.environments[scope]!;
    for (let i = 0; i < s.count(); i++) {
      out.push({ name: s.nameAt(i), value: s.textAt(i), inherit: s.numberAt(i) === 1, scope: scope === 0 ? "all" : scope === 1 ? "init" : "hooks" });
    }
  }
  return out;
}

function shares(s: Settings): NamespaceShare[] {
  const out: NamespaceShare[] = [];
  for (let i = 0; i < s.count(); i++) out.push({ namespace: s.nameAt(i) as NamespaceName, target: s.textAt(i) });
  return out;
}

function prlimits(s: Settings, r: Report): Prlimit[] {
  const out: Prlimit[] = [];
  for (let i = 0; i < s.count(); i++) {
    r.at = s.placeAt(i);
    out.push(parsePrlimit(s.nameAt(i), s.textAt(i), r));
  }
  return out;
}

function sysctls(s: Settings): Sysctl[] {
  const out: Sysctl[] = [];
  for (let i = 0; i < s.count(); i++) out.push({ name: s.nameAt(i), path: s.nameAt(i).split(".").join("/"), value: s.textAt(i) });
  return out;
}

function procFiles(s: Settings): ProcFile[] {
  const out: ProcFile[] = [];
  for (let i = 0; i < s.count(); i++) out.push({ file: s.nameAt(i), value: s.textAt(i) });
  return out;
}

/** Refuses in `r` what only shows once all lines are read. */
export function describe(s: Settings, l: Lists, r: Report): ContainerDescription {
  const command = initCommand(s, r);
  const logfile = s.text("lxc.console.logfile");
  r.at = s.place("lxc.rootfs.path");
  return {
    rootfs: parseRootfs(s.text("lxc.rootfs.path"), s.text("lxc.rootfs.options"), r),
    initCommand: command,
    initCwd: s.text("lxc.init.cwd"),
    uid: s.number("lxc.init.uid", 0), gid: s.number("lxc.init.gid", 0), groups: l.groups,
    environment: environment(l),
    hostname: s.text("lxc.uts.name"),
    personality: s.number("lxc.arch", -1),
    mountEntries: l.mountEntries, mountAuto: l.mountAuto, fstab: s.text("lxc.mount.fstab"),
    autodev: s.flag("lxc.autodev", true), autodevTmpfsSize: s.number("lxc.autodev.tmpfs.size", AUTODEV_BYTES),
    ttyMax: s.number("lxc.tty.max", 0), ttyMin: s.number("lxc.tty.min", 0), ttyDir: s.text("lxc.tty.dir"), ptyMax: s.number("lxc.pty.max", 0),
    console: {
      path: s.text("lxc.console.path"), logfile: logfile === "none" ? "" : logfile, size: s.number("lxc.console.size", 0),
      rotate: s.flag("lxc.console.rotate", false), bufferSize: s.number("lxc.console.buffer.size", 0),
    },
    namespaces: { keep: l.keep, clone: l.clone, share: shares(l.share) },
    idmaps: l.idmaps,
    capDrop: l.capDrop, capKeep: l.capKeep,
    noNewPrivs: s.flag("lxc.no_new_privs", false),
    seccomp: {
      profile: s.text("lxc.seccomp.profile"), allowNesting: s.flag("lxc.seccomp.allow_nesting", false),
      notifyProxy: s.text("lxc.seccomp.notify.proxy"), notifyCookie: s.text("lxc.seccomp.notify.cookie"),
    },
    apparmor: {
      profile: s.text("lxc.apparmor.profile"), allowIncomplete: s.flag("lxc.apparmor.allow_incomplete", false),
      allowNesting: s.flag("lxc.apparmor.allow_nesting", false), raw: l.apparmorRaw,
    },
    selinuxContext: s.text("lxc.selinux.context"), selinuxKeyring: s.text("lxc.selinux.context.keyring"),
    sessionKeyring: s.flag("lxc.keyring.session", true), schedCore: s.flag("lxc.sched.core", false),
    cgroup1: l.cgroup1, cgroup2: l.cgroup2, devices: l.devices,
    cgroupDirs: {
      dir: s.text("lxc.cgroup.dir"), container: s.text("lxc.cgroup.dir.container"), inner: s.text("lxc.cgroup.dir.container.inner"),
      monitor: "", pivot: "", relative: s.flag("lxc.cgroup.relative", false),
    },
    net: l.net,
    prlimits: prlimits(l.prlimits, r), sysctls: sysctls(l.sysctls), procFiles: procFiles(l.procFiles),
    signals: { halt: s.number("lxc.signal.halt", -1), reboot: s.number("lxc.signal.reboot", -1), stop: s.number("lxc.signal.stop", -1) },
    hooks: l.hooks, hookVersion: s.number("lxc.hook.version", 0),
    timeBoot: timeOffset(s, "lxc.time.offset.boot"), timeMonotonic: timeOffset(s, "lxc.time.offset.monotonic"),
  };
}

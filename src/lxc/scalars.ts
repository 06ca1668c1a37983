/**
 * Keys that hold one value: later lines replace, an empty value puts LXC's
 * default back. One function for each kind of value.
 */
import { emptyDescription, type ContainerDescription, type TimeOffset } from "./description.ts";
import { flagOrRefuse, parseSize, unsignedOrRefuse } from "./numbers.ts";
import { personalityOf } from "./personality.ts";
import type { Report } from "./report.ts";
import { signalNumber } from "./signals.ts";
import { splitCommand } from "./words.ts";

/** Ids the kernel can map: (uid_t) -1 means "none". */
const MAX_ID = 4294967294;
/** Linux allocates ptys from one number space of 2^20. */
const MAX_PTY = 1048576;
const MAX_TMPFS = 9007199254740991;
/** What LXC means by "auto" for console sizes. */
const AUTO_CONSOLE_BYTES = 131072;
/** HOST_NAME_MAX of Linux. */
const MAX_HOSTNAME = 64;

/** Host name rule of sethostname(2) only: length and no NUL or slash. */
function hostname(value: string, r: Report): string {
  if (value.length <= MAX_HOSTNAME && !value.includes("/")) return value;
  r.refuse(`"${value}" is no host name (at most ${MAX_HOSTNAME} characters)`);
  return "";
}

function applyInitCommand(d: ContainerDescription, value: string, r: Report): void {
  const c = splitCommand(value);
  if (!c.closed) r.warn("a quote is not closed: the rest of the line is one word");
  d.initCommand = c.words.length === 0 ? emptyDescription().initCommand : c.words;
}

function applyArch(d: ContainerDescription, value: string, r: Report): void {
  d.personality = personalityOf(value);
  if (value !== "" && d.personality < 0) r.refuse(`"${value}" is no architecture`);
}

/** Texts taken as they are, and the three that are looked at. */
export function applyText(d: ContainerDescription, key: string, value: string, r: Report): void {
  if (key === "lxc.init.cmd") applyInitCommand(d, value, r);
  else if (key === "lxc.arch") applyArch(d, value, r);
  else if (key === "lxc.uts.name") d.hostname = hostname(value, r);
  else if (key === "lxc.init.cwd") d.initCwd = value;
  else if (key === "lxc.mount.fstab") d.fstab = value;
  else if (key === "lxc.tty.dir") d.ttyDir = value;
  else if (key === "lxc.console.path") d.console.path = value;
  else if (key === "lxc.console.logfile") d.console.logfile = value === "none" ? "" : value;
  else if (key === "lxc.seccomp.profile") d.seccomp.profile = value;
  else if (key === "lxc.seccomp.notify.proxy") d.seccomp.notifyProxy = value;
  else if (key === "lxc.seccomp.notify.cookie") d.seccomp.notifyCookie = value;
  else if (key === "lxc.apparmor.profile") d.apparmor.profile = value;
  else if (key === "lxc.selinux.context") d.selinuxContext = value;
  else if (key === "lxc.selinux.context.keyring") d.selinuxKeyring = value;
  else if (key === "lxc.cgroup.dir") d.cgroupDirs.dir = value;
  else if (key === "lxc.cgroup.dir.container") d.cgroupDirs.container = value;
  else if (key === "lxc.cgroup.dir.container.inner") d.cgroupDirs.inner = value;
  else if (key === "lxc.apparmor.raw" && value === "") d.apparmor.raw = [];
  else if (key === "lxc.apparmor.raw") d.apparmor.raw.push(value);
  else throw new Error(`lxc table: no text ${key}`);
}

/** 0/1 keys. */
export function applyFlag(d: ContainerDescription, key: string, value: string, r: Report): void {
  const byDefault = key === "lxc.autodev" || key === "lxc.keyring.session";
  const on = value === "" ? byDefault : flagOrRefuse(value, byDefault, r);
  if (key === "lxc.autodev") d.autodev = on;
  else if (key === "lxc.keyring.session") d.sessionKeyring = on;
  else if (key === "lxc.console.rotate") d.console.rotate = on;
  else if (key === "lxc.no_new_privs") d.noNewPrivs = on;
  else if (key === "lxc.seccomp.allow_nesting") d.seccomp.allowNesting = on;
  else if (key === "lxc.apparmor.allow_incomplete") d.apparmor.allowIncomplete = on;
  else if (key === "lxc.apparmor.allow_nesting") d.apparmor.allowNesting = on;
  else if (key === "lxc.sched.core") d.schedCore = on;
  else if (key === "lxc.cgroup.relative") d.cgroupDirs.relative = on;
  else throw new Error(`lxc table: no flag ${key}`);
}

/** Plain numbers. */
export function applyNumber(d: ContainerDescription, key: string, value: string, r: Report): void {
  const none = value === "";
  if (key === "lxc.init.uid") d.uid = none ? 0 : Math.max(0, unsignedOrRefuse(value, MAX_ID, r));
  else if (key === "lxc.init.gid") d.gid = none ? 0 : Math.max(0, unsignedOrRefuse(value, MAX_ID, r));
  else if (key === "lxc.autodev.tmpfs.size") d.autodevTmpfsSize = none ? 500000 : Math.max(0, unsignedOrRefuse(value, MAX_TMPFS, r));
  else if (key === "lxc.tty.max") d.ttyMax = none ? 0 : Math.max(0, unsignedOrRefuse(value, MAX_PTY, r));
  else if (key === "lxc.tty.min") d.ttyMin = none ? 0 : Math.max(0, unsignedOrRefuse(value, MAX_PTY, r));
  else if (key === "lxc.pty.max") d.ptyMax = none ? 0 : Math.max(0, unsignedOrRefuse(value, MAX_PTY, r));
  else if (key === "lxc.hook.version") d.hookVersion = none ? 0 : Math.max(0, unsignedOrRefuse(value, 1, r));
  else throw new Error(`lxc table: no number ${key}`);
}

/** Byte sizes of the console. */
export function applySize(d: ContainerDescription, key: string, value: string, r: Report): void {
  const bytes = value === "" ? 0 : parseSize(value, AUTO_CONSOLE_BYTES);
  if (bytes < 0) r.refuse(`"${value}" is no size (a number with B, KB, MB or GB, or auto)`);
  else if (key === "lxc.console.size") d.console.size = bytes;
  else d.console.bufferSize = bytes;
}

/** Halt, reboot and stop signals. */
export function applySignal(d: ContainerDescription, key: string, value: string, r: Report): void {
  const n = value === "" ? -1 : signalNumber(value);
  if (value !== "" && n < 0) r.refuse(`"${value}" is no signal (SIGTERM, SIGRTMIN+3, 37)`);
  if (key === "lxc.signal.halt") d.signals.halt = n;
  else if (key === "lxc.signal.reboot") d.signals.reboot = n;
  else d.signals.stop = n;
}

const TIME_UNITS = ["h", "m", "s", "ms", "us", "ns"];
const UNIT_SECONDS = [3600, 60, 1, 0, 0, 0];
const UNIT_NANOSECONDS = [0, 0, 0, 1000000, 1000, 1];

/** "-2h", "1500ms": whole number and unit. Nanoseconds are 0 … 999999999, also before zero. */
function timeOffset(value: string, r: Report): TimeOffset {
  const negative = value.startsWith("-");
  let end = negative ? 1 : 0;
  const from = end;
  while (end < value.length && value.charCodeAt(end) >= 48 && value.charCodeAt(end) <= 57) end += 1;
  const unit = TIME_UNITS.indexOf(value.slice(end).trim());
  if (end === from || end - from > 15 || unit < 0) {
    r.refuse(`"${value}" is no offset (a whole number with h, m, s, ms, us or ns)`);
    return { set: false, seconds: 0, nanoseconds: 0 };
  }
  const n = (negative ? -1 : 1) * Number(value.slice(from, end));
  const perSecond = UNIT_NANOSECONDS[unit]! === 0 ? 0 : 1000000000 / UNIT_NANOSECONDS[unit]!;
  if (perSecond === 0) return { set: true, seconds: n * UNIT_SECONDS[unit]!, nanoseconds: 0 };
  const seconds = Math.floor(n / perSecond);
  return { set: true, seconds, nanoseconds: (n - seconds * perSecond) * UNIT_NANOSECONDS[unit]! };
}

/** lxc.time.offset.boot and .monotonic. */
export function applyTime(d: ContainerDescription, key: string, value: string, r: Report): void {
  const t = value === "" ? { set: false, seconds: 0, nanoseconds: 0 } : timeOffset(value, r);
  if (key === "lxc.time.offset.boot") d.timeBoot = t;
  else d.timeMonotonic = t;
}

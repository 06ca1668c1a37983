/// <reference path="./sys.d.ts" />
/**
 * Processes: cloning, exec, waiting, signals, identities, limits. One call
 * each; the "try" forms return the result or -errno.
 */
import { f64At, i32At, u32At, u32List } from "./bytes.ts";
import { AT_EMPTY_PATH, AT_FDCWD, CLONE_PIDFD, SIGCHLD } from "./constants.ts";
import { ECHILD, EINTR, ENOSYS } from "./errno.ts";
import { checked, errnoOf, SysError } from "./error.ts";
import { resetSignals } from "./loop.ts";
import { fromUtf8, packed, unpacked } from "./text.ts";

/** A child as its parent sees it; in the child itself pid is 0 and pidfd -1. */
export type Cloned = { pid: number; pidfd: number };

/**
 * Makes a child with the namespaces of `flags` (CLONE_NEW*). Both processes
 * return. cgroupFd >= 0 puts it there from its first instruction (cgroup2).
 */
export function cloneProcess(flags: number, cgroupFd: number = -1): Cloned {
  const r = tryClone(flags, cgroupFd);
  if (r.pid < 0) throw new SysError("clone3", "", -r.pid);
  return r;
}

/** As cloneProcess; pid is -errno when refused. Without clone3 the older call is made, which can't place into a cgroup. */
export function tryClone(flags: number, cgroupFd: number): Cloned {
  const out = new Uint8Array(4);
  let pid = sys_clone3(flags + CLONE_PIDFD, SIGCHLD, cgroupFd, out);
  if (pid === -ENOSYS && cgroupFd < 0) pid = sys_clone(flags + CLONE_PIDFD, SIGCHLD, out);
  return { pid, pidfd: pid > 0 ? i32At(out, 0) : -1 };
}

/** Replaces the program; returns only when refused, with -errno. environment: "NAME=value". */
export function tryExec(path: string, argv: string[], environment: string[]): number {
  return sys_execveat(AT_FDCWD, path, packed(argv), packed(environment), 0);
}

/** As tryExec with the program of an open descriptor. */
export function tryExecFd(fd: number, argv: string[], environment: string[]): number {
  return sys_execveat(fd, "", packed(argv), packed(environment), AT_EMPTY_PATH);
}

/** Ends this process at once, without the runtime's own exit work (a cloned child must not run that). */
export function exitNow(status: number): void {
  sys_exit(status);
}

/** How a process ended: exited with `status`, or killed by signal `status`; pid 0 when none has ended. */
export type Ended = { pid: number; exited: boolean; status: number };

const P_ALL = 0;
const P_PID = 1;
const P_PIDFD = 3;
const WNOHANG = 1;
const WEXITED = 4;
const CLD_EXITED = 1;

function wait(idType: number, id: number, options: number): Ended {
  const out = new Uint8Array(12);
  let r = sys_waitid(idType, id, options, out);
  while (r === -EINTR) r = sys_waitid(idType, id, options, out);
  checked(r, "waitid", "");
  return { pid: i32At(out, 0), exited: i32At(out, 4) === CLD_EXITED, status: i32At(out, 8) };
}

/** Reaps one ended child of any kind; pid 0 when none has ended, throws ECHILD when there is none at all. */
export function reapAny(): Ended {
  return wait(P_ALL, 0, WEXITED + WNOHANG);
}

/** Reaps the child of a pidfd without waiting. */
export function reapPidfd(pidfd: number): Ended {
  return wait(P_PIDFD, pidfd, WEXITED + WNOHANG);
}

/** Waits for a child to end: only where nothing else has to go on meanwhile. */
export function waitPid(pid: number): Ended {
  return wait(P_PID, pid, WEXITED);
}

/** Waits for the end of a child, closes its pidfd; null when somebody else has reaped it. */
export function reap(child: Cloned): Ended | null {
  try {
    return waitPid(child.pid);
  } catch (e) {
    if (errnoOf(e) !== ECHILD) throw e;
    return null;
  } finally {
    sys_close(child.pidfd);
  }
}

export function tryOpenPidfd(pid: number): number {
  return sys_pidfd_open(pid, 0);
}

/** Signals the process behind a pidfd: never another one that got its pid. */
export function trySignalPidfd(pidfd: number, signal: number): number {
  return sys_pidfd_send_signal(pidfd, signal);
}

export function tryGetFd(pidfd: number, fd: number): number {
  return sys_pidfd_getfd(pidfd, fd);
}

export function trySignal(pid: number, signal: number): number {
  return sys_kill(pid, signal);
}

export function processId(): number {
  return sys_getpid();
}

export function parentId(): number {
  return sys_getppid();
}

export function userId(): number {
  return sys_geteuid();
}

export function newSession(): number {
  return sys_setsid();
}

export function unshare(flags: number): void {
  checked(sys_unshare(flags), "unshare", "");
}

/** Joins the namespace behind a descriptor; `what` is for the error. */
export function enterNamespace(fd: number, flags: number, what: string): void {
  checked(sys_setns(fd, flags), "setns", what);
}

export function trySetns(fd: number, flags: number): number {
  return sys_setns(fd, flags);
}

export function setHostname(name: string): void {
  checked(sys_sethostname(name), "sethostname", name);
}

/** Parts of uname(2). */
export function kernelRelease(): string {
  return unameField(2);
}
export function machineName(): string {
  return unameField(4);
}
function unameField(field: number): string {
  const b = new Uint8Array(65);
  return fromUtf8(b.subarray(0, checked(sys_uname(field, b), "uname", "")));
}

export const PR_SET_PDEATHSIG = 1;
export const PR_SET_DUMPABLE = 4;
export const PR_CAPBSET_READ = 23;
export const PR_CAPBSET_DROP = 24;
export const PR_SET_SECUREBITS = 28;
export const PR_SET_CHILD_SUBREAPER = 36;
export const PR_SET_NO_NEW_PRIVS = 38;
export const PR_CAP_AMBIENT = 47;

export function tryPrctl(option: number, a: number, b: number = 0, c: number = 0): number {
  return sys_prctl(option, a, b, c, 0);
}

/** Name shown by ps for this process, 15 bytes; refused, it only keeps the one it has. */
export function trySetProcessName(name: string): number {
  return sys_set_name(name);
}

/** Capability sets: each as bit words low (0-31) and high (32-63). */
export type CapabilitySets = { effective: number[]; permitted: number[]; inheritable: number[] };

export function getCapabilities(pid: number): CapabilitySets {
  const b = new Uint8Array(24);
  checked(sys_capget(pid, b), "capget", "");
  return { effective: [u32At(b, 0), u32At(b, 12)], permitted: [u32At(b, 4), u32At(b, 16)], inheritable: [u32At(b, 8), u32At(b, 20)] };
}

export function setCapabilities(c: CapabilitySets): void {
  checked(sys_capset(c.effective[0]!, c.effective[1]!, c.permitted[0]!, c.permitted[1]!, c.inheritable[0]!, c.inheritable[1]!), "capset", "");
}

/** Installs a seccomp filter: instructions of eight bytes each. flags: SECCOMP_FILTER_FLAG_*. */
export function trySeccompFilter(program: Uint8Array, flags: number): number {
  return sys_seccomp(1, flags, program);
}

export function setUser(uid: number): void {
  checked(sys_setresuid(uid, uid, uid), "setresuid", String(uid));
}

export function setGroup(gid: number): void {
  checked(sys_setresgid(gid, gid, gid), "setresgid", String(gid));
}

export function setGroups(ids: number[]): void {
  checked(sys_setgroups(u32List(ids)), "setgroups", "");
}

/** soft, hard: -1 is unlimited. pid 0 is this process. */
export function trySetLimit(pid: number, resource: number, soft: number, hard: number): number {
  return sys_prlimit(pid, resource, soft, hard);
}

/** Gives this process all it may have of a resource: 0 or -errno. */
export function tryRaiseLimit(resource: number): number {
  const b = new Uint8Array(16);
  const r = sys_getrlimit(0, resource, b);
  return r < 0 ? r : sys_prlimit(0, resource, f64At(b, 8), f64At(b, 8));
}

export function trySetScheduler(pid: number, policy: number, priority: number): number {
  return sys_sched_setscheduler(pid, policy, priority);
}

export function trySetAffinity(pid: number, mask: Uint8Array): number {
  return sys_sched_setaffinity(pid, mask);
}

export function trySetNice(pid: number, nice: number): number {
  return sys_setpriority(0, pid, nice);
}

export function trySetIoPriority(pid: number, priority: number): number {
  return sys_ioprio_set(1, pid, priority);
}

export function tryPersonality(persona: number): number {
  return sys_personality(persona);
}

/** Joins a new session keyring of that name. */
export function tryNewSessionKeyring(name: string): number {
  return sys_keyctl(1, name, 0, 0);
}

export function setUmask(mask: number): number {
  return sys_umask(mask);
}

/** This process's environment, "NAME=value". */
export function environment(): string[] {
  const size = sys_environment(new Uint8Array(0));
  const b = new Uint8Array(size);
  sys_environment(b);
  return unpacked(b);
}

/** Value of one environment variable, "" when unset. */
export function environmentValue(name: string): string {
  const prefix = `${name}=`;
  for (const entry of environment()) if (entry.startsWith(prefix)) return entry.slice(prefix.length);
  return "";
}

/** After a trap (SIGSEGV and its like) this process executes `path` again instead of dying: for PID 1. */
export function reexecOnTrap(path: string, argv: string[]): void {
  checked(sys_reexec_on_trap(path, packed(argv)), "sigaction", path);
}

export function chroot(path: string): void {
  checked(sys_chroot(path), "chroot", path);
}

const PIDFD_GET_INFO = 0xc050ff0b;
const PIDFD_INFO_EXIT = 8;

/**
 * How a process that is not our child ended (kernel 6.15: PIDFD_GET_INFO keeps
 * the status while a pidfd is open); null when it runs or the kernel can't say.
 */
export function endOfPidfd(pidfd: number): Ended | null {
  const b = new Uint8Array(80);
  b[0] = PIDFD_INFO_EXIT;
  if (sys_ioctl_buffer(pidfd, PIDFD_GET_INFO, b) < 0 || Math.floor(b[0]! / PIDFD_INFO_EXIT) % 2 === 0) return null;
  const status = i32At(b, 60);
  const signal = status % 128;
  return { pid: u32At(b, 16), exited: signal === 0, status: signal === 0 ? Math.floor(status / 256) % 256 : signal };
}

const NOT_STARTED = 127;

/** Runs a program of others to its end, with its standard streams: only where waiting is allowed. Exit status 127: it could not be started. */
export function runProgram(argv: string[], environment: string[]): Ended {
  const child = cloneProcess(0);
  if (child.pid === 0) {
    resetSignals();
    tryExec(argv[0]!, argv, environment);
    sys_exit(NOT_STARTED);
  }
  sys_close(child.pidfd);
  return waitPid(child.pid);
}

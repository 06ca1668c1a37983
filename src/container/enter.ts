/**
 * Runs a program inside a container that runs already: in its cgroups and
 * namespaces, with no more power than its init has. This is the parent's
 * side; entered.ts is the new process. Never blocks.
 * Rules: runtime spec §10 (pventer); setns(2), pidfd_open(2).
 */
import { hierarchyOf, unifiedHierarchy, type Layout } from "../cgroup/layout.ts";
import { CLONE_NEWPID, O_RDONLY, SOCK_SEQPACKET } from "../sys/constants.ts";
import { EAGAIN, ESRCH } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { closeFd, openFile, readLink } from "../sys/files.ts";
import { enterNamespace, tryClone, tryOpenPidfd } from "../sys/processes.ts";
import { trySetNonBlocking } from "../sys/relative.ts";
import { receive, socketPair } from "../sys/sockets.ts";
import { becomeEntered } from "./entered.ts";
import { openTerminal, type WindowSize } from "./pty.ts";
import { parseReport, REPORT_BYTES, type StartFailure } from "./report.ts";

export type EnterRequest = {
  /** The container's init, in our pid namespace. */
  pid: number;
  /** Empty: the user's login shell. */
  command: string[];
  /** A name of the container's /etc/passwd, or a number. */
  user: string;
  /** "NAME=value" over what init has. */
  environment: string[];
  /** "": the user's home for a shell, else "/". */
  directory: string;
  /** A terminal of its own, of the container's devpts where there is one. size: null = the kernel's default. */
  terminal: boolean;
  size: WindowSize | null;
  /** Without a terminal: descriptors for stdin, stdout and stderr; [] passes ours on. */
  streams: number[];
  /** The container's seccomp filter, used when init has one. */
  filter: Uint8Array;
  /** cgroup.procs files of the container, as the host sees them. */
  cgroupFiles: string[];
  /** It is ended with its starter: for what nobody would wait for any more. */
  diesWithParent: boolean;
};

/** The cgroup.procs files of a process, from the text of its /proc/<pid>/cgroup; hierarchies that are mounted nowhere are left out. */
export function cgroupFilesOf(layout: Layout, procCgroup: string): string[] {
  const files: string[] = [];
  for (const line of procCgroup.split("\n")) {
    const first = line.indexOf(":");
    const second = line.indexOf(":", first + 1);
    if (first < 0 || second < 0) continue;
    const names = line.slice(first + 1, second);
    const path = line.slice(second + 1);
    const h = names === "" ? unifiedHierarchy(layout) : hierarchyOf(layout, names.split(",")[0]!);
    if (h !== null && (h.version === 2) === (names === "")) files.push(`${h.mount}${path === "/" ? "" : path}/cgroup.procs`);
  }
  return files;
}

/** Descriptors are the caller's to close. terminal: master of the host's fallback, until readEntered brings a better one. */
export type Entered = { pid: number; pidfd: number; report: number; terminal: number };

/** The process that comes out of pid, if its pid namespace is not ours: only a child can be in it. */
function cloneInPidNamespace(pid: number): { pid: number; pidfd: number } {
  const theirs = `/proc/${pid}/ns/pid`;
  if (readLink(theirs) === readLink("/proc/self/ns/pid")) return tryClone(0, -1);
  const own = openFile("/proc/self/ns/pid", O_RDONLY);
  const fd = openFile(theirs, O_RDONLY);
  enterNamespace(fd, CLONE_NEWPID, theirs);
  const c = tryClone(0, -1);
  if (c.pid !== 0) enterNamespace(own, CLONE_NEWPID, "/proc/self/ns/pid");
  closeFd(own);
  closeFd(fd);
  return c;
}

/** Begins; how it went comes from readEntered. Throws SysError when no process can be made. In the child it never returns. */
export function enter(r: EnterRequest): Entered {
  const target = tryOpenPidfd(r.pid);
  if (target < 0) throw new SysError("pidfd_open", String(r.pid), -target, target === -ESRCH ? "the container has ended" : "");
  const open = [target];
  try {
    const fallback = r.terminal ? openTerminal(true) : { master: -1, slave: -1, path: "" };
    open.push(fallback.slave);
    const pair = socketPair(SOCK_SEQPACKET);
    open.push(pair[1]!);
    trySetNonBlocking(pair[0]!);
    const child = cloneInPidNamespace(r.pid);
    if (child.pid === 0) becomeEntered(r, target, pair[1]!, fallback.slave);
    if (child.pid < 0) {
      closeFd(fallback.master);
      closeFd(pair[0]!);
      throw new SysError("clone", "", -child.pid);
    }
    return { pid: child.pid, pidfd: child.pidfd, report: pair[0]!, terminal: fallback.master };
  } finally {
    for (const fd of open) closeFd(fd);
  }
}

/** terminal: a master to use instead of the first one (-1: none yet). */
export type EnterState = { state: "waiting" | "terminal" | "started" | "failed"; terminal: number; failure: StartFailure };

const NONE: StartFailure = { step: "", path: "", errno: 0, hint: "" };

/** Reads the report socket once, without blocking. After "started" or "failed" the caller closes it. */
export function readEntered(report: number): EnterState {
  const b = new Uint8Array(REPORT_BYTES);
  const got = receive(report, b);
  if (got.size === -EAGAIN) return { state: "waiting", terminal: -1, failure: NONE };
  if (got.fds.length > 0) return { state: "terminal", terminal: got.fds[0]!, failure: NONE };
  if (got.size === 0) return { state: "started", terminal: -1, failure: NONE };
  if (got.size < 0) return { state: "failed", terminal: -1, failure: { step: "read", path: "report of the set-up", errno: -got.size, hint: "" } };
  return { state: "failed", terminal: -1, failure: parseReport(b.subarray(0, got.size)) };
}

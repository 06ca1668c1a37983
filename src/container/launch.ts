/**
 * The parent's side of a start: terminals, report socket, clone, what the
 * child needs from outside while it waits, and reading how it went. Never
 * blocks; on failure nothing of it stays. The cgroups exist already.
 * Order: runtime spec §15.
 */
import { delegateCgroups, openUnified } from "../cgroup/apply.ts";
import { connectContainer, disconnectContainer } from "../net/apply.ts";
import { tryCloneBorrowing } from "../sys/borrowing.ts";
import { CLONE_NEWPID, O_DIRECTORY, O_RDONLY, SIGKILL, SOCK_SEQPACKET } from "../sys/constants.ts";
import { E2BIG, EAGAIN, ECONNRESET, EINVAL, ENOSPC, ENOSYS, EPERM, EPIPE } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { changeOwner, closeFd, makeDirectories, openFile, tryPutText, tryWrite } from "../sys/files.ts";
import { enterNamespace, tryClone, trySetLimit, trySignalPidfd, waitPid, type Cloned } from "../sys/processes.ts";
import { trySetNonBlocking } from "../sys/relative.ts";
import { receive, socketPair } from "../sys/sockets.ts";
import { becomeContainer, type Prepared } from "./child.ts";
import type { ContainerPlan } from "./plan.ts";
import { openTerminal, type Terminal } from "./pty.ts";
import { serveApart } from "./real_root.ts";
import { EXPORT_STEP, parseReport, PROCEED, REPORT_BYTES, WARNING_STEP, type StartFailure } from "./report.ts";

/**
 * A container that is being set up. Descriptors are the caller's to close:
 * report (readable when there is news: readReport), console and ttys (masters,
 * non-blocking; they hold the terminals), netFd (for disconnectContainer).
 * server: pid 0, or a child that makes mounts for it, the caller's to reap:
 * it ends at latest when the set-up goes on.
 */
export type Launched = { pid: number; pidfd: number; report: number; console: number; ttys: number[]; netFd: number; server: Cloned };

/** What is open for the start and not yet anybody's. */
class Holder {
  readonly fds: number[] = [];

  hold(fd: number): number {
    if (fd >= 0) this.fds.push(fd);
    return fd;
  }

  closeAll(): void {
    for (const fd of this.fds) closeFd(fd);
  }
}

function refusedClone(errno: number): SysError {
  if (errno === EPERM) return new SysError("clone", "", errno, "namespaces need root");
  if (errno === EINVAL) return new SysError("clone", "", errno, "this kernel lacks a kind of namespace, or they contradict each other");
  if (errno === ENOSPC) return new SysError("clone", "", errno, "more namespaces than user.max_*_namespaces allows");
  return new SysError("clone", "", errno, errno === EAGAIN ? "a limit of processes is reached" : "");
}

/** Clones, and sends the child of a borrowing start on its way. */
function cloneWith(plan: ContainerPlan, cgroupFd: number, prepared: Prepared): Cloned {
  const c = plan.borrows ? tryCloneBorrowing(plan.cloneFlags, cgroupFd, () => becomeContainer(plan, prepared)) : { pid: -ENOSYS, pidfd: -1 };
  return c.pid === -ENOSYS ? tryClone(plan.cloneFlags, cgroupFd) : c;
}

/** Clones, into the cgroup2 group where the kernel can (5.7); else `prepared` tells the child to join it. */
function cloneInto(plan: ContainerPlan, cgroupFd: number, prepared: Prepared): Cloned {
  if (cgroupFd >= 0) {
    const c = cloneWith(plan, cgroupFd, prepared);
    if (c.pid !== -E2BIG && c.pid !== -EINVAL && c.pid !== -ENOSYS) return c;
    prepared.unifiedProcs = `${plan.cgroup!.unified}/cgroup.procs`;
  }
  return cloneWith(plan, -1, prepared);
}

/** The same with the pid namespace of another container, which only a child can be in. */
function cloneAs(plan: ContainerPlan, cgroupFd: number, prepared: Prepared): Cloned {
  const other = plan.pidNamespace;
  if (other === null) return cloneInto(plan, cgroupFd, prepared);
  const own = openFile("/proc/self/ns/pid", O_RDONLY);
  const theirs = openFile(other.path, O_RDONLY);
  enterNamespace(theirs, CLONE_NEWPID, other.path);
  const c = cloneInto(plan, cgroupFd, prepared);
  if (c.pid !== 0) enterNamespace(own, CLONE_NEWPID, "/proc/self/ns/pid");
  closeFd(own);
  closeFd(theirs);
  return c;
}

const NO_PROCESS: Cloned = { pid: 0, pidfd: -1 };

/** What the child can't do for itself; it waits meanwhile. */
type Served = { netFd: number; server: Cloned };

function serve(plan: ContainerPlan, child: Cloned, report: number, childEnd: number): Served {
  const pid = child.pid;
  for (const s of plan.parent) {
    const path = s.path.split("%p").join(String(pid));
    const r = tryPutText(path, s.text.split("%p").join(String(pid)));
    if (r < 0) throw new SysError("write", path, -r, `"${s.text.trim()}"`);
  }
  if (plan.mapped || plan.served) makeDirectories(plan.root.mountpoint); // theirs to mount on, not to make
  if (plan.mapped && plan.cgroup !== null) delegateCgroups(plan.cgroup, plan.hostUid, plan.hostGid);
  for (const l of plan.limits) {
    const r = trySetLimit(pid, l.resource, l.soft, l.hard);
    if (r < 0) throw new SysError("prlimit", l.name, -r);
  }
  const netFd = plan.net === null ? -1 : connectContainer(plan.net, pid);
  const server = plan.served ? serveApart(plan, child, report, childEnd) : NO_PROCESS;
  const told = plan.waits && !plan.served ? tryWrite(report, PROCEED, 0, PROCEED.length) : Math.min(0, server.pid);
  if (told < 0 && plan.net !== null) disconnectContainer(plan.net, netFd);
  if (told < 0 && told !== -EPIPE) { // a child that is gone has said why; any other one would wait for ever
    closeFd(netFd);
    throw new SysError(plan.served ? "clone" : "write", "report socket", -told);
  }
  return { netFd, server };
}

function cgroupFdOf(plan: ContainerPlan): number {
  if (plan.cgroup === null || plan.cgroup.unified === "") return -1;
  // a child without power over the host can't attach its own device filter
  return plan.mapped ? openUnified(plan.cgroup) : openFile(plan.cgroup.unified, O_RDONLY | O_DIRECTORY);
}

/** A terminal whose ends are held until the start has succeeded. */
function heldTerminal(plan: ContainerPlan, masters: Holder, ours: Holder, withSlave: boolean): Terminal {
  const t = openTerminal(withSlave);
  masters.hold(t.master);
  ours.hold(t.slave);
  if (plan.mapped) changeOwner(t.path, plan.hostUid, plan.hostGid);
  return t;
}

/**
 * Starts a container: returns as soon as its process exists. Throws SysError
 * when it can't be made; what its set-up says later comes from readReport.
 * In the child this never returns.
 */
export function launch(plan: ContainerPlan): Launched {
  const kept = new Holder();
  const ours = new Holder();
  try {
    const console = plan.console === "pty" ? heldTerminal(plan, kept, ours, true) : { master: -1, slave: -1, path: "" };
    const ttys: Terminal[] = [];
    for (let i = 0; i < plan.ttys; i++) ttys.push(heldTerminal(plan, kept, ours, false));
    const pair = socketPair(SOCK_SEQPACKET);
    const report = kept.hold(pair[0]!);
    ours.hold(pair[1]!);
    trySetNonBlocking(report);
    const prepared: Prepared = { report: pair[1]!, parentReport: report, console: console.slave, consolePath: console.path, ttyPaths: ttys.map((t) => t.path), unifiedProcs: "", untold: new Uint8Array(0) };
    const child = cloneAs(plan, ours.hold(cgroupFdOf(plan)), prepared);
    if (child.pid === 0) becomeContainer(plan, prepared);
    if (child.pid < 0) throw refusedClone(-child.pid);
    if (prepared.untold.length > 0) tryWrite(pair[1]!, prepared.untold, 0, prepared.untold.length);
    const s = served(plan, child, report, pair[1]!);
    ours.closeAll();
    return { pid: child.pid, pidfd: child.pidfd, report, console: console.master, ttys: ttys.map((t) => t.master), netFd: s.netFd, server: s.server };
  } catch (e) {
    kept.closeAll();
    ours.closeAll();
    throw e;
  }
}

/** serve(), or no child any more. */
function served(plan: ContainerPlan, child: Cloned, report: number, childEnd: number): Served {
  try {
    return serve(plan, child, report, childEnd);
  } catch (e) {
    trySignalPidfd(child.pidfd, SIGKILL);
    waitPid(child.pid);
    closeFd(child.pidfd);
    const own = readReport(report);
    if (own.state === "failed") throw new SysError(own.failure.step, own.failure.path, own.failure.errno, own.failure.hint); // nothing could be done for it, because it was gone
    throw e;
  }
}

/**
 * Where a start stands. started: the program runs, or the process is gone (its
 * pidfd tells). warning: in failure.hint. export: of failure.path, `fd` is the
 * caller's; after both there is more to read.
 */
export type StartState = { state: "waiting" | "warning" | "export" | "started" | "failed"; failure: StartFailure; fd: number };

const NO_FAILURE: StartFailure = { step: "", path: "", errno: 0, hint: "" };

/** Reads the report socket once, without blocking. After "started" or "failed" the caller closes it; a failed child ends by itself. */
export function readReport(report: number): StartState {
  const b = new Uint8Array(REPORT_BYTES);
  let got = receive(report, b);
  if (got.size === -ECONNRESET) got = receive(report, b); // it ended without having read what we wrote; its own words come after that
  if (got.size === -EAGAIN) return { state: "waiting", failure: NO_FAILURE, fd: -1 };
  if (got.size === 0) return { state: "started", failure: NO_FAILURE, fd: -1 };
  if (got.size < 0) return { state: "failed", failure: { step: "read", path: "report of the set-up", errno: -got.size, hint: "" }, fd: -1 };
  const failure = parseReport(b.subarray(0, got.size));
  if (failure.step === EXPORT_STEP && got.fds.length === 1) return { state: "export", failure, fd: got.fds[0]! };
  for (const fd of got.fds) closeFd(fd);
  return { state: failure.step === WARNING_STEP ? "warning" : "failed", failure, fd: -1 };
}

/**
 * The process that enters a running container, between clone and exec. Takes
 * over what init has: cgroups, namespaces, environment, bounding set,
 * no_new_privs, filter, label. Never returns.
 * Rules: runtime spec §10; namespaces(7), proc_pid_status(5).
 */
import { O_RDONLY, O_WRONLY, SIGKILL } from "../sys/constants.ts";
import { tryIoctl } from "../sys/devices.ts";
import { ENOENT } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { changeDirectory, closeFd, isDirectory, openFile, readBytes, readLink, readText, readTextOr, tryOpen, tryPutText, tryWrite } from "../sys/files.ts";
import { resetSignals } from "../sys/loop.ts";
import { exitNow, newSession, PR_SET_PDEATHSIG, setUmask, tryPrctl, trySetns } from "../sys/processes.ts";
import { closeOnExecFrom, tryDuplicateTo, tryWriteText } from "../sys/relative.ts";
import { trySend } from "../sys/sockets.ts";
import { toUtf8, unpacked } from "../sys/text.ts";
import type { EnterRequest } from "./enter.ts";
import { setIn, valueIn } from "./environment.ts";
import { becomeUser, dropCapabilities, execProgram, hideFromContainer, installFilter, setNoNewPrivileges } from "./identity.ts";
import { namespaceFlag } from "./namespaces.ts";
import { containerTerminal, setWindowSize } from "./pty.ts";
import { failureOf, failureOfError, failureStatus, formatReport, type StartFailure } from "./report.ts";
import { fieldOf, maskNumbers } from "./stop.ts";
import { findUser, type ContainerUser } from "./users.ts";

const TIOCSCTTY = 0x540e;
const MAX_TEXT = 1048576;

/** What init looks like from outside: read before its /proc is out of reach. */
type Init = { status: string; environment: string[]; label: string };

function readInit(pid: number): Init {
  const label = readTextOr(`/proc/${pid}/attr/apparmor/current`, "").trim();
  return { status: readText(`/proc/${pid}/status`), environment: unpacked(readBytes(`/proc/${pid}/environ`, MAX_TEXT)), label };
}

/** Namespaces of init that are not ours already, without pid: the clone was made in that one. */
function foreignNamespaces(pid: number): number {
  let flags = 0;
  const names = ["user", "cgroup", "ipc", "uts", "net", "time", "mnt"] as const;
  for (const name of names) {
    const theirs = readLink(`/proc/${pid}/ns/${name}`);
    if (theirs !== "" && theirs !== readLink(`/proc/self/ns/${name}`)) flags += namespaceFlag(name);
  }
  return flags;
}

/** All at once by the pidfd (5.8), else one by one by their files, opened while they can be. */
function joinNamespaces(pidfd: number, pid: number): void {
  const flags = foreignNamespaces(pid);
  if (flags === 0 || trySetns(pidfd, flags) === 0) return;
  const names = ["user", "cgroup", "ipc", "uts", "net", "time", "mnt"] as const;
  const files: number[] = [];
  const kinds: number[] = [];
  for (const name of names) {
    const flag = namespaceFlag(name);
    if (Math.floor(flags / flag) % 2 === 0) continue;
    files.push(openFile(`/proc/${pid}/ns/${name}`, O_RDONLY));
    kinds.push(flag);
  }
  for (let i = 0; i < files.length; i++) {
    const r = trySetns(files[i]!, kinds[i]!);
    if (r < 0) throw new SysError("setns", `/proc/${pid}/ns`, -r);
    closeFd(files[i]!);
  }
}

class EnteringProcess {
  private readonly r: EnterRequest;
  private readonly pidfd: number;
  private readonly report: number;
  private terminal: number;
  private user: ContainerUser = { name: "root", uid: 0, gid: 0, groups: [], home: "", shell: "" };

  constructor(r: EnterRequest, pidfd: number, report: number, terminal: number) {
    this.r = r;
    this.pidfd = pidfd;
    this.report = report;
    this.terminal = terminal;
  }

  run(): StartFailure {
    try {
      hideFromContainer();
      const init = readInit(this.r.pid);
      for (const file of this.r.cgroupFiles) this.join(file);
      const label = init.label === "" || init.label.startsWith("unconfined") ? -1 : tryOpen("/proc/self/attr/apparmor/exec", O_WRONLY);
      joinNamespaces(this.pidfd, this.r.pid);
      this.user = this.lookUp();
      if (this.r.terminal) this.openTerminal();
      newSession();
      this.setStreams();
      this.confine(init, label);
      return this.exec(init);
    } catch (e) {
      return failureOf(e);
    }
  }

  private join(file: string): void {
    const r = tryPutText(file, "0");
    // a hierarchy that the container is not in
    if (r < 0 && r !== -ENOENT) throw new SysError("write", file, -r);
  }

  private lookUp(): ContainerUser {
    const u = findUser(this.r.user, readTextOr("/etc/passwd", ""), readTextOr("/etc/group", ""));
    if (u === null) throw new SysError("user", this.r.user, 0, "not in the container's /etc/passwd");
    return u;
  }

  /** One of the container's own, so that it has a name inside; the host's where the container has no devpts. */
  private openTerminal(): void {
    const own = containerTerminal();
    if (own.master >= 0) {
      trySend(this.report, toUtf8("terminal"), 0, 8, [own.master]);
      closeFd(own.master);
      this.terminal = own.slave;
    }
    if (this.r.size !== null) setWindowSize(this.terminal, this.r.size);
  }

  private setStreams(): void {
    if (this.r.terminal) {
      for (let i = 0; i < 3; i++) tryDuplicateTo(this.terminal, i);
      tryIoctl(0, TIOCSCTTY, 0);
      return;
    }
    for (let i = 0; i < this.r.streams.length && i < 3; i++) tryDuplicateTo(this.r.streams[i]!, i);
  }

  /** No more than init has. The filter comes last but for the ids: it may refuse everything else. */
  private confine(init: Init, label: number): void {
    dropCapabilities(maskNumbers(fieldOf(init.status, "CapBnd")));
    if (label >= 0) {
      const r = tryWriteText(label, `exec ${init.label.split(" ")[0]!}`);
      if (r < 0) throw new SysError("AppArmor profile", init.label, -r);
    }
    if (fieldOf(init.status, "NoNewPrivs") === "1") setNoNewPrivileges();
    if (fieldOf(init.status, "Seccomp") === "2" && this.r.filter.length > 0) installFilter(this.r.filter);
  }

  private exec(init: Init): StartFailure {
    const u = this.user;
    const shell = u.shell === "" ? "/bin/sh" : u.shell;
    const isLogin = this.r.command.length === 0;
    const environment = init.environment;
    setIn(environment, "USER", u.name);
    setIn(environment, "LOGNAME", u.name);
    setIn(environment, "HOME", u.home === "" ? "/" : u.home);
    setIn(environment, "SHELL", shell);
    if (valueIn(environment, "PATH") === null) setIn(environment, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    for (const e of this.r.environment) setIn(environment, e.slice(0, e.indexOf("=")), e.slice(e.indexOf("=") + 1));
    const home = isLogin && u.home !== "" && isDirectory(u.home) ? u.home : "/";
    changeDirectory(this.r.directory === "" ? home : this.r.directory);
    becomeUser(u.uid, u.gid, u.groups);
    if (this.r.diesWithParent) tryPrctl(PR_SET_PDEATHSIG, SIGKILL);
    setUmask(0o022);
    resetSignals();
    closeOnExecFrom(3);
    return failureOfError(execProgram(isLogin ? [shell, "-l"] : this.r.command, environment));
  }
}

/** Runs in the cloned process; ends in the program or in a report. */
export function becomeEntered(r: EnterRequest, pidfd: number, report: number, terminal: number): void {
  const failed = new EnteringProcess(r, pidfd, report, terminal).run();
  const message = formatReport(failed);
  tryWrite(report, message, 0, message.length);
  exitNow(failureStatus(failed));
}

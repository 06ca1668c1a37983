/**
 * The first process of a container between clone and exec: carries out the
 * plan's steps in order. The first one that is refused ends it, and its name,
 * path and errno go to the parent. Decides nothing. Never returns.
 */
import { openUnified, restrictDevices } from "../cgroup/apply.ts";
import { configureInside } from "../net/apply.ts";
import { CLONE_NEWUSER, EPOLLIN, O_RDONLY, O_RDWR, O_WRONLY, SIGKILL } from "../sys/constants.ts";
import { EACCES, ENOENT, ENOSYS, EPERM } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { changeDirectory, closeFd, openFile, tryOpen, tryPutText, tryWrite } from "../sys/files.ts";
import { resetSignals, waitFor } from "../sys/loop.ts";
import { mountAt } from "../sys/mounts.ts";
import { exitNow, newSession, PR_SET_PDEATHSIG, setHostname, setUmask, tryNewSessionKeyring, tryPersonality, tryPrctl, trySetns, unshare } from "../sys/processes.ts";
import { closeOnExecFrom, tryWriteText } from "../sys/relative.ts";
import { tryIoctl } from "../sys/devices.ts";
import { receive, trySend } from "../sys/sockets.ts";
import { fromUtf8, parseDecimal } from "../sys/text.ts";
import { openExport } from "../volume/exports.ts";
import { remountContainer } from "../volume/remount.ts";
import { hookCommand } from "./environment.ts";
import { runHook } from "./hook.ts";
import { applyLimit, becomeUser, dropCapabilities, execProgram, hideFromContainer, installFilter, setNoNewPrivileges, setStreams } from "./identity.ts";
import { makeDevLinks, makeDevNodes, mountDevPts, placeBootId, placeTerminal } from "./nodes.ts";
import { maskInRoot, mountInRoot, remountInRoot } from "./placing.ts";
import type { ContainerPlan } from "./plan.ts";
import { EXPORT_STEP, failureOf, failureOfError, failureStatus, formatReport, WARNING_STEP, type StartFailure } from "./report.ts";
import { fdPath, openInRoot } from "./resolve.ts";
import { openRoot, rootPath, switchRoot } from "./root.ts";
import type { Step } from "./step.ts";

/** What the parent made ready before the clone. Paths are the host's. */
export type Prepared = {
  /** Our end of the report socket, and the parent's. */
  report: number;
  parentReport: number;
  /** Slave of the console, -1 when there is none. */
  console: number;
  consolePath: string;
  ttyPaths: string[];
  /** Not in the cgroup2 group yet: its cgroup.procs, "" when there is nothing to join. */
  unifiedProcs: string;
  /** The last report where the group had no memory for it: a parent whose memory is borrowed sees it here. */
  untold: Uint8Array;
};

const TIOCSCTTY = 0x540e;

class FirstProcess {
  private readonly plan: ContainerPlan;
  private readonly prepared: Prepared;
  private root = -1;
  private label = -1;
  private streams = -1;
  private emptyFolder = "";

  constructor(plan: ContainerPlan, prepared: Prepared) {
    this.plan = plan;
    this.prepared = prepared;
  }

  /** Everything up to the program. Returns only when refused, with why. */
  run(): StartFailure {
    try {
      this.check(tryPrctl(PR_SET_PDEATHSIG, SIGKILL), "prctl", "PR_SET_PDEATHSIG"); // a next manager starts it anew
      closeFd(this.prepared.parentReport); // as long as it is open here nobody's end is seen
      hideFromContainer();
      if (this.prepared.unifiedProcs !== "") this.put(this.prepared.unifiedProcs, "0");
      for (const s of this.plan.steps) this.attempt(s);
      setUmask(0o022);
      resetSignals();
      closeOnExecFrom(3);
      if (!this.plan.steps.some((s) => s.kind === "die-with-parent")) tryPrctl(PR_SET_PDEATHSIG, 0);
      return failureOfError(execProgram(this.plan.argv, this.plan.environment));
    } catch (e) {
      return this.explained(failureOf(e));
    }
  }

  /** What is refused to root of a user namespace is mostly a matter of whose it is: layers, mount points and sources of the real root. */
  private explained(f: StartFailure): StartFailure {
    const p = this.plan;
    const refused = p.mapped && f.hint === "" && (f.errno === EACCES || f.errno === EPERM);
    return refused ? { step: f.step, path: f.path, errno: f.errno, hint: `by lxc.idmap the set-up is done as user ${p.hostUid}, group ${p.hostGid} of the device, who has no right to this` } : f;
  }

  private attempt(s: Step): void {
    if (!s.optional) {
      this.perform(s);
      return;
    }
    try {
      this.perform(s);
    } catch (e) {
      if (!(e instanceof SysError)) throw e;
    }
  }

  private perform(s: Step): void {
    switch (s.kind) {
      case "mount": mountInRoot(this.root, s); return;
      case "remount": remountInRoot(this.root, s.target, s.flags, s.clear); return;
      case "mask": this.emptyFolder = maskInRoot(this.root, s.target, this.emptyFolder); return;
      case "put": this.put(s.target, s.data); return;
      case "wait": this.wait(); return;
      case "join": this.join(s.source, s.flags); return;
      case "unshare": unshare(s.flags); return;
      case "root-ids": becomeUser(0, 0, []); return;
      case "propagation": mountAt("", "/", "", s.flags); return;
      case "root": this.openRoot(); return;
      case "hostname": setHostname(s.data); return;
      case "keyring": this.keyring(); return;
      case "network": if (this.plan.net !== null) configureInside(this.plan.net.inside); return;
      case "hook": this.hook(s.source, s.data); return;
      case "restrict-devices": this.restrictDevices(); return;
      case "dev-nodes": makeDevNodes(this.root); return;
      case "dev-links": makeDevLinks(this.root); return;
      case "dev-pts": mountDevPts(this.root, s.data); return;
      case "dev-tty": placeTerminal(this.root, this.prepared.ttyPaths[s.flags]!, s.target); return;
      case "console": placeTerminal(this.root, this.prepared.consolePath, "dev/console"); return;
      case "boot-id": placeBootId(this.root); return;
      case "export": this.export(s.target); return;
      case "policies": this.remount(); return;
      case "switch": this.switchRoot(); return;
      case "personality": this.check(tryPersonality(s.flags), "personality", String(s.flags)); return;
      case "capabilities": dropCapabilities(this.plan.capabilities); return;
      case "label": this.setLabel(s.data); return;
      case "no-new-privs": setNoNewPrivileges(); return;
      case "streams": if (this.streams >= 0) setStreams(this.streams); return;
      case "filter": installFilter(this.plan.filter); return;
      case "session": this.check(newSession(), "setsid", ""); return;
      case "terminal": this.check(tryIoctl(0, TIOCSCTTY, 0), "ioctl TIOCSCTTY", ""); return;
      case "directory": changeDirectory(s.target); return;
      case "limit": applyLimit(s); return;
      case "die-with-parent": this.dieWithParent(); return;
      case "ids": becomeUser(this.plan.uid, this.plan.gid, this.plan.groups); return;
    }
  }

  /** Again, since becoming another user has undone it; a parent that has ended meanwhile has closed its end. */
  private dieWithParent(): void {
    this.check(tryPrctl(PR_SET_PDEATHSIG, SIGKILL), "prctl", "PR_SET_PDEATHSIG");
    if (waitFor(this.prepared.report, EPOLLIN, 0) > 0) exitNow(125);
  }

  private check(r: number, step: string, path: string): void {
    if (r < 0) throw new SysError(step, path, -r);
  }

  private restrictDevices(): void {
    const cgroup = this.plan.cgroup;
    if (cgroup === null) return;
    if (cgroup.deviceProgram.length > 0) closeFd(openUnified(cgroup));
    restrictDevices(cgroup);
  }

  private put(path: string, text: string): void {
    const r = tryPutText(path, text);
    if (r < 0) throw new SysError("write", path, -r, `"${text}"`);
  }

  private wait(): void {
    const b = new Uint8Array(8);
    for (;;) {
      const got = receive(this.prepared.report, b);
      // a parent that is gone closes the socket: without it nobody would know this container
      if (got.size === 0) exitNow(125);
      this.check(Math.min(0, got.size), "read", "report socket");
      if (got.fds.length === 0) return;
      const at = parseDecimal(fromUtf8(b.subarray(0, got.size)));
      if (at < 0) this.root = got.fds[0]!;
      else this.plan.steps[at]!.tree = got.fds[0]!;
    }
  }

  private join(path: string, flags: number): void {
    const fd = openFile(path, O_RDONLY);
    const r = trySetns(fd, flags);
    closeFd(fd);
    if (r < 0) throw new SysError("setns", path, -r);
    if (flags === CLONE_NEWUSER) becomeUser(0, 0, []);
  }

  private openRoot(): void {
    const r = this.plan.root;
    if (this.root < 0) this.root = openRoot(r, null);
    if (r.propagation !== 0) mountAt("", fdPath(this.root), "", r.propagation);
    this.streams = this.prepared.console >= 0 ? this.prepared.console : this.plan.console === "null" ? openFile("/dev/null", O_RDWR) : -1;
    if (this.plan.steps.some((s) => s.kind === "label")) this.openLabel();
  }

  /** The label is written last, when /proc of the host is out of reach. */
  private openLabel(): void {
    let fd = tryOpen("/proc/self/attr/apparmor/exec", O_WRONLY);
    if (fd === -ENOENT) fd = tryOpen("/proc/self/attr/exec", O_WRONLY);
    if (fd < 0) throw new SysError("open", "/proc/self/attr/exec", -fd, "this kernel has no AppArmor");
    this.label = fd;
  }

  private setLabel(profile: string): void {
    const r = tryWriteText(this.label, `exec ${profile}`);
    if (r < 0) throw new SysError("AppArmor profile", profile, -r, r === -ENOENT ? "no such profile is loaded" : "");
  }

  private keyring(): void {
    const r = tryNewSessionKeyring("");
    if (r < 0 && r !== -ENOSYS) throw new SysError("keyctl", "new session keyring", -r);
  }

  /** News for the parent; the descriptors ride along. */
  private tell(step: string, path: string, hint: string, fds: number[]): void {
    const message = formatReport({ step, path, errno: 0, hint });
    this.check(Math.min(0, trySend(this.prepared.report, message, 0, message.length, fds)), step, path);
  }

  private export(path: string): void {
    const place = openInRoot(this.root, path);
    this.check(Math.min(0, place), EXPORT_STEP, `/${path}`);
    const tree = openExport(fdPath(place));
    closeFd(place);
    this.tell(EXPORT_STEP, `/${path}`, "", [tree]);
    closeFd(tree);
  }

  private remount(): void {
    for (const w of remountContainer(rootPath(this.plan.root), this.plan.remount)) this.tell(WARNING_STEP, "", w, []);
  }

  private switchRoot(): void {
    switchRoot(this.root);
    closeFd(this.root);
  }

  private hook(type: string, command: string): void {
    const p = this.plan;
    runHook(hookCommand(p.hookVersion, p.hookEnvironment, p.name, type, command, []), type, command);
  }
}

/** Runs in the cloned process; ends in the container's program or in a report. */
export function becomeContainer(plan: ContainerPlan, prepared: Prepared): void {
  const failed = new FirstProcess(plan, prepared).run();
  const message = formatReport(failed);
  if (tryWrite(prepared.report, message, 0, message.length) < 0) prepared.untold = message;
  exitNow(failureStatus(failed));
}

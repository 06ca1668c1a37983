/**
 * One container's start as data: namespaces, what its first process does up
 * to exec, what the parent does meanwhile. Pure: takes a description, what
 * the manager adds and facts of the machine; looks nothing up.
 * Order: runtime spec §15.
 */
import type { Layout } from "../cgroup/layout.ts";
import type { CgroupPlan } from "../cgroup/plan.ts";
import { joinFiles } from "../cgroup/plan.ts";
import type { ContainerDescription, Hook, IdMap, MountEntry, Prlimit } from "../lxc/description.ts";
import type { Problem } from "../lxc/report.ts";
import type { NetPlan } from "../net/actions.ts";
import type { RemountEntry } from "../state/model.ts";
import { MS_BIND, MS_NODEV, MS_RDONLY, MS_REC, MS_REMOUNT, MS_SLAVE } from "../sys/constants.ts";
import { hookEnvironment, initEnvironment, valueIn, type HookFacts } from "./environment.ts";
import { cgroupSteps, devTmpfs, entrySteps, maskSteps, procSteps, sysSteps } from "./mounts.ts";
import { isOwn, planNamespaces, type JoinedNamespace, type NamespacePlan, type RunningPeer } from "./namespaces.ts";
import { keepsAdmin, keptCapabilities, type ProfileName } from "./profile.ts";
import { bindInsideStep, flagStep, putStep, step, textStep, WHERE_POSSIBLE, type Step, type StepKind } from "./step.ts";

/** What the planner must know of the machine. */
export type HostFacts = {
  layout: Layout;
  /** The manager's own, "NAME=value". */
  environment: string[];
};

/** pty: a terminal of its own whose other end the manager holds. inherit: the caller's streams. null: none. */
export type ConsoleKind = "pty" | "inherit" | "null";

export type ContainerRequest = {
  name: string;
  description: ContainerDescription;
  profile: ProfileName;
  /** When the description has none. */
  hostname: string;
  /** Folder the root is mounted on, in the container's own mount namespace: the same for all. */
  mountpoint: string;
  /** >= 0: the root is an overlay whose upper is a tmpfs of so many bytes (0: no bound of its own) that ends with the container. */
  scratchBytes: number;
  /** Becomes the topmost lower folder of an overlay root; "" = none. */
  configOverlay: string;
  /** The whole root is read-only once it is set up. */
  readOnlyRoot: boolean;
  /** Mounts beside those of the description, after them. */
  mounts: MountEntry[];
  /** Lines of lxc.mount.fstab's file. */
  fstab: MountEntry[];
  /** Folders that are the manager's to give: with id maps, what of them becomes root or mount is shown as the container's own where possible. */
  given: string[];
  /** "NAME=value" before the description's own (container=…). */
  environment: string[];
  console: ConsoleKind;
  /** The terminal becomes the controlling one: for people, not for a manager's containers. */
  controllingTerminal: boolean;
  /** The container ends with its starter: for one that runs in the foreground, without a manager. */
  diesWithParent: boolean;
  /** null: no cgroup of its own. Made by the caller before the start. */
  cgroup: CgroupPlan | null;
  /** Compiled seccomp filter, empty = none. */
  filter: Uint8Array;
  /** null: nothing to do in the network namespace. What comes before the clone and after the exit is the caller's. */
  net: NetPlan | null;
  peers: RunningPeer[];
  /** File the description came from, for hooks. */
  configFile: string;
  consoleLog: string;
  /** A boot id of its own below /proc. */
  bootId: boolean;
  /** Absolute paths inside that other containers may mount: what the parent gets by readReport. */
  exports: string[];
  /** Changes to the flags of mounts, once all are made. Not where the root is the host's. */
  remount: RemountEntry[];
};

/** How the root is put on `mountpoint`. */
export type RootPlan = {
  kind: "host" | "auto" | "dir" | "overlay" | "image";
  path: string;
  lowers: string[];
  upper: string;
  work: string;
  scratchBytes: number;
  mountpoint: string;
  flags: number;
  data: string;
  propagation: number;
  /** As of a step; unless "", the parent puts the root together. */
  idmap: string;
};

/** One thing the parent does once the process exists and waits. text: with %p for its pid. */
export type ParentStep = { path: string; text: string };

export type ContainerPlan = {
  name: string;
  /** CLONE_NEW* of the clone. */
  cloneFlags: number;
  /** Joined by the parent for the time of the clone: only a child can be in another pid namespace. */
  pidNamespace: JoinedNamespace | null;
  root: RootPlan;
  cgroup: CgroupPlan | null;
  net: NetPlan | null;
  steps: Step[];
  parent: ParentStep[];
  /** Set by the parent: a process of a user namespace can't raise its own. */
  limits: Prlimit[];
  /** The child stops at its first step until the parent has done its part. */
  waits: boolean;
  /** To that part belong mounts, which real_root.ts makes. */
  served: boolean;
  /** As of the request, and where the root is put together. */
  given: string[];
  idmaps: IdMap[];
  /** The starter has nothing else to do and may stand still: the child borrows its memory until exec. */
  borrows: boolean;
  argv: string[];
  environment: string[];
  hookEnvironment: string[];
  hookVersion: number;
  hooks: Hook[];
  remount: RemountEntry[];
  /** Capability numbers that stay in the bounding set. */
  capabilities: number[];
  filter: Uint8Array;
  uid: number;
  gid: number;
  groups: number[];
  console: ConsoleKind;
  /** Terminals beside the console: ttyFirst is the number of the first one's /dev/tty. */
  ttys: number;
  ttyFirst: number;
  /** The clone makes a user namespace: the child has no power over the host's files. */
  mapped: boolean;
  /** Host ids of the container's root. */
  hostUid: number;
  hostGid: number;
};

/** A plan is whole only when there are no problems. */
export type PlannedContainer = { plan: ContainerPlan; problems: Problem[]; warnings: Problem[] };

function planRoot(r: ContainerRequest, mapped: boolean, problems: Problem[]): RootPlan {
  const fs = r.description.rootfs;
  const deny = r.profile === "lxc" || !r.description.autodev ? 0 : MS_NODEV;
  const root: RootPlan = {
    kind: "host", path: fs.path, lowers: fs.lowers, upper: fs.upper, work: fs.work, scratchBytes: r.scratchBytes, mountpoint: r.mountpoint,
    flags: (fs.options.flags | deny) >>> 0, data: fs.options.data, propagation: fs.options.propagation, idmap: "",
  };
  if (fs.kind === "none") return root;
  root.idmap = fs.idmap === "" && mapped && r.given.length > 0 ? WHERE_POSSIBLE : fs.idmap;
  if (fs.kind === "overlay") root.kind = "overlay";
  else if (fs.kind === "loop" || fs.kind === "block") root.kind = "image";
  else root.kind = fs.kind;
  if (root.kind === "overlay" && r.scratchBytes < 0 && fs.idmap.startsWith("/")) problems.push({ at: "lxc.rootfs.options", why: "an overlay takes idmap=container only" });
  if (r.configOverlay === "") return root;
  if (root.kind === "overlay") root.lowers = [r.configOverlay, ...fs.lowers];
  else if (r.scratchBytes < 0) problems.push({ at: "lxc.rootfs.path", why: "a config overlay needs an overlay root (overlayfs:LOWER:…:UPPER)" });
  else root.lowers = [r.configOverlay];
  return root;
}

function hostId(maps: IdMap[], type: "u" | "g"): number {
  for (const m of maps) if (m.type === type && m.nsId === 0) return m.hostId;
  return 0;
}

function isBind(flags: number): boolean {
  return (flags & MS_BIND) !== 0 && (flags & MS_REMOUNT) === 0;
}

/** Whether a path is one of the folders or lies in one. */
export function isBelow(path: string, folders: string[]): boolean {
  return folders.some((f) => path === f || path.startsWith(`${f}/`));
}

/** Whether ids are mapped twice, inside or outside. */
function overlap(maps: IdMap[]): boolean {
  const meet = (a: number, b: number, m: IdMap, n: IdMap): boolean => a < b + n.count && b < a + m.count;
  return maps.some((m, i) => maps.some((n, k) => k > i && n.type === m.type && (meet(m.nsId, n.nsId, m, n) || meet(m.hostId, n.hostId, m, n))));
}

function mapText(maps: IdMap[], type: "u" | "g"): string {
  return maps.filter((m) => m.type === type).map((m) => `${m.nsId} ${m.hostId} ${m.count}\n`).join("");
}

/** What holds one plan together while it is made. */
class Planner {
  readonly r: ContainerRequest;
  readonly facts: HostFacts;
  readonly d: ContainerDescription;
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly steps: Step[] = [];
  readonly parent: ParentStep[] = [];
  readonly namespaces: NamespacePlan;
  /** The clone makes a user namespace: the child has no power over the host's files. */
  readonly mapped: boolean;
  /** Something is to be shown under the ids of a user namespace that the configuration names. */
  readonly shifts: boolean;
  readonly kept: number[];

  constructor(r: ContainerRequest, facts: HostFacts) {
    this.r = r;
    this.facts = facts;
    this.d = r.description;
    this.namespaces = planNamespaces(r.description, r.peers, this.problems);
    this.mapped = isOwn(this.namespaces, "user");
    this.shifts = this.checkIds();
    this.kept = keptCapabilities(r.description, r.profile);
  }

  add(s: Step): void {
    this.steps.push(s);
  }

  private refuse(at: string, why: string): void {
    this.problems.push({ at, why });
  }

  /** Looks at maps and idmap= words; whether there are any of these. */
  private checkIds(): boolean {
    const maps = this.d.idmaps;
    if (this.mapped && overlap(maps)) this.refuse("lxc.idmap", "the same id is mapped twice, inside or outside");
    for (const type of this.mapped ? ["u", "g"] : []) if (!maps.some((m) => m.type === type)) this.refuse("lxc.idmap", `no line with ${type}: user and group ids are both needed`);
    let any = this.checkIdmap("lxc.rootfs.options", this.d.rootfs.idmap);
    for (const e of [...this.r.fstab, ...this.d.mountEntries]) {
      if (!this.checkIdmap(e.at, e.idmap)) continue;
      any = true;
      if (e.relative || !isBind(e.options.flags)) this.refuse(e.at, "idmap= is for binds of what lies outside the container");
    }
    return any;
  }

  private checkIdmap(at: string, word: string): boolean {
    if (word === "container" && !this.mapped) this.refuse(at, "idmap=container, but the container has no ids of its own (lxc.idmap)");
    else if (word !== "" && word !== "container" && !word.startsWith("/")) this.refuse(at, `idmap=${word}: neither "container" nor the path of a user namespace`);
    return word !== "";
  }

  /** The parent opens what is the manager's to give: the container's root may have no right to it. */
  private entries(list: MountEntry[], deny: number): void {
    for (const s of entrySteps(list, this.d.rootfs, this.r.name, deny, this.warnings)) {
      if (this.mapped && s.idmap === "" && isBind(s.flags) && !s.inside && isBelow(s.source, this.r.given)) s.idmap = WHERE_POSSIBLE;
      this.add(s);
    }
  }

  addAll(steps: Step[]): void {
    for (const s of steps) this.steps.push(s);
  }

  hooks(type: Hook["type"]): void {
    for (const h of this.d.hooks) {
      if (h.type !== type) continue;
      const s = textStep("hook", h.command);
      s.source = type;
      this.add(s);
    }
  }

  /** A file of /proc/<init>: by the process itself, or by the parent where the process has no right to it. */
  ownProc(file: string, text: string): void {
    if (this.mapped) this.parent.push({ path: `/proc/%p/${file}`, text });
    else this.add(putStep(`/proc/self/${file}`, text));
  }

  /** Everything that makes the process a member of the right groups and namespaces. */
  places(): void {
    const cgroup = this.r.cgroup;
    if (cgroup !== null) {
      for (const file of joinFiles(cgroup, !this.mapped)) {
        if (this.mapped) this.parent.push({ path: file, text: "%p" });
        else this.add(putStep(file, "0"));
      }
    }
    for (const j of this.namespaces.joined) {
      if (j.name === "pid") continue;
      const s = flagStep("join", j.flag);
      s.source = j.path;
      this.add(s);
    }
    if (this.namespaces.unshared !== 0) this.add(flagStep("unshare", this.namespaces.unshared));
    if (this.d.timeMonotonic.set) this.add(putStep("/proc/self/timens_offsets", `monotonic ${this.d.timeMonotonic.seconds} ${this.d.timeMonotonic.nanoseconds}`));
    if (this.d.timeBoot.set) this.add(putStep("/proc/self/timens_offsets", `boottime ${this.d.timeBoot.seconds} ${this.d.timeBoot.nanoseconds}`));
    if (this.mapped) {
      this.parent.push({ path: "/proc/%p/uid_map", text: mapText(this.d.idmaps, "u") });
      this.parent.push({ path: "/proc/%p/gid_map", text: mapText(this.d.idmaps, "g") });
      this.add(step("root-ids"));
    }
    for (const f of this.d.procFiles) this.ownProc(f.file, f.value);
  }

  filesystems(): void {
    const d = this.d;
    const ownNet = isOwn(this.namespaces, "net");
    const tight = this.r.profile !== "lxc";
    const proc = tight && d.mountAuto.proc === "rw" ? "mixed" : d.mountAuto.proc;
    const sys = tight && d.mountAuto.sys !== "none" ? "ro" : d.mountAuto.sys;
    if (d.autodev) this.add(devTmpfs(d.autodevTmpfsSize));
    this.addAll(procSteps(proc, ownNet));
    this.addAll(sysSteps(sys));
    const deny = tight ? MS_NODEV : 0;
    for (const list of [this.r.fstab, d.mountEntries, this.r.mounts]) this.entries(list, deny);
    this.addAll(cgroupSteps(d.mountAuto, this.facts.layout, this.r.name, isOwn(this.namespaces, "cgroup"), keepsAdmin(this.kept)));
    this.hooks("mount");
    if (d.autodev) {
      this.hooks("autodev");
      this.add(step("dev-nodes"));
    }
    this.terminals();
    if (this.r.bootId && d.autodev && proc !== "none") this.add(step("boot-id"));
    if (tight) this.addAll(maskSteps(proc !== "none", sys !== "none"));
    for (const path of this.r.exports) this.export(path.slice(1));
    if (this.r.readOnlyRoot || this.r.profile === "strict") {
      const s = flagStep("remount", MS_RDONLY);
      this.add(s);
    }
  }

  /** A mount of its own, so that it can be shared without what is around it. */
  export(path: string): void {
    const bind = bindInsideStep(path, path, MS_BIND + MS_REC);
    bind.optional = false;
    bind.create = "dir";
    this.add(bind);
    const s = step("export");
    s.target = path;
    this.add(s);
  }

  terminals(): void {
    const d = this.d;
    const noConsole = d.console.path === "none" || this.r.console !== "pty";
    if (!noConsole) this.add(step("console"));
    this.add(step("dev-links"));
    if (d.ptyMax > 0) this.add(textStep("dev-pts", String(d.ptyMax)));
    for (let n = d.ttyMin + 1; n <= d.ttyMax; n++) {
      const s = flagStep("dev-tty", n - d.ttyMin - 1);
      s.target = `dev/tty${n}`;
      this.add(s);
      if (d.ttyDir !== "") this.add(bindInsideStep(`dev/tty${n}`, `dev/${d.ttyDir}/tty${n}`, 4096));
    }
  }

  /** What the process makes of itself once the root is the container's. */
  identity(): void {
    const d = this.d;
    if (d.personality >= 0) this.add(flagStep("personality", d.personality));
    this.add(step("capabilities"));
    const label = d.apparmor.profile;
    if (label !== "" && label !== "unchanged") this.add(textStep("label", label));
    if (d.noNewPrivs || this.r.profile !== "lxc") this.add(step("no-new-privs"));
    this.add(step("streams"));
    if (this.r.filter.length > 0) this.add(step("filter"));
    this.hooks("start");
    this.add(step("session"));
    if (this.r.controllingTerminal) this.add(step("terminal"));
    const cwd = step("directory");
    cwd.target = d.initCwd === "" ? "/" : d.initCwd;
    this.add(cwd);
    for (const l of this.mapped ? [] : d.prlimits) {
      const s = flagStep("limit", l.resource);
      s.data = l.name;
      s.soft = l.soft;
      s.hard = l.hard;
      this.add(s);
    }
    this.add(step("ids"));
    if (this.r.diesWithParent) this.add(step("die-with-parent"));
  }

  /** Whether the parent has something to do before the child may go on. */
  waits(): boolean {
    return this.mapped || this.shifts || (this.r.net !== null && this.r.net.afterClone.length > 0);
  }

  /** For a starter that is there for this container alone, where the child needs nobody outside on its way. */
  borrows(): boolean {
    const r = this.r;
    return r.diesWithParent && !this.waits() && this.namespaces.joined.length + this.d.hooks.length + r.exports.length + r.remount.length === 0;
  }

  all(): void {
    if (this.waits()) this.add(step("wait"));
    this.places();
    this.add(flagStep("propagation", MS_REC + MS_SLAVE));
    this.hooks("pre-mount");
    this.add(step("root"));
    if (isOwn(this.namespaces, "uts")) this.add(textStep("hostname", this.d.hostname === "" ? this.r.hostname : this.d.hostname));
    if (this.d.sessionKeyring) this.add(step("keyring"));
    if (this.r.net !== null && this.r.net.inside.length > 0) this.add(step("network"));
    this.filesystems();
    const cgroup = this.r.cgroup;
    if (cgroup !== null && !this.mapped && cgroup.after.length + cgroup.deviceProgram.length > 0) this.add(step("restrict-devices"));
    for (const s of this.d.sysctls) this.add(putStep(`/proc/sys/${s.path}`, s.value));
    if (this.d.rootfs.kind !== "none" && this.r.remount.length > 0) this.add(step("policies"));
    if (this.d.rootfs.kind !== "none") this.add(step("switch"));
    this.identity();
  }
}

function hookFacts(r: ContainerRequest): HookFacts {
  const fs = r.description.rootfs;
  return {
    name: r.name, configFile: r.configFile, mountpoint: r.mountpoint, consoleLog: r.consoleLog, console: r.description.console.path,
    rootfsPath: fs.kind === "overlay" ? `overlay:${[...fs.lowers, fs.upper].join(":")}` : fs.path,
  };
}

function ttyNames(first: number, count: number): string {
  const names: string[] = [];
  for (let i = 0; i < count; i++) names.push(`tty${first + i}`);
  return names.join(" ");
}

/** Plans one container's start. All that is wrong with it is in `problems`. */
export function planContainer(r: ContainerRequest, facts: HostFacts): PlannedContainer {
  const p = new Planner(r, facts);
  const d = r.description;
  if (d.initCommand.length === 0) p.problems.push({ at: "lxc.init.cmd", why: "no program to start" });
  if (r.profile === "strict" && d.rootfs.kind === "none") p.problems.push({ at: "lxc.rootfs.path", why: "profile strict needs a root filesystem of the container's own" });
  const root = planRoot(r, p.mapped, p.problems);
  p.all();
  const ttys = Math.max(0, d.ttyMax - d.ttyMin);
  const environment = initEnvironment(d, r.environment, facts.environment, p.problems);
  if (ttys > 0 && valueIn(environment, "container_ttys") === null) environment.push(`container_ttys=${ttyNames(d.ttyMin + 1, ttys)}`);
  const pid = p.namespaces.joined.filter((j) => j.name === "pid");
  const plan: ContainerPlan = {
    name: r.name, cloneFlags: p.namespaces.cloned, pidNamespace: pid.length > 0 ? pid[0]! : null, root, cgroup: r.cgroup, net: r.net,
    steps: p.steps, parent: p.parent, limits: p.mapped ? d.prlimits : [], waits: p.waits(), served: root.idmap !== "" || p.steps.some((s) => s.idmap !== ""), given: [...r.given, r.mountpoint], idmaps: d.idmaps, borrows: p.borrows(),
    argv: d.initCommand, environment, hookEnvironment: d.hooks.length > 0 || (r.net !== null && r.net.scriptsUp.length + r.net.scriptsDown.length > 0) ? hookEnvironment(d, hookFacts(r), facts.environment) : [],
    hookVersion: d.hookVersion, hooks: d.hooks, remount: r.remount, capabilities: p.kept, filter: r.filter,
    uid: d.uid, gid: d.gid, groups: d.groups, console: r.console, ttys, ttyFirst: d.ttyMin + 1, mapped: p.mapped,
    hostUid: hostId(d.idmaps, "u"), hostGid: hostId(d.idmaps, "g"),
  };
  return { plan, problems: p.problems, warnings: p.warnings };
}

/** Steps of a kind, in order: for tests, dry runs and logs. */
export function stepsOf(plan: ContainerPlan, kind: StepKind): Step[] {
  return plan.steps.filter((s) => s.kind === kind);
}

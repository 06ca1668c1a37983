/**
 * What workers do for containers: before a start modules, disks, volumes and
 * drivers, after an end links, volumes and groups. Each runs in a copy of the
 * manager and answers with text, one fact a line.
 */
import { removeCgroups } from "../cgroup/apply.ts";
import type { CgroupPlace } from "../cgroup/plan.ts";
import { OutsideHooks } from "../container/outside_hooks.ts";
import { ensureModules } from "../driver/apply.ts";
import { DriverManager } from "../driver/manager.ts";
import type { MetaValues } from "../driver/managed.ts";
import type { HookType } from "../lxc/description.ts";
import type { NetPlan } from "../net/actions.ts";
import { disconnectContainer } from "../net/apply.ts";
import { reason } from "../sys/error.ts";
import { closeFd, exists, lockFile, makeDirectories, tryLockFile } from "../sys/files.ts";
import { sleepMs } from "../sys/loop.ts";
import { isInMemory, mountVolumes, unmountVolumes } from "../volume/apply.ts";
import { mountDisk } from "../volume/disk.ts";
import type { DiskPlan } from "../volume/disk_plan.ts";
import { removeExports, type Export } from "../volume/exports.ts";
import type { VolumeOptions, VolumePlan } from "../volume/plan.ts";
import { Job } from "../supervisor/worker.ts";
import type { Settings } from "./settings.ts";

/** What one process at a time holds while it mounts or takes down for a container. */
export function lockOf(s: Settings, container: string): string {
  return `${s.runDir}/wherry/lock.${container}`;
}

/** Disks of a revision, and the file whose lock lets one process at a time mount one. */
export type Disks = { plans: DiskPlan[]; lock: string };

/** Kernel modules of what the disks of a revision lie on. */
export function modulesOfDisks(plans: DiskPlan[]): string[] {
  const out: string[] = [];
  for (const p of plans) {
    if (p.source.kind === "zram") out.push("zram");
    if (p.source.kind === "file" && p.action === "mount") out.push("loop");
    if (p.action === "mount") out.push(p.format);
    if (p.action === "crypt") out.push("dm-mod", "dm-crypt");
  }
  return out;
}

/** Mounts disks that something wants; "" or why one could not be. */
export function mountDisks(disks: Disks, names: string[]): string {
  if (names.length === 0) return "";
  const lock = lockFile(disks.lock);
  try {
    ensureModules(modulesOfDisks(disks.plans));
    for (const name of names) {
      const why = mountDisk(name, disks.plans);
      if (why !== "") return why;
    }
    return "";
  } finally {
    closeFd(lock);
  }
}

export type MountWish = {
  /** Held while it works: a worker of a manager that was killed may still be in a system call. */
  lock: string;
  folders: string[];
  /** Kernel modules beside those of the volumes. */
  modules: string[];
  volumes: VolumePlan;
  options: VolumeOptions;
  disks: Disks;
  driversRequired: string[];
  driversOptional: string[];
  hooks: OutsideHooks | null;
};

/** Begins the line of an answer that names a driver that is loaded now; others are warnings. */
export const LOADED = "loaded ";

/** Folders, modules, disks, volumes, then drivers, then hooks. */
export class MountJob extends Job {
  private readonly wish: MountWish;
  private readonly drivers: DriverManager;
  private readonly meta: MetaValues;

  constructor(wish: MountWish, drivers: DriverManager, meta: MetaValues) {
    super();
    this.wish = wish;
    this.drivers = drivers;
    this.meta = meta;
  }

  run(): string {
    const w = this.wish;
    lockFile(w.lock);
    for (const f of w.folders) makeDirectories(f);
    ensureModules([...w.volumes.modules, ...w.modules]);
    const disk = mountDisks(w.disks, w.volumes.disks);
    if (disk !== "") throw new Error(disk);
    const done = mountVolumes(w.volumes, w.options);
    if (!done.ok) throw new Error(done.why);
    const said = done.warnings.slice();
    for (const alias of w.driversOptional) for (const line of this.load(alias)) said.push(line);
    for (const alias of w.driversRequired) {
      const lines = this.load(alias);
      for (const line of lines) said.push(line);
      if (lines.length === 0 || lines[0]!.startsWith(LOADED)) continue;
      this.giveUp(lines.join("; "));
    }
    const why = w.hooks === null ? "" : w.hooks.run("pre-start", []);
    if (why !== "") this.giveUp(why);
    return said.join("\n");
  }

  /** For the manager itself, of volumes that a worker has mounted before and that are quick: false where something of it could wait, or was refused. */
  tryNow(): boolean {
    const w = this.wish;
    for (const f of w.folders) if (!exists(f)) return false;
    if (!isInMemory(w.volumes)) return false;
    const lock = tryLockFile(w.lock);
    if (lock < 0) return false;
    const done = mountVolumes(w.volumes, w.options);
    closeFd(lock);
    return done.ok;
  }

  private giveUp(why: string): void {
    unmountVolumes(this.wish.volumes);
    throw new Error(why);
  }

  /** What came of one driver: that it is loaded, or its problems. */
  private load(alias: string): string[] {
    const problems = this.drivers.load(alias, this.meta);
    return problems.length === 0 ? [`${LOADED}${alias}`] : problems.map((p) => `${p.at}: ${p.why}`);
  }
}

/** A container runs now: scripts and hooks that want to know. pid: of its init. */
export class StartedJob extends Job {
  private readonly hooks: OutsideHooks;
  private readonly pid: number;

  constructor(hooks: OutsideHooks, pid: number) {
    super();
    this.hooks = hooks;
    this.pid = pid;
  }

  run(): string {
    const why = this.hooks.run("start-host", [`LXC_PID=${this.pid}`]);
    if (why !== "") throw new Error(why);
    return "";
  }
}

/** What is left of a run. lock: as of MountWish. network: null when there is none to undo; hooks likewise, target: what they are told follows, "stop" or "reboot". */
export type Remains = {
  hooks: OutsideHooks | null; target: string; lock: string; volumes: VolumePlan; places: CgroupPlace[]; network: NetPlan | null; netFd: number; exports: Export[]; exportsDir: string;
};

/** How often taking down is tried while something is left, and how long one waits in between: what is in use, or refused once, may go then. */
const CLEAN_ATTEMPTS = 3;
const CLEAN_PAUSE_MS = 50;
/** Groups, links, exports, volumes. */
const PARTS = 4;

/** Takes down links, exports, volumes and groups; lines of the answer name what could not be. */
export class CleanJob extends Job {
  private readonly remains: Remains;
  private lockFd = -1;
  /** What the first attempt left. */
  private first: string[] = [];

  constructor(remains: Remains) {
    super();
    this.remains = remains;
  }

  run(): string {
    const told: string[] = [];
    try {
      this.tell("stop", told);
      const left = this.takeDown();
      this.tell("post-stop", told);
      return [...told, ...left].join("\n");
    } finally {
      closeFd(this.lockFd); // it may have been the manager itself
      this.lockFd = -1;
    }
  }

  /** For the manager itself, of what is quick: once, false when something of it is left or another process is at it. */
  tryNow(): boolean {
    this.lockFd = tryLockFile(this.remains.lock);
    if (this.lockFd < 0) return false;
    this.first = this.attempt();
    closeFd(this.lockFd);
    this.lockFd = -1;
    return this.first.length === 0;
  }

  private tell(type: HookType, told: string[]): void {
    const h = this.remains.hooks;
    const why = h === null ? "" : h.run(type, [`LXC_TARGET=${this.remains.target}`]);
    if (why !== "") told.push(why);
  }

  private takeDown(): string[] {
    if (this.first.length === 0) this.first = this.attempt();
    let left = this.first;
    for (let i = 1; i < CLEAN_ATTEMPTS && left.length > 0; i++) {
      sleepMs(CLEAN_PAUSE_MS);
      left = this.attempt();
    }
    return left.length > 0 ? left : this.first.map((w) => `${w} (gone at another attempt)`);
  }

  /** Taking down without the lock is better than leaving it all; the next attempt asks for it again. */
  private lock(left: string[]): void {
    if (this.lockFd >= 0) return;
    try {
      this.lockFd = lockFile(this.remains.lock);
    } catch (e) {
      left.push(reason(e));
    }
  }

  /** Everything once: what is refused stops nothing else. */
  private attempt(): string[] {
    const left: string[] = [];
    this.lock(left);
    for (let part = 0; part < PARTS; part++) {
      try {
        for (const w of this.takePart(part)) left.push(w);
      } catch (e) {
        left.push(reason(e));
      }
    }
    return left;
  }

  private takePart(part: number): string[] {
    const r = this.remains;
    if (part === 0) return removeCgroups(r.places);
    if (part === 1) return r.network === null ? [] : disconnectContainer(r.network, r.netFd);
    if (part === 3) return unmountVolumes(r.volumes);
    if (r.exports.length > 0) removeExports(r.exports, r.exportsDir);
    return [];
  }
}

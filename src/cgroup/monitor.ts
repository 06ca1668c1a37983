/**
 * Tells when a container's cgroups become empty, where somebody waits for it,
 * or lose a process to lack of memory; by events only. cgroup2: one inotify descriptor for all
 * containers. v1: eventfd for memory, pidfds of who is left for emptiness
 * (v1 itself tells nobody). Sources: cgroup-v2.rst, cgroup-v1/memory.rst §9-10.
 */
import { u32At, i32At } from "../sys/bytes.ts";
import { EPOLLIN, O_RDONLY } from "../sys/constants.ts";
import { closeFd, listFolders, readTextOr, statPath, tryOpen, tryPutText, tryRead } from "../sys/files.ts";
import { type Loop, openEventCounter, openInotify, Timer, unwatchPath, Watch, tryWatchPath } from "../sys/loop.ts";
import { tryOpenPidfd } from "../sys/processes.ts";
import { cgroupProcesses, isPopulated, keyedNumber } from "./kill.ts";
import type { CgroupPlace } from "./plan.ts";

/** Who is told. kills: processes of the container killed for memory since it was made. */
export abstract class CgroupListener {
  abstract emptied(container: string): void;
  abstract outOfMemory(container: string, kills: number): void;
}

function v1Kills(directory: string): number {
  let n = Math.max(0, keyedNumber(readTextOr(`${directory}/memory.oom_control`, ""), "oom_kill"));
  const s = statPath(directory);
  if (s === null || s.links === 2) return n; // no folder in it
  for (const name of listFolders(directory)) n += v1Kills(`${directory}/${name}`);
  return n;
}

/** Processes killed for memory in the container so far; read it before its groups are removed. -1: this machine can't say. */
export function oomKills(places: CgroupPlace[]): number {
  for (const p of places) {
    if (!p.controllers.includes("memory")) continue;
    return p.version === 2 ? keyedNumber(readTextOr(`${p.directory}/memory.events`, ""), "oom_kill") : v1Kills(p.directory);
  }
  return -1;
}

/** One container while it is watched. watches: inotify numbers; left: pidfds of processes that emptiness waits for. */
class Watched {
  readonly container: string;
  readonly places: CgroupPlace[];
  readonly watches: number[] = [];
  kills = 0;
  eventFd = -1;
  left: number[] = [];
  /** Somebody waits for it to be empty, and is told by cgroup.events. */
  awaited = false;

  constructor(container: string, places: CgroupPlace[]) {
    this.container = container;
    this.places = places;
  }
}

/** v1 tells of the lack before it kills and counts: look a moment later. */
class OomCount extends Timer {
  private readonly monitor: CgroupMonitor;
  private readonly watched: Watched;

  constructor(monitor: CgroupMonitor, watched: Watched) {
    super();
    this.monitor = monitor;
    this.watched = watched;
  }

  expired(): void {
    if (this.watched.eventFd >= 0) this.monitor.checkMemory(this.watched);
  }
}

const OOM_COUNT_AFTER_MS = 20;

class OomEvent extends Watch {
  private readonly loop: Loop;
  private readonly count: OomCount;
  private readonly watched: Watched;

  constructor(loop: Loop, monitor: CgroupMonitor, watched: Watched) {
    super();
    this.loop = loop;
    this.watched = watched;
    this.count = new OomCount(monitor, watched);
  }

  ready(_events: number): void {
    tryRead(this.watched.eventFd, new Uint8Array(8), 0, 8);
    this.loop.arm(this.count, OOM_COUNT_AFTER_MS);
  }
}

class LeftProcess extends Watch {
  private readonly monitor: CgroupMonitor;
  private readonly watched: Watched;
  private readonly pidfd: number;

  constructor(monitor: CgroupMonitor, watched: Watched, pidfd: number) {
    super();
    this.monitor = monitor;
    this.watched = watched;
    this.pidfd = pidfd;
  }

  ready(_events: number): void {
    this.monitor.leftEnded(this.watched, this.pidfd);
  }
}

const IN_MODIFY = 2;
const EVENT_BYTES = 16;

export class CgroupMonitor extends Watch {
  private readonly loop: Loop;
  private readonly listener: CgroupListener;
  private inotify = -1;
  private readonly byWatch: Map<number, Watched> = new Map<number, Watched>();
  private readonly byName: Map<string, Watched> = new Map<string, Watched>();

  constructor(loop: Loop, listener: CgroupListener) {
    super();
    this.loop = loop;
    this.listener = listener;
  }

  /** Watches a container until remove(): whatever groups of it exist now. */
  add(container: string, places: CgroupPlace[]): void {
    this.remove(container);
    const w = new Watched(container, places);
    this.byName.set(container, w);
    for (const p of places) {
      if (!p.controllers.includes("memory")) continue;
      if (p.version === 2) this.watchFile(w, `${p.directory}/memory.events`);
      else this.watchOom1(w, p);
    }
  }

  /** Forgets a container: before or after its groups are removed. */
  remove(container: string): void {
    const w = this.byName.get(container);
    if (w === undefined) return;
    this.byName.delete(container);
    for (const n of w.watches) {
      this.byWatch.delete(n);
      unwatchPath(this.inotify, n);
    }
    this.drop(w.eventFd);
    w.eventFd = -1;
    for (const fd of w.left) this.drop(fd);
  }

  /**
   * True when nobody is left in the container; else emptied() comes later.
   * For after its init has ended: in a pid namespace the kernel has ended all
   * others before that is seen, so this is nearly always true.
   */
  awaitEmpty(container: string): boolean {
    const w = this.byName.get(container);
    if (w === undefined || !isPopulated(w.places)) return true;
    const second = w.places.find((p) => p.version === 2);
    if (second === undefined) return this.watchLeft(w);
    if (!w.awaited && !this.watchFile(w, `${second.directory}/cgroup.events`)) return this.watchLeft(w);
    w.awaited = true;
    return !isPopulated(w.places); // it may have been the last moment
  }

  ready(_events: number): void {
    const b = new Uint8Array(4096);
    const n = tryRead(this.inotify, b, 0, b.length);
    let at = 0;
    const seen: Watched[] = [];
    while (at + EVENT_BYTES <= n) {
      const w = this.byWatch.get(i32At(b, at));
      if (w !== undefined && !seen.includes(w)) seen.push(w);
      at += EVENT_BYTES + u32At(b, at + 12);
    }
    for (const w of seen) {
      if (w.eventFd < 0) this.checkMemory(w);
      if (this.byName.get(w.container) !== w) continue;
      if (w.awaited && this.byName.get(w.container) === w && !isPopulated(w.places)) this.listener.emptied(w.container);
    }
  }

  /** Tells of kills that are new since the last look. */
  checkMemory(w: Watched): void {
    const kills = oomKills(w.places);
    if (kills <= w.kills) return;
    w.kills = kills;
    this.listener.outOfMemory(w.container, kills);
  }

  /** One of those emptiness waits for has ended: when it was the last, look again. */
  leftEnded(w: Watched, pidfd: number): void {
    this.drop(pidfd);
    w.left = w.left.filter((fd) => fd !== pidfd);
    if (w.left.length === 0 && this.watchLeft(w)) this.listener.emptied(w.container);
  }

  /** A descriptor a process that is there; true when there is none. */
  private watchLeft(w: Watched): boolean {
    for (const fd of w.left) this.drop(fd);
    w.left = [];
    for (const pid of cgroupProcesses(w.places)) {
      const fd = tryOpenPidfd(pid);
      if (fd < 0) continue;
      w.left.push(fd);
      this.loop.add(fd, EPOLLIN, new LeftProcess(this, w, fd));
    }
    return w.left.length === 0;
  }

  /** False when there is nothing to watch, or no room for it. */
  private watchFile(w: Watched, path: string): boolean {
    if (this.inotify < 0) {
      this.inotify = openInotify();
      this.loop.add(this.inotify, EPOLLIN, this);
    }
    const n = tryWatchPath(this.inotify, path, IN_MODIFY);
    if (n < 0) return false;
    w.watches.push(n);
    this.byWatch.set(n, w);
    return true;
  }

  /** Without this event a kill is still counted when the container ends. */
  private watchOom1(w: Watched, p: CgroupPlace): void {
    const control = tryOpen(`${p.directory}/memory.oom_control`, O_RDONLY);
    if (control < 0) return;
    const fd = openEventCounter();
    const r = tryPutText(`${p.directory}/cgroup.event_control`, `${fd} ${control}`);
    closeFd(control);
    if (r < 0) {
      closeFd(fd);
      return;
    }
    w.eventFd = fd;
    this.loop.add(fd, EPOLLIN, new OomEvent(this.loop, this, w));
  }

  private drop(fd: number): void {
    if (fd < 0) return;
    this.loop.remove(fd);
    closeFd(fd);
  }
}

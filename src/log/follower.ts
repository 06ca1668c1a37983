/**
 * Log files that containers write themselves, followed by events: one inotify
 * descriptor for all, and for each container one of its mount table, because
 * what is mounted over a folder tells no watch. Bounded: a block a turn for
 * one file, then everybody else; what our own file would not keep is not read.
 * How far a file was read stands in an attribute of it, for another start, another
 * logger, another boot. Rules: logs spec §8 "Files". Sources: inotify(7), proc(5).
 */
import { fdPath } from "../container/resolve.ts";
import { i32At, u32At } from "../sys/bytes.ts";
import { AT_EMPTY_PATH, EPOLLIN, EPOLLPRI, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } from "../sys/constants.ts";
import { errnoName } from "../sys/errno.ts";
import { attributeOf, closeFd, statAt, tryOpen, tryRead, tryReadAt, trySetAttribute, type FileStat } from "../sys/files.ts";
import { Loop, openInotify, Timer, tryWatchPath, unwatchPath, Watch } from "../sys/loop.ts";
import { fromField, parseDecimal, toUtf8 } from "../sys/text.ts";
import { LogFile } from "./file.ts";
import { Inside, type Found } from "./inside.ts";
import type { FollowFrame } from "./wire.ts";

const POSITION = "trusted.pv.logger.pos";
const IN_MODIFY = 2;
/** IN_CREATE, IN_MOVED_TO, IN_DELETE, IN_DELETE_SELF, IN_MOVE_SELF, IN_ONLYDIR. */
const FOLDER_EVENTS = 0x100 + 0x80 + 0x200 + 0x400 + 0x800 + 0x1000000;
const IN_IGNORED = 0x8000;
const EVENT_BYTES = 16;
const NEWLINE = 10;
const RETURN = 13;
/** How often a path is looked at again because its folder was another one a moment before. */
const LOOKS = 8;
/** From the start of a container to the first look: one that has ended by then is looked at once, at its end. */
const BEGIN_MS = 50;
/** At most this often positions are written: what was read since then is read again after a power cut. */
const SAVE_MS = 5000;

/** Hears of files that are there and may not be read. */
export abstract class FollowNews {
  abstract refused(container: string, path: string, why: string): void;
}

/** How many bytes of a block are lines: up to the last line's end, all of a full block without any. */
export function wholeLines(block: Uint8Array, size: number, isFull: boolean): number {
  let end = size;
  while (end > 0 && block[end - 1] !== NEWLINE) end -= 1;
  if (end > 0) return end;
  end = size;
  while (end > 0 && block[end - 1] !== RETURN) end -= 1;
  return end === 0 && isFull ? size : end;
}

class FollowedFile {
  private readonly path: string;
  private readonly all: Followers;
  private readonly in: FollowedContainer;
  private readonly maxSize: number;
  private out: LogFile | null = null;
  private fd = -1;
  private stat: FileStat | null = null;
  private position = 0;
  private saved = 0;
  private folderWatch = -1;
  private fileWatch = -1;
  /** Of a file that has taken its place and has nothing in it yet. */
  private nextWatch = -1;
  /** The component of the path that is waited for in the watched folder. */
  private awaited = "";
  private told = "";
  private isOver = false;
  wantsLook = true;
  queued = false;

  /** maxSize: emptied once it has as much, 0: never. */
  constructor(all: Followers, container: FollowedContainer, path: string, maxSize: number) {
    this.all = all;
    this.in = container;
    this.path = path;
    this.maxSize = maxSize;
  }

  /** Something has happened to a watch of it: does that mean anything for it? */
  concerns(watch: number, mask: number, name: string): boolean {
    if (watch === this.fileWatch) return true;
    if (watch !== this.nextWatch && name !== "" && name !== this.awaited) return false;
    if (mask === IN_IGNORED && watch === this.folderWatch) this.folderWatch = -1;
    this.wantsLook = true;
    return true;
  }

  /** One look and one block; result: whether there is more at once. */
  step(): boolean {
    if (this.isOver) return false;
    if (this.wantsLook) this.look();
    return this.fd >= 0 && this.readBlock(false);
  }

  save(): void {
    if (this.fd < 0 || this.saved === this.position) return;
    trySetAttribute(fdPath(this.fd), POSITION, String(this.position)); // not every filesystem can: it is read again then
    this.saved = this.position;
  }

  isSaved(): boolean {
    return this.fd < 0 || this.saved === this.position;
  }

  /** Reads what is left of the open file, with its last line, and closes it. */
  finish(): void {
    if (this.fd < 0) return;
    const blocks = 2 + Math.ceil(this.in.keepBytes / this.all.buffer.length);
    for (let i = 0; i < blocks && this.readBlock(true); i++);
    this.save();
    closeFd(this.fd);
    this.fd = -1;
    this.fileWatch = this.all.move(this, this.fileWatch, -1);
  }

  /** Nothing more will come. */
  end(): void {
    this.isOver = true;
    this.look(); // what came last may not have been told yet
    this.finish();
    for (const w of [this.folderWatch, this.nextWatch]) this.all.move(this, w, -1);
    if (this.out !== null) this.out.close();
  }

  /** Finds out where the path leads now. The folder is watched before it is believed that something is missing in it. */
  private look(): void {
    this.wantsLook = false;
    for (let i = 1; ; i++) {
      const f = this.in.inside.find(this.path);
      if (this.isOver) {
        closeFd(f.folder);
        this.take(f, f.why);
        return;
      }
      const before = this.folderWatch;
      const watch = tryWatchPath(this.all.inotify, fdPath(f.folder), FOLDER_EVENTS);
      const isWatched = watch === before || this.all.hasWatch(watch); // since before it was looked at
      this.awaited = f.name;
      this.folderWatch = this.all.move(this, before, watch);
      closeFd(f.folder);
      if (isWatched || watch < 0 || i === LOOKS) {
        this.take(f, watch < 0 && f.why === "" ? `its folder can't be watched: ${errnoName(-watch)}` : f.why);
        return;
      }
      closeFd(f.fd);
    }
  }

  private take(f: Found, why: string): void {
    this.tell(why);
    const s = f.stat;
    const old = this.stat;
    if (s === null) {
      if (this.fd >= 0 && statAt(this.fd, "", AT_EMPTY_PATH)?.links === 0) this.finish(); // one that has been put aside may still be written to
      return;
    }
    const isSame = this.fd >= 0 && old !== null && old.inode === s.inode && old.deviceMajor === s.deviceMajor && old.deviceMinor === s.deviceMinor;
    let waits = !isSame && this.fd >= 0 && s.size === 0; // writers of the old one may not know yet
    if (waits) {
      this.nextWatch = this.all.move(this, this.nextWatch, tryWatchPath(this.all.inotify, fdPath(f.fd), IN_MODIFY));
      waits = statAt(f.fd, "", AT_EMPTY_PATH)?.size === 0; // or its first line came before the watch
    }
    if (!isSame && !waits) {
      this.finish();
      this.nextWatch = this.all.move(this, this.nextWatch, -1);
      this.open(f.fd, s);
    }
    closeFd(f.fd);
  }

  private open(place: number, s: FileStat): void {
    const fd = tryOpen(fdPath(place), O_RDONLY | O_NONBLOCK); // a lease of the container must not keep us
    if (fd < 0) {
      this.tell(errnoName(-fd));
      return;
    }
    this.fd = fd;
    this.stat = s;
    this.fileWatch = this.all.move(this, this.fileWatch, tryWatchPath(this.all.inotify, fdPath(fd), IN_MODIFY));
    const at = parseDecimal(attributeOf(fdPath(fd), POSITION));
    this.position = Math.max(0, at);
    this.saved = this.position;
  }

  /** Whether there was a whole block. */
  private readBlock(isLast: boolean): boolean {
    const size = this.size();
    if (this.position > size) this.position = 0;
    if (size - this.position > this.in.keepBytes) {
      const from = size - Math.floor(this.in.keepBytes / 2);
      this.put(toUtf8(`[${from - this.position} bytes left out]\n`));
      this.position = from;
    }
    const buffer = this.all.buffer;
    const n = tryReadAt(this.fd, buffer, Math.min(buffer.length, size - this.position), this.position);
    if (n <= 0) return false;
    const lines = wholeLines(buffer, n, n === buffer.length);
    const used = isLast && n < buffer.length ? n : lines;
    this.put(buffer.subarray(0, used));
    if (used > lines) this.put(toUtf8("\n"));
    this.position = this.position + used;
    if (this.maxSize > 0 && this.position >= this.maxSize && this.position === this.size()) this.empty();
    return used > 0 && this.position < size && n === buffer.length;
  }

  private size(): number {
    const s = statAt(this.fd, "", AT_EMPTY_PATH);
    return s === null ? 0 : s.size;
  }

  private empty(): void {
    const fd = tryOpen(fdPath(this.fd), O_WRONLY | O_TRUNC | O_NONBLOCK);
    closeFd(fd);
    if (fd >= 0) this.position = 0;
  }

  private put(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    let out = this.out;
    if (out === null) {
      out = new LogFile(this.in.folder + this.path, this.in.keepBytes);
      this.out = out;
    }
    out.append(bytes, bytes.length);
  }

  /** Each reason once. */
  private tell(why: string): void {
    if (why !== "" && why !== this.told) this.all.news.refused(this.in.name, this.path, why);
    this.told = why;
  }
}

/** What is followed in one container. As a watch: its mount table has changed. */
class FollowedContainer extends Watch {
  readonly name: string;
  readonly pid: number;
  readonly files: FollowedFile[] = [];
  readonly mounts: number;
  readonly inside: Inside;
  /** Where our copies are kept, and how much of each. */
  readonly folder: string;
  readonly keepBytes: number;
  private readonly all: Followers;

  constructor(all: Followers, f: FollowFrame, root: number) {
    super();
    this.all = all;
    this.name = f.name;
    this.pid = f.pid;
    this.folder = f.folder;
    this.keepBytes = f.maxBytes;
    this.mounts = tryOpen(`/proc/${f.pid}/mountinfo`, O_RDONLY);
    this.inside = new Inside(root, this.mounts, f.uidMap);
    for (const w of f.files) this.files.push(new FollowedFile(all, this, w.path, w.maxSize));
  }

  ready(_events: number): void {
    for (const f of this.files) {
      f.wantsLook = true;
      this.all.enqueue(f);
    }
  }

  end(): void {
    for (const f of this.files) f.end();
    this.files.length = 0; // they know us
    this.inside.close();
  }
}

class Turn extends Timer {
  private readonly all: Followers;
  constructor(all: Followers) {
    super();
    this.all = all;
  }
  expired(): void {
    this.all.turn();
  }
}

/** Containers that have been started a moment ago get their first look. */
class Beginning extends Timer {
  private readonly all: Followers;
  constructor(all: Followers) {
    super();
    this.all = all;
  }
  expired(): void {
    this.all.begin();
  }
}

class Saving extends Timer {
  private readonly all: Followers;
  constructor(all: Followers) {
    super();
    this.all = all;
  }
  expired(): void {
    this.all.save();
  }
}

export class Followers extends Watch {
  readonly buffer: Uint8Array;
  readonly news: FollowNews;
  inotify = -1;
  private readonly loop: Loop;
  private readonly containers: Map<string, FollowedContainer> = new Map<string, FollowedContainer>();
  private readonly byWatch: Map<number, FollowedFile[]> = new Map<number, FollowedFile[]>();
  private readonly queue: FollowedFile[] = [];
  private readonly next: Timer = new Turn(this);
  private readonly saving: Timer = new Saving(this);
  private readonly beginning: Timer = new Beginning(this);
  private fresh: FollowedContainer[] = [];

  /** buffer: for whoever has its turn. */
  constructor(loop: Loop, buffer: Uint8Array, news: FollowNews) {
    super();
    this.loop = loop;
    this.buffer = buffer;
    this.news = news;
  }

  /** Begins, or goes on when it is the same process; root is ours to close. */
  follow(f: FollowFrame, root: number): void {
    const old = this.containers.get(f.name);
    if (old !== undefined && old.pid === f.pid) {
      closeFd(root);
      return;
    }
    this.end(f.name);
    if (this.inotify < 0) {
      this.inotify = openInotify();
      this.loop.add(this.inotify, EPOLLIN, this);
    }
    const c = new FollowedContainer(this, f, root);
    this.containers.set(f.name, c);
    this.fresh.push(c);
    if (!this.beginning.armed) this.loop.arm(this.beginning, BEGIN_MS);
  }

  /** Its mount table tells first, so that what changes after the look is not missed. */
  begin(): void {
    const fresh = this.fresh;
    this.fresh = [];
    for (const c of fresh) {
      if (c.mounts >= 0) this.loop.add(c.mounts, EPOLLPRI, c);
      for (const file of c.files) this.enqueue(file);
    }
  }

  /** Reads what is left of a container's files and lets go of all that is its. */
  end(name: string): void {
    const c = this.containers.get(name);
    if (c === undefined) return;
    this.containers.delete(name);
    this.fresh = this.fresh.filter((x) => x !== c);
    this.loop.remove(c.mounts);
    c.end();
  }

  endAll(): void {
    for (const name of [...this.containers.keys()]) this.end(name);
  }

  hasWatch(watch: number): boolean {
    return this.byWatch.has(watch);
  }

  /** Files of one inode share a watch: it ends with the last of them. Result: `to`, -1 when that is none. */
  move(file: FollowedFile, from: number, to: number): number {
    if (from === to || (from < 0 && to < 0)) return Math.max(-1, to);
    if (to >= 0) {
      const list = this.byWatch.get(to);
      if (list === undefined) this.byWatch.set(to, [file]);
      else list.push(file);
    }
    const left = this.byWatch.get(from);
    if (left !== undefined) {
      left.splice(left.indexOf(file), 1);
      if (left.length === 0) {
        this.byWatch.delete(from);
        unwatchPath(this.inotify, from);
      }
    }
    return Math.max(-1, to);
  }

  enqueue(file: FollowedFile): void {
    if (!file.queued) this.queue.push(file);
    file.queued = true;
    this.loop.arm(this.next, 0);
  }

  ready(_events: number): void {
    const b = new Uint8Array(4096);
    const n = tryRead(this.inotify, b, 0, b.length);
    for (let at = 0; at + EVENT_BYTES <= n; at += EVENT_BYTES + u32At(b, at + 12)) {
      const watch = i32At(b, at);
      const name = u32At(b, at + 12) === 0 ? "" : fromField(b.subarray(at + EVENT_BYTES, at + EVENT_BYTES + u32At(b, at + 12)));
      if (watch < 0) this.lookAtAll();
      else this.happened(watch, u32At(b, at + 4), name);
    }
  }

  private happened(watch: number, mask: number, name: string): void {
    const files = this.byWatch.get(watch);
    if (files === undefined) return;
    for (const f of files) if (f.concerns(watch, mask, name)) this.enqueue(f);
    if (mask === IN_IGNORED) this.byWatch.delete(watch);
  }

  /** The kernel had to drop events. */
  private lookAtAll(): void {
    for (const c of this.containers.values()) c.ready(0);
  }

  /** One file has its turn; the loop looks at everything else in between. */
  turn(): void {
    const f = this.queue.shift();
    if (f === undefined) return;
    f.queued = false;
    if (this.queue.length > 0) this.loop.arm(this.next, 0);
    if (f.step()) this.enqueue(f);
    if (!f.isSaved() && !this.saving.armed) this.loop.arm(this.saving, SAVE_MS);
  }

  save(): void {
    for (const c of this.containers.values()) for (const f of c.files) f.save();
  }
}

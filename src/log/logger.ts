/**
 * The logger process: owns every log file and the consoles of all containers,
 * and follows the files that they write themselves.
 * It may block on slow flash; nobody waits for it. It outlives the manager: a
 * new one connects to its socket and gets the consoles it has. It ends when
 * told to, or when it has neither a manager nor a console that somebody holds.
 */
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, SIGHUP, SIGINT, SIGTERM } from "../sys/constants.ts";
import { EAGAIN } from "../sys/errno.ts";
import { closeFd, tryRead } from "../sys/files.ts";
import { Faults, ignoreSignal, Loop, Watch } from "../sys/loop.ts";
import { receive, tryAccept, trySend } from "../sys/sockets.ts";
import { fromUtf8, toUtf8 } from "../sys/text.ts";
import { LogFile } from "./file.ts";
import { Followers, FollowNews } from "./follower.ts";
import { FRAME_BYTES, packFrame, unpackFrame, type Frame } from "./wire.ts";

const TAIL_BYTES = 1024;
const CONSOLE_EVENTS = EPOLLIN + EPOLLHUP + EPOLLERR;
/** Reads that empty a terminal whose container is gone: more than its buffers hold. */
const LAST_READS = 64;
/** Files of lines that are open at a time: the manager's own, and those of some containers. */
const LINE_FILES = 8;
/** How often a frame is sent while it is refused. */
const TELL_ATTEMPTS = 3;

class Quiet extends Faults {
  /** Nobody reads the logger's own troubles; a failing handler must not end the others. */
  fault(_e: unknown): void {
    return;
  }
}

/**
 * The master of a container's console. Nobody holding the other side is no
 * end: systemd opens it for every message, and closes it again.
 */
class Console extends Watch {
  readonly name: string;
  readonly fd: number;
  readonly file: LogFile;
  private readonly logger: Logger;
  hungUp: boolean = false;
  private tail: Uint8Array = new Uint8Array(0);

  constructor(logger: Logger, name: string, fd: number, file: LogFile) {
    super();
    this.logger = logger;
    this.name = name;
    this.fd = fd;
    this.file = file;
  }

  ready(_events: number): void {
    this.readSome();
    if (this.hungUp) this.logger.endIfIdle();
  }

  /** Reads what is left. */
  drain(): void {
    for (let i = 0; i < LAST_READS && this.readSome(); i++);
  }

  /** Whether there was text. */
  private readSome(): boolean {
    const buffer = this.logger.buffer;
    const n = tryRead(this.fd, buffer, 0, buffer.length);
    if (n === -EAGAIN) return false;
    if (n <= 0) { // EIO: nobody has the other side
      if (!this.hungUp) this.logger.hangUp(this, true);
      return false;
    }
    this.file.append(buffer, n);
    this.keepTail(buffer.subarray(0, n));
    if (this.hungUp) this.logger.hangUp(this, false);
    return true;
  }

  lastText(): string {
    return fromUtf8(this.tail);
  }

  private keepTail(fresh: Uint8Array): void {
    const kept = Math.min(this.tail.length, Math.max(0, TAIL_BYTES - fresh.length));
    const used = Math.min(fresh.length, TAIL_BYTES);
    const next = new Uint8Array(kept + used);
    next.set(this.tail.subarray(this.tail.length - kept), 0);
    next.set(fresh.subarray(fresh.length - used), kept);
    this.tail = next;
  }
}

class Manager extends Watch {
  readonly fd: number;
  private readonly logger: Logger;

  constructor(logger: Logger, fd: number) {
    super();
    this.logger = logger;
    this.fd = fd;
  }

  ready(_events: number): void {
    const r = receive(this.fd, this.logger.buffer);
    if (r.size === -EAGAIN) return;
    if (r.size <= 0) {
      this.logger.dropManager();
      return;
    }
    const frame = unpackFrame(this.logger.buffer.subarray(0, r.size));
    const fd = r.fds.length > 0 ? r.fds[0]! : -1;
    for (let i = 1; i < r.fds.length; i++) closeFd(r.fds[i]!);
    if (frame === null) closeFd(fd);
    else this.logger.take(frame, fd);
  }
}

class Door extends Watch {
  private readonly logger: Logger;
  private readonly fd: number;

  constructor(logger: Logger, fd: number) {
    super();
    this.logger = logger;
    this.fd = fd;
  }

  ready(_events: number): void {
    const fd = tryAccept(this.fd);
    if (fd >= 0) this.logger.newManager(fd);
  }
}

class Logger extends FollowNews {
  readonly buffer: Uint8Array = new Uint8Array(FRAME_BYTES);
  private readonly loop: Loop = new Loop(new Quiet());
  private readonly consoles: Map<string, Console> = new Map<string, Console>();
  private readonly files: Map<string, LogFile> = new Map<string, LogFile>();
  private readonly kept: Map<string, number> = new Map<string, number>();
  private readonly followers: Followers = new Followers(this.loop, this.buffer, this);
  private manager: Manager | null = null;

  run(listenFd: number): void {
    this.loop.add(listenFd, EPOLLIN, new Door(this, listenFd));
    this.loop.run();
  }

  newManager(fd: number): void {
    this.dropManager();
    const m = new Manager(this, fd);
    try {
      this.loop.add(fd, EPOLLIN, m);
    } catch {
      closeFd(fd); // it sees that, and comes again
      return;
    }
    this.manager = m;
    for (const c of this.consoles.values()) this.tell({ kind: "has", name: c.name }, [c.fd]);
    for (const [name, kept] of this.kept) this.tell({ kind: "has", name: `@${name}` }, [kept]);
    this.tell({ kind: "hello" }, []);
  }

  dropManager(): void {
    const m = this.manager;
    if (m === null) return;
    this.loop.remove(m.fd);
    closeFd(m.fd);
    this.manager = null;
    this.endIfIdle();
  }

  take(f: Frame, fd: number): void {
    if (f.kind === "console" && fd >= 0) {
      const old = this.consoles.get(f.name);
      if (old !== undefined) this.endConsole(old);
      const c = new Console(this, f.name, fd, new LogFile(f.path, f.maxBytes));
      this.consoles.set(f.name, c);
      this.loop.add(fd, CONSOLE_EVENTS, c);
      this.loop.settleLater();
    } else if (f.kind === "end") {
      const c = this.consoles.get(f.name);
      if (c !== undefined) this.endConsole(c);
      this.followers.end(f.name);
      this.tell({ kind: "ended", name: f.name }, []);
    } else if (f.kind === "follow" && fd >= 0) {
      this.followers.follow(f, fd);
      this.loop.settleLater();
    } else if (f.kind === "line") {
      let file = this.files.get(f.path);
      if (file === undefined) {
        this.closeFirst();
        file = new LogFile(f.path, f.maxBytes);
        this.files.set(f.path, file);
      }
      const line = toUtf8(`${f.text}\n`);
      file.append(line, line.length);
    } else if (f.kind === "keep" && fd >= 0) {
      closeFd(this.kept.get(f.name) ?? -1);
      this.kept.set(f.name, fd);
    } else if (f.kind === "stop") {
      this.stop();
    } else {
      closeFd(fd);
    }
  }

  /** Lines about many containers come in turn: only some of their files stay open. */
  private closeFirst(): void {
    if (this.files.size < LINE_FILES) return;
    for (const [path, file] of this.files) {
      file.close();
      this.files.delete(path);
      return;
    }
  }

  /** A hang-up is reported by epoll for as long as it lasts: it is asked for changes only, until there is text again. */
  hangUp(c: Console, hungUp: boolean): void {
    c.hungUp = hungUp;
    this.loop.change(c.fd, hungUp ? CONSOLE_EVENTS + EPOLLET : CONSOLE_EVENTS);
  }

  refused(name: string, path: string, why: string): void {
    this.tell({ kind: "refused", name, path, why }, []);
  }

  private endConsole(c: Console): void {
    c.drain();
    this.loop.remove(c.fd);
    closeFd(c.fd);
    c.file.close();
    this.consoles.delete(c.name);
    const text = c.lastText();
    if (text !== "") this.tell({ kind: "tail", name: c.name, text }, []);
  }

  private tell(f: Frame, fds: number[]): void {
    const m = this.manager;
    if (m === null) return;
    const bytes = packFrame(f);
    // a manager that is not told waits for ever
    for (let i = 0; i < TELL_ATTEMPTS && trySend(m.fd, bytes, 0, bytes.length, fds) < 0; i++);
  }

  private stop(): void {
    for (const c of this.consoles.values()) {
      c.drain();
      c.file.close();
    }
    for (const f of this.files.values()) f.close();
    this.followers.endAll();
    this.loop.stop();
  }

  endIfIdle(): void {
    if (this.manager !== null) return;
    for (const c of this.consoles.values()) if (!c.hungUp) return;
    this.stop();
  }
}

/** What the logger's process does until it ends; the descriptor listens (seqpacket). */
export function runLogger(listenFd: number): void {
  for (const s of [SIGINT, SIGTERM, SIGHUP]) ignoreSignal(s); // the manager ends it when the last line is written
  new Logger().run(listenFd);
}

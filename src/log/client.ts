/**
 * The manager's side of the logger: starts it or finds the one that is there,
 * sends lines and consoles without ever waiting, receives what ended.
 */
import { EPOLLIN, SIGKILL, SOCK_NONBLOCK, SOCK_SEQPACKET } from "../sys/constants.ts";
import { EAGAIN, ECONNREFUSED } from "../sys/errno.ts";
import { reason, SysError } from "../sys/error.ts";
import { closeFd } from "../sys/files.ts";
import { type Loop, sleepMs, waitFor, Watch } from "../sys/loop.ts";
import { exitNow, newSession, tryClone, tryRaiseLimit, trySetProcessName, trySignal, waitPid } from "../sys/processes.ts";
import { closeAllBut } from "../sys/relative.ts";
import { listenUnix, receive, tryAccept, trySend, tryConnectUnix } from "../sys/sockets.ts";
import { FRAME_BYTES, packFrame, unpackFrame, type Frame } from "./wire.ts";
import { runLogger } from "./logger.ts";

const RLIMIT_NOFILE = 7;
/** Between a logger that can't begin and the next one. */
const RETRY_MS = 1000;
/** What its process is called. */
export const LOGGER_NAME = "wherry-logger";

/** Receives what the logger tells. */
export abstract class LoggerNews {
  /** A console that the logger already had; the descriptor is the receiver's. */
  abstract has(name: string, fd: number): void;
  /** The logger has told of everything it had. */
  abstract complete(): void;
  abstract tail(name: string, text: string): void;
  /** The logger has nothing of the container open any more. */
  abstract ended(name: string): void;
  /** A log file inside a container is there and not followed. */
  abstract refused(name: string, path: string, why: string): void;
  /** The logger is gone. */
  abstract lost(): void;
}

/** What the manager holds is none of the logger's. One that can't begin tells its manager why, and makes way for another. */
function becomeLogger(listening: number): void {
  try {
    newSession();
    trySetProcessName(LOGGER_NAME);
    closeAllBut(3, listening);
    tryRaiseLimit(RLIMIT_NOFILE); // several descriptors a container; without that, for fewer containers
    runLogger(listening);
  } catch (e) {
    waitFor(listening, EPOLLIN, RETRY_MS);
    const words = packFrame({ kind: "refused", name: "", path: "", why: reason(e) });
    trySend(tryAccept(listening), words, 0, words.length);
    sleepMs(RETRY_MS);
  } finally {
    exitNow(0);
  }
}

/** Lines of a file that wait together have so many characters at most: a frame holds them. */
const WAITING_LENGTH = 8192;

/** Lines for one file; length: of all of them. */
type Waiting = { path: string; lines: string[]; length: number; maxBytes: number };

export class LoggerClient extends Watch {
  private readonly loop: Loop;
  private readonly news: LoggerNews;
  private readonly path: string;
  private fd = -1;
  /** Pid of the logger where it is this process's child, to be reaped when it is gone. */
  child = 0;
  private readonly buffer: Uint8Array = new Uint8Array(FRAME_BYTES);
  /** Frames that found no room and were dropped. */
  dropped = 0;
  private waiting: Waiting[] = [];

  constructor(loop: Loop, path: string, news: LoggerNews) {
    super();
    this.loop = loop;
    this.path = path;
    this.news = news;
  }

  /** Connects to the logger of this run dir, starting one when none answers. Result: pid of a new logger, 0 when it was there. */
  open(): number {
    let pid = 0;
    let fd = tryConnectUnix(this.path, SOCK_SEQPACKET | SOCK_NONBLOCK);
    if (fd < 0) {
      if (fd === -ECONNREFUSED) this.reap();
      const listening = listenUnix(this.path, SOCK_SEQPACKET, 4);
      const child = tryClone(0, -1);
      if (child.pid === 0) becomeLogger(listening);
      closeFd(listening);
      if (child.pid < 0) throw new SysError("clone", LOGGER_NAME, -child.pid);
      pid = child.pid;
      this.child = pid;
      closeFd(child.pidfd);
      fd = tryConnectUnix(this.path, SOCK_SEQPACKET | SOCK_NONBLOCK);
      if (fd < 0) {
        trySignal(pid, SIGKILL);
        this.reap();
        throw new SysError("connect", this.path, -fd, fd === -ECONNREFUSED ? "the logger ended before its first word" : "");
      }
    }
    this.fd = fd;
    this.loop.add(fd, EPOLLIN, this);
    return pid;
  }

  /** The logger has closed its door and is about to end. */
  private reap(): void {
    if (this.child > 0) waitPid(this.child);
    this.child = 0;
  }

  isOpen(): boolean {
    return this.fd >= 0;
  }

  /** Sends one frame; false when it was dropped. */
  send(f: Frame, fds: number[] = []): boolean {
    if (this.fd < 0) return false;
    const bytes = packFrame(f);
    const r = trySend(this.fd, bytes, 0, bytes.length, fds);
    if (r < 0) this.dropped = this.dropped + 1;
    return r >= 0;
  }

  /** A line for a file of the logger's, which has it after flush(): each frame wakes it. */
  line(path: string, text: string, maxBytes: number): void {
    for (const w of this.waiting) {
      if (w.path !== path) continue;
      if (w.length + text.length > WAITING_LENGTH) {
        this.flush();
        break;
      }
      w.lines.push(text);
      w.length = w.length + text.length;
      return;
    }
    this.waiting.push({ path, lines: [text], length: text.length, maxBytes });
  }

  hasLines(): boolean {
    return this.waiting.length > 0;
  }

  /** Sends the lines that wait: before anything that may be the last this process does. */
  flush(): void {
    if (this.waiting.length === 0) return;
    const waiting = this.waiting;
    this.waiting = [];
    for (const w of waiting) this.send({ kind: "line", path: w.path, text: w.lines.join("\n"), maxBytes: w.maxBytes });
  }

  /** Lets go of the logger without ending it. */
  close(): void {
    if (this.fd < 0) return;
    this.flush();
    this.loop.remove(this.fd);
    closeFd(this.fd);
    this.fd = -1;
  }

  ready(_events: number): void {
    for (;;) {
      if (this.fd < 0) return;
      const r = receive(this.fd, this.buffer);
      if (r.size === -EAGAIN) return;
      if (r.size <= 0) {
        this.close();
        this.news.lost(); // it may still be there, with its consoles: reaped when its door is closed
        return;
      }
      const f = unpackFrame(this.buffer.subarray(0, r.size));
      if (f !== null && f.kind === "has" && r.fds.length === 1) this.news.has(f.name, r.fds[0]!);
      else for (const fd of r.fds) closeFd(fd);
      if (f !== null && f.kind === "hello") this.news.complete();
      if (f !== null && f.kind === "tail") this.news.tail(f.name, f.text);
      if (f !== null && f.kind === "ended") this.news.ended(f.name);
      if (f !== null && f.kind === "refused" && f.name === "") throw new Error(`${LOGGER_NAME}: ${f.why}`);
      if (f !== null && f.kind === "refused") this.news.refused(f.name, f.path, f.why);
    }
  }
}

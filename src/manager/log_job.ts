/**
 * Streams a container's log to a client of the control socket, from a worker:
 * slow storage and slow clients keep nobody else waiting.
 */
import { toUtf8 } from "../sys/text.ts";
import { EAGAIN } from "../sys/errno.ts";
import { O_RDONLY, EPOLLIN, EPOLLOUT } from "../sys/constants.ts";
import { closeFd, readAt, statPath, tryOpen, tryRead } from "../sys/files.ts";
import { openInotify, waitFor, watchPath } from "../sys/loop.ts";
import { trySend } from "../sys/sockets.ts";
import { Job } from "../supervisor/worker.ts";

const BLOCK = 16384;
const IN_MODIFY_MOVE = 2 + 0x800;

/** Streams the end of a log to a client's socket, and goes on while the client listens when asked. */
export class LogJob extends Job {
  private readonly path: string;
  private readonly lines: number;
  private readonly follow: boolean;
  private readonly fd: number;

  constructor(path: string, lines: number, follow: boolean, fd: number) {
    super();
    this.path = path;
    this.lines = lines;
    this.follow = follow;
    this.fd = fd;
  }

  run(): string {
    if (!this.put(toUtf8("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"))) return "";
    const text = lastLines(this.path, this.lines);
    if (!this.put(text.bytes) || !this.follow) return "";
    const notify = openInotify();
    let at = text.end;
    for (;;) {
      if (at >= 0) watchPathOf(notify, this.path);
      const more = readFrom(this.path, at);
      if (!this.put(more.bytes)) return "";
      at = more.end;
      if (waitFor(notify, EPOLLIN, 5000) > 0) drain(notify);
      if (waitFor(this.fd, EPOLLIN, 0) !== 0) return ""; // the client has gone
    }
  }

  private put(bytes: Uint8Array): boolean {
    let at = 0;
    while (at < bytes.length) {
      const n = trySend(this.fd, bytes, at, bytes.length - at);
      if (n === -EAGAIN) waitFor(this.fd, EPOLLOUT, 10000);
      else if (n <= 0) return false;
      else at += n;
    }
    return true;
  }
}

type Piece = { bytes: Uint8Array; end: number };

function watchPathOf(notify: number, path: string): void {
  if (statPath(path) !== null) watchPath(notify, path, IN_MODIFY_MOVE);
}

function drain(fd: number): void {
  const b = new Uint8Array(4096);
  tryRead(fd, b, 0, b.length);
}

/** What the file holds from a position on; a file that became shorter starts anew. */
function readFrom(path: string, from: number): Piece {
  const s = statPath(path, true);
  if (s === null) return { bytes: new Uint8Array(0), end: 0 };
  const start = s.size < from ? 0 : from;
  const fd = tryOpen(path, O_RDONLY);
  if (fd < 0) return { bytes: new Uint8Array(0), end: from };
  const bytes = readAt(fd, start, Math.min(s.size - start, 1048576));
  closeFd(fd);
  return { bytes, end: start + bytes.length };
}

/** The last lines of a file, looking back at most 256 KiB. */
function lastLines(path: string, lines: number): Piece {
  const s = statPath(path, true);
  const size = s === null ? 0 : s.size;
  const piece = readFrom(path, Math.max(0, size - 16 * BLOCK));
  let seen = 0;
  let start = piece.bytes.length;
  while (start > 0) {
    if (piece.bytes[start - 1] === 10 && start < piece.bytes.length) seen += 1;
    if (seen >= lines) break;
    start -= 1;
  }
  return { bytes: piece.bytes.subarray(start), end: piece.end };
}

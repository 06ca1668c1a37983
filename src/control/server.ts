/**
 * The control socket: connections, callers, answers in order. What a request
 * means is the handler's. A client that closes its writing side still gets
 * its answer; a slow reader holds up nobody; nothing is unbounded.
 * Rules: control spec, "Socket", "Caller identity", "HTTP profile".
 */
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, SOCK_STREAM } from "../sys/constants.ts";
import { EAGAIN } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { changeMode, closeFd, tryRead, tryUnlink } from "../sys/files.ts";
import { type Loop, wallSeconds, Watch } from "../sys/loop.ts";
import { listenUnix, peerOf, tryAccept, trySend } from "../sys/sockets.ts";
import { RequestParser, type Request } from "./request.ts";
import { formatResponse, httpDate, refusal, type Response } from "./response.ts";

/** Most connections at a time, most bytes a client may leave unread, largest request body. */
export const MAX_CONNECTIONS = 64;
const MAX_UNREAD = 4 * 1048576;
const BODY_BYTES = 1048576;

/** Who asks: pid as the kernel knows it at the moment of connecting. */
export type Caller = { pid: number; uid: number };

/** What may become of a request: an answer now, or the connection is taken over (a worker streams on it). */
export type Handled = { kind: "answer"; response: Response } | { kind: "taken" };

export abstract class Handler {
  abstract handle(request: Request, caller: Caller, fd: number): Handled;
}

class Connection extends Watch {
  readonly fd: number;
  private readonly server: ControlServer;
  private readonly caller: Caller;
  private readonly parser: RequestParser = new RequestParser(BODY_BYTES);
  private queue: Uint8Array[] = [];
  private sent = 0;
  private unread = 0;
  private ended = false;
  private closing = false;
  private continued = false;

  constructor(server: ControlServer, fd: number, caller: Caller) {
    super();
    this.server = server;
    this.fd = fd;
    this.caller = caller;
  }

  ready(events: number): void {
    if (Math.floor(events / EPOLLERR) % 2 === 1) {
      this.server.drop(this);
      return;
    }
    if (!this.ended && !this.closing) this.read();
    this.flush();
  }

  private read(): void {
    const n = tryRead(this.fd, this.server.buffer, 0, this.server.buffer.length);
    if (n === -EAGAIN) return;
    if (n <= 0) {
      this.ended = true;
      return;
    }
    this.parser.feed(this.server.buffer, n);
    this.answerAll();
  }

  private answerAll(): void {
    while (!this.closing) {
      const p = this.parser.next();
      if (p.kind === "more") {
        if (!this.continued && this.parser.wantsContinue()) {
          this.continued = true;
          this.push(new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n"));
        }
        return;
      }
      if (p.kind === "close") {
        this.closing = true;
        return;
      }
      if (p.kind === "refuse") {
        this.closing = true;
        this.push(formatResponse(refusal(p.status, p.error), "1.1", false, httpDate(wallSeconds())));
        return;
      }
      this.continued = false;
      const handled = this.server.handler.handle(p.request, this.caller, this.fd);
      if (handled.kind === "taken") {
        this.closing = true;
        return;
      }
      this.closing = !p.request.keepAlive;
      this.push(formatResponse(handled.response, p.request.version, p.request.keepAlive, httpDate(wallSeconds())));
    }
  }

  private push(bytes: Uint8Array): void {
    this.queue.push(bytes);
    this.unread = this.unread + bytes.length;
  }

  private flush(): void {
    while (this.queue.length > 0) {
      const first = this.queue[0]!;
      const n = trySend(this.fd, first, this.sent, first.length - this.sent);
      if (n === -EAGAIN) break;
      if (n < 0) {
        this.server.drop(this);
        return;
      }
      this.sent = this.sent + n;
      this.unread = this.unread - n;
      if (this.sent < first.length) continue;
      this.queue.splice(0, 1);
      this.sent = 0;
    }
    if (this.unread > MAX_UNREAD || (this.queue.length === 0 && (this.closing || this.ended))) {
      this.server.drop(this);
      return;
    }
    const wanted = this.queue.length > 0 ? EPOLLOUT : EPOLLIN;
    this.server.wait(this, wanted);
  }
}

export class ControlServer extends Watch {
  readonly handler: Handler;
  readonly buffer: Uint8Array = new Uint8Array(16384);
  private readonly loop: Loop;
  private readonly path: string;
  private readonly connections: Map<number, Connection> = new Map<number, Connection>();
  private fd = -1;

  constructor(loop: Loop, path: string, handler: Handler) {
    super();
    this.loop = loop;
    this.path = path;
    this.handler = handler;
  }

  /**
   * Listens. existing >= 0: the socket of the manager before us, whose file
   * containers have bound; else the file is made anew. Mode 0666: who may do
   * what is decided by caller, not by file mode. Result: the descriptor.
   */
  open(existing: number): number {
    if (existing >= 0) {
      this.fd = existing;
    } else {
      this.fd = listenUnix(this.path, SOCK_STREAM, 128);
      changeMode(this.path, 0o666);
    }
    this.loop.add(this.fd, EPOLLIN, this);
    return this.fd;
  }

  close(): void {
    for (const c of [...this.connections.values()]) this.drop(c);
    if (this.fd < 0) return;
    this.loop.remove(this.fd);
    closeFd(this.fd);
    this.fd = -1;
    tryUnlink(this.path);
  }

  ready(_events: number): void {
    const fd = tryAccept(this.fd);
    if (fd < 0) return;
    if (this.connections.size >= MAX_CONNECTIONS) {
      closeFd(fd);
      return;
    }
    try {
      const peer = peerOf(fd);
      const c = new Connection(this, fd, { pid: peer.pid, uid: peer.uid });
      this.connections.set(fd, c);
      this.loop.add(fd, EPOLLIN, c);
    } catch (e) {
      closeFd(fd);
      if (!(e instanceof SysError)) throw e;
    }
  }

  wait(c: Connection, events: number): void {
    if (this.connections.has(c.fd)) this.loop.change(c.fd, events + EPOLLHUP);
  }

  drop(c: Connection): void {
    if (!this.connections.has(c.fd)) return;
    this.connections.delete(c.fd);
    this.loop.remove(c.fd);
    closeFd(c.fd);
  }
}

/**
 * One look at a container's health over a socket: a connection, or an HTTP
 * request and its status. Sockets are made in the container's network, paths
 * are resolved below its root. Never blocks; told within the timeout.
 */
import { openInRoot } from "../container/resolve.ts";
import { addressBytes } from "../net/link_bytes.ts";
import type { HealthCheck } from "../state/model.ts";
import { AF_INET, AF_INET6, CLONE_NEWNET, EPOLLIN, EPOLLOUT, O_DIRECTORY, O_PATH, O_RDONLY, SOCK_NONBLOCK, SOCK_STREAM } from "../sys/constants.ts";
import { EAGAIN, EINPROGRESS, EINVAL, errnoName } from "../sys/errno.ts";
import { closeFd, openFile, tryRead, tryWrite } from "../sys/files.ts";
import { Timer, Watch, type Loop } from "../sys/loop.ts";
import { enterNamespace } from "../sys/processes.ts";
import { connectError, openSocket, tryConnectInet, tryConnectUnix } from "../sys/sockets.ts";
import { fromUtf8, parseDecimal, toUtf8 } from "../sys/text.ts";
import type { InsideEnd } from "./inside.ts";

/** Of "HTTP/1.1 200 OK". */
const STATUS_AT = 9;
const STATUS_LINE = 12;

/** Why an answer is not a healthy one, "" when it is. status: the one expected, 0 for any of 200 to 399. */
export function judgeAnswer(text: string, status: number): string {
  const found = text.startsWith("HTTP/1.") ? parseDecimal(text.slice(STATUS_AT, STATUS_LINE)) : -1;
  if (found < 0) return "the answer is not HTTP";
  const fine = status === 0 ? found >= 200 && found < 400 : found === status;
  return fine ? "" : `answered ${found}`;
}

/** The host of a check as addresses are written before a port. */
export function hostText(c: HealthCheck): string {
  return c.host.includes(":") ? `[${c.host}]` : c.host;
}

class Late extends Timer {
  private readonly probe: SocketProbe;
  constructor(probe: SocketProbe) {
    super();
    this.probe = probe;
  }
  expired(): void {
    this.probe.finish(`no answer within ${this.probe.check.timeoutMs} ms`);
  }
}

export class SocketProbe extends Watch {
  readonly check: HealthCheck;
  private readonly loop: Loop;
  private readonly pid: number;
  private readonly end: InsideEnd;
  private readonly timer: Timer = new Late(this);
  private fd = -1;
  private connected = false;
  private text = "";

  /** pid: the container's init. */
  constructor(loop: Loop, check: HealthCheck, pid: number, end: InsideEnd) {
    super();
    this.loop = loop;
    this.check = check;
    this.pid = pid;
    this.end = end;
  }

  /** The result may come at once. */
  start(): void {
    this.loop.arm(this.timer, this.check.timeoutMs);
    const r = this.check.socket === "" ? this.connectInet() : this.connectUnix();
    if (r < 0) this.finish(`connect: ${errnoName(-r)}`);
    else this.loop.add(this.fd, EPOLLOUT, this);
  }

  private connectInet(): number {
    const address = addressBytes(this.check.host === "localhost" ? "127.0.0.1" : this.check.host);
    if (address.length === 0) return -EINVAL;
    const home = openFile("/proc/self/ns/net", O_RDONLY);
    const theirs = openFile(`/proc/${this.pid}/ns/net`, O_RDONLY);
    try {
      enterNamespace(theirs, CLONE_NEWNET, "the container's network");
      try {
        this.fd = openSocket(address.length === 4 ? AF_INET : AF_INET6, SOCK_STREAM, 0, true);
      } finally {
        enterNamespace(home, CLONE_NEWNET, "the host's network");
      }
    } finally {
      closeFd(theirs);
      closeFd(home);
    }
    const r = tryConnectInet(this.fd, address, this.check.port);
    return r === -EINPROGRESS ? 0 : r;
  }

  /** By a descriptor: links in the container's tree don't lead out of it. */
  private connectUnix(): number {
    const root = openFile(`/proc/${this.pid}/root`, O_PATH | O_DIRECTORY);
    const place = openInRoot(root, this.check.socket);
    closeFd(root);
    if (place < 0) return place;
    this.fd = tryConnectUnix(`/proc/self/fd/${place}`, SOCK_STREAM | SOCK_NONBLOCK);
    closeFd(place);
    return this.fd;
  }

  ready(_events: number): void {
    if (!this.connected) this.afterConnect();
    else this.read();
  }

  private afterConnect(): void {
    const refused = connectError(this.fd);
    if (refused > 0 || this.check.kind === "tcp") {
      this.finish(refused > 0 ? `connect: ${errnoName(refused)}` : "");
      return;
    }
    this.connected = true;
    const request = toUtf8(`GET ${this.check.path} HTTP/1.0\r\nHost: ${this.check.socket === "" ? hostText(this.check) : "localhost"}\r\nConnection: close\r\n\r\n`);
    const n = tryWrite(this.fd, request, 0, request.length);
    if (n !== request.length) this.finish("the request was not taken");
    else this.loop.change(this.fd, EPOLLIN);
  }

  private read(): void {
    const b = new Uint8Array(512);
    const n = tryRead(this.fd, b, 0, b.length);
    if (n === -EAGAIN) return;
    if (n > 0) this.text += fromUtf8(b.subarray(0, n));
    if (n <= 0 || this.text.length >= STATUS_LINE) this.finish(judgeAnswer(this.text, this.check.status));
  }

  /** why: "" when it is healthy. */
  finish(why: string): void {
    this.cancel();
    this.end.ended(why === "", why);
  }

  /** Ends it without telling anyone. */
  cancel(): void {
    this.loop.disarm(this.timer);
    if (this.fd < 0) return;
    this.loop.remove(this.fd);
    closeFd(this.fd);
    this.fd = -1;
  }
}

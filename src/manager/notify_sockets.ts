/**
 * One datagram socket for each container that wants one: what arrives on it
 * comes from that container. Its folder is shown inside, so that a new socket
 * would be found too; the logger keeps the descriptors while there is no
 * manager, and with them what was said meanwhile. Source: sd_notify(3).
 */
import type { LoggerClient } from "../log/client.ts";
import { parseNotification, type Notification } from "../supervisor/notification.ts";
import { EPOLLIN, SOCK_DGRAM } from "../sys/constants.ts";
import { changeMode, closeFd, makeDirectories } from "../sys/files.ts";
import { Watch, type Loop } from "../sys/loop.ts";
import { listenUnix, receive } from "../sys/sockets.ts";
import { fromUtf8 } from "../sys/text.ts";

export abstract class NotifyListener {
  abstract notified(container: string, n: Notification): void;
}

/** Names of the descriptors that the logger keeps. */
const KEPT = "notify/";
const DATAGRAM_BYTES = 4096;
const MESSAGES_A_TURN = 32;

class NotifySocket extends Watch {
  readonly container: string;
  readonly fd: number;
  private readonly listener: NotifyListener;

  constructor(container: string, fd: number, listener: NotifyListener) {
    super();
    this.container = container;
    this.fd = fd;
    this.listener = listener;
  }

  ready(_events: number): void {
    this.read(true);
  }

  /** heard: what comes is told; else it is of an earlier run. */
  read(heard: boolean): void {
    const b = new Uint8Array(DATAGRAM_BYTES);
    for (let i = 0; i < MESSAGES_A_TURN; i++) {
      const got = receive(this.fd, b);
      for (const fd of got.fds) closeFd(fd); // BARRIER=1 and its like: closing is the answer
      if (got.size < 0) return;
      if (heard) this.listener.notified(this.container, parseNotification(fromUtf8(b.subarray(0, Math.min(got.size, b.length)))));
    }
  }
}

export class NotifySockets {
  private readonly loop: Loop;
  private readonly folder: string;
  private readonly logger: LoggerClient;
  private readonly listener: NotifyListener;
  private readonly sockets: NotifySocket[] = [];

  constructor(loop: Loop, folder: string, logger: LoggerClient, listener: NotifyListener) {
    this.loop = loop;
    this.folder = folder;
    this.logger = logger;
    this.listener = listener;
  }

  /** A descriptor that the logger has kept; true when it is one of ours. */
  inherit(kept: string, fd: number): boolean {
    if (!kept.startsWith(`@${KEPT}`)) return false;
    this.sockets.push(new NotifySocket(kept.slice(KEPT.length + 1), fd, this.listener));
    return true;
  }

  /** The container's socket is there, with what was said in it before. */
  open(container: string): void {
    if (this.sockets.some((s) => s.container === container)) return;
    makeDirectories(`${this.folder}/${container}`);
    changeMode(this.folder, 0o700);
    const path = `${this.folder}/${container}/notify`;
    const fd = listenUnix(path, SOCK_DGRAM, 0);
    changeMode(path, 0o666);
    this.sockets.push(new NotifySocket(container, fd, this.listener));
    this.logger.send({ kind: "keep", name: `${KEPT}${container}` }, [fd]);
  }

  /** Once the containers are known: from now on what arrives is told, what has arrived first. */
  listen(): void {
    for (const s of this.sockets) this.loop.add(s.fd, EPOLLIN, s);
  }

  /** Nothing in the container's socket is of an earlier run any more. */
  drain(container: string): void {
    for (const s of this.sockets) if (s.container === container) s.read(false);
  }

  /** To a new logger: everything we hold. */
  handOver(): void {
    for (const s of this.sockets) this.logger.send({ kind: "keep", name: `${KEPT}${s.container}` }, [s.fd]);
  }
}

/**
 * The manager's end of the socket pair with PID 1: messages out, messages in.
 * Without PID 1 (a daemon) nothing is sent and nothing comes.
 */
import { packMail, unpackMail, type Mail } from "../init/mail.ts";
import { EPOLLIN } from "../sys/constants.ts";
import { EAGAIN } from "../sys/errno.ts";
import { closeFd } from "../sys/files.ts";
import { Watch, type Loop } from "../sys/loop.ts";
import { trySetNonBlocking } from "../sys/relative.ts";
import { receive, trySend } from "../sys/sockets.ts";

export abstract class MailListener {
  abstract mailed(m: Mail): void;
}

const MESSAGE_BYTES = 256;

export class Mailbox extends Watch {
  private readonly loop: Loop;
  private readonly fd: number;
  private readonly listener: MailListener;

  /** fd: -1 without PID 1. */
  constructor(loop: Loop, fd: number, listener: MailListener) {
    super();
    this.loop = loop;
    this.fd = fd;
    this.listener = listener;
  }

  open(): void {
    if (this.fd < 0) return;
    trySetNonBlocking(this.fd);
    this.loop.add(this.fd, EPOLLIN, this);
  }

  send(m: Mail): void {
    if (this.fd < 0) return;
    const b = packMail(m);
    trySend(this.fd, b, 0, b.length);
  }

  ready(_events: number): void {
    const b = new Uint8Array(MESSAGE_BYTES);
    for (;;) {
      const r = receive(this.fd, b);
      for (const fd of r.fds) closeFd(fd);
      if (r.size === -EAGAIN) return;
      if (r.size <= 0) {
        this.loop.remove(this.fd);
        return;
      }
      const m = unpackMail(b.subarray(0, r.size));
      if (m !== null) this.listener.mailed(m);
    }
  }
}

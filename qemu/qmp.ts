/**
 * QEMU's machine protocol over its unix socket: commands with their answers,
 * events as they come. Source: QEMU docs/interop/qmp-spec.
 */
import { connect, type Socket } from "node:net";

export type QmpEvent = { event: string; data?: { [key: string]: unknown } };
type Answer = { return?: unknown; error?: { desc: string } };

export class Qmp {
  private readonly socket: Socket;
  private readonly waiting: { done: (v: unknown) => void; refuse: (e: Error) => void }[] = [];
  private rest = "";

  private constructor(socket: Socket, onEvent: (e: QmpEvent) => void) {
    this.socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (d: string) => {
      const lines = (this.rest + d).split("\n");
      this.rest = lines.pop() ?? "";
      for (const l of lines) if (l.trim() !== "") this.take(JSON.parse(l) as Answer & Partial<QmpEvent>, onEvent);
    });
    socket.on("close", () => {
      for (const w of this.waiting.splice(0)) w.refuse(new Error("the emulator has ended"));
    });
    socket.on("error", () => socket.destroy());
  }

  /** Connects as soon as the emulator has made its socket; gives up when `ended` says so. */
  static async open(path: string, onEvent: (e: QmpEvent) => void, ended: () => boolean): Promise<Qmp> {
    for (;;) {
      const socket = await new Promise<Socket | undefined>((done) => {
        const s = connect(path, () => done(s));
        s.on("error", () => done(undefined));
      });
      if (socket !== undefined) {
        const q = new Qmp(socket, onEvent);
        await q.command("qmp_capabilities");
        return q;
      }
      if (ended()) throw new Error("the emulator ended before it opened its control socket");
      await new Promise((r) => setTimeout(r, 20));
    }
  }

  command(execute: string, args: { [key: string]: unknown } = {}): Promise<unknown> {
    return new Promise((done, refuse) => {
      if (this.socket.destroyed) {
        refuse(new Error("the emulator has ended"));
        return;
      }
      this.waiting.push({ done, refuse });
      this.socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private take(m: Answer & Partial<QmpEvent>, onEvent: (e: QmpEvent) => void): void {
    if (m.event !== undefined) onEvent({ event: m.event, data: m.data });
    else if (m.error !== undefined) this.waiting.shift()?.refuse(new Error(m.error.desc));
    else if ("return" in m) this.waiting.shift()?.done(m.return);
  }
}

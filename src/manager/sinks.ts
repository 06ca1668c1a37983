/**
 * Where the manager's own lines go: to standard error at once, and to the
 * logger, which writes pantavisor.log in the format existing tools read.
 * Rules: logs spec, "Outputs" (pv format).
 */
import { Sink, type Level } from "../log/line.ts";
import type { LoggerClient } from "../log/client.ts";
import { upperAscii } from "../sys/ascii.ts";
import { tryWrite } from "../sys/files.ts";
import { monotonicMs } from "../sys/loop.ts";
import { toUtf8 } from "../sys/text.ts";

export class ManagerSink extends Sink {
  private logger: LoggerClient | null = null;
  private path = "";
  private maxBytes = 0;

  /** From now on lines also go to this file. */
  attach(logger: LoggerClient, path: string, maxBytes: number): void {
    this.logger = logger;
    this.path = path;
    this.maxBytes = maxBytes;
  }

  line(level: Level, room: string, text: string): void {
    const b = toUtf8(`${level} ${room}: ${text}\n`);
    tryWrite(2, b, 0, b.length);
    const logger = this.logger;
    if (logger === null || !logger.isOpen()) return;
    const seconds = Math.floor(monotonicMs() / 1000);
    logger.send({ kind: "line", path: this.path, text: `[pantavisor] ${seconds} ${upperAscii(level)}\t -- [${room}]: ${text}`, maxBytes: this.maxBytes });
  }
}

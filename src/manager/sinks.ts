/**
 * Where the manager's own lines go: to standard error at once, as long as
 * somebody takes them there (a console may be stopped, a pipe may be full, and
 * the containers must not wait for that), and to the logger, which writes pantavisor.log in the format existing tools read. Errors
 * of a trial are kept as well. Rules: logs spec, "Outputs" (pv format);
 * lifecycle spec §4 ("logs").
 */
import { Sink, type Level } from "../log/line.ts";
import type { LoggerClient } from "../log/client.ts";
import { quoted } from "../json/text.ts";
import { upperAscii } from "../sys/ascii.ts";
import { tryWrite } from "../sys/files.ts";
import { EPOLLOUT } from "../sys/constants.ts";
import { monotonicMs, waitFor } from "../sys/loop.ts";
import { toUtf8 } from "../sys/text.ts";

/** Source: lifecycle spec §4. */
const MAX_ERROR_BYTES = 4096;

export class ManagerSink extends Sink {
  private logger: LoggerClient | null = null;
  private path = "";
  private maxBytes = 0;
  private keeps = false;
  /** Lines since standard error takes none. */
  private missed = 0;
  /** Errors since keepErrors(), an object of JSON a line. */
  errors = "";

  /** From now on lines also go to this file. */
  attach(logger: LoggerClient, path: string, maxBytes: number): void {
    this.logger = logger;
    this.path = path;
    this.maxBytes = maxBytes;
  }

  keepErrors(): void {
    this.keeps = true;
  }

  line(level: Level, room: string, text: string): void {
    this.print(`${level} ${room}: ${text}\n`);
    if (this.keeps && level === "error") this.keep(room, text);
    const logger = this.logger;
    if (logger === null || !logger.isOpen()) return;
    const seconds = Math.floor(monotonicMs() / 1000);
    logger.send({ kind: "line", path: this.path, text: `[pantavisor] ${seconds} ${upperAscii(level)}\t -- [${room}]: ${text}`, maxBytes: this.maxBytes });
  }

  private print(line: string): void {
    if (waitFor(2, EPOLLOUT, 0) === 0) {
      this.missed = this.missed + 1;
      return;
    }
    const b = toUtf8(this.missed === 0 ? line : `warn log: ${this.missed} lines were not taken here\n${line}`);
    this.missed = 0;
    tryWrite(2, b, 0, b.length);
  }

  /** The first ones say most: what has no room any more is left out. */
  private keep(room: string, text: string): void {
    const now = monotonicMs();
    const seconds = Math.floor(now / 1000);
    const nanoseconds = Math.round((now - seconds * 1000) * 1000000);
    const line = `{"tsec":${seconds},"tnano":${nanoseconds},"platform":"pantavisor","lvl":"ERROR","src":${quoted(room)},"msg":${quoted(text)}}\n`;
    if (toUtf8(this.errors + line).length <= MAX_ERROR_BYTES) this.errors = this.errors + line;
  }
}

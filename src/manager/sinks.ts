/**
 * Where the manager's own lines go: to standard error at once, as long as
 * somebody takes them there (a console may be stopped, a pipe may be full, and
 * the containers must not wait for that), and to the logger, which writes pantavisor.log in the format existing tools read, and
 * those about a container once more into its lxc/lxc.log. Errors of a trial
 * are kept as well. Rules: logs spec, "Outputs" (pv format), §8 "LXC log";
 * lifecycle spec §4 ("logs").
 */
import { levelNumber, Sink, type Level } from "../log/line.ts";
import type { LoggerClient } from "../log/client.ts";
import { quoted } from "../json/text.ts";
import { tryWrite } from "../sys/files.ts";
import { EPOLLOUT } from "../sys/constants.ts";
import { monotonicMs, waitFor } from "../sys/loop.ts";
import { toUtf8 } from "../sys/text.ts";

/** Our levels as pantavisor.log has them. */
const LEVEL_WORDS = ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

/** What LXC calls our levels, by our numbers: fatal, error, warn, info, debug, trace. Source: lxc.container.conf(5). */
const LXC_LEVELS = [8, 5, 4, 2, 1, 0];

/** Level of a warning: such lines, and worse, don't wait for others. */
const WORRYING = 2;

/** Source: lifecycle spec §4. */
const MAX_ERROR_BYTES = 4096;

export class ManagerSink extends Sink {
  private logger: LoggerClient | null = null;
  private path = "";
  private maxBytes = 0;
  private keeps = false;
  /** Lines since standard error takes none. */
  private missed = 0;
  /** Containers with a log of their own, the folder of theirs, and from which level on. */
  private containers: string[] = [];
  private folder = "";
  private runtimeLevel = 0;
  /** Errors since keepErrors(), an object of JSON a line. */
  errors = "";

  /** From now on lines also go to this file. */
  attach(logger: LoggerClient, path: string, maxBytes: number): void {
    this.logger = logger;
    this.path = path;
    this.maxBytes = maxBytes;
  }

  /** From now on lines about these containers also go to <folder>/<name>/lxc/lxc.log. level: PV_LXC_LOG_LEVEL. */
  attachContainers(containers: string[], folder: string, level: number): void {
    this.containers = containers;
    this.folder = folder;
    this.runtimeLevel = level;
  }

  keepErrors(): void {
    this.keeps = true;
  }

  line(level: Level, room: string, text: string, about: string): void {
    this.print(`${level} ${room}: ${text}\n`);
    if (this.keeps && level === "error") this.keep(room, text);
    const logger = this.logger;
    if (logger === null || !logger.isOpen()) return;
    const number = levelNumber(level);
    const rest = `] ${Math.floor(monotonicMs() / 1000)} ${LEVEL_WORDS[number]!}\t -- [${room}]: ${text}`;
    logger.line(this.path, `[pantavisor${rest}`, this.maxBytes);
    if (LXC_LEVELS[number]! >= this.runtimeLevel && this.containers.includes(about)) logger.line(`${this.folder}/${about}/lxc/lxc.log`, `[${about}${rest}`, this.maxBytes);
    if (number <= WORRYING) logger.flush(); // what comes next may be the end of this process
  }

  private print(line: string): void {
    if (waitFor(2, EPOLLOUT, 0) === 0) {
      this.missed = this.missed + 1;
      return;
    }
    const b = toUtf8(this.missed === 0 ? line : `warn log: ${this.missed} lines were not taken here\n${line}`);
    this.missed = tryWrite(2, b, 0, b.length) < 0 ? this.missed + 1 : 0;
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

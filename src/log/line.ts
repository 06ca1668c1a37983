/**
 * Our own log lines: `level room: what happened key=value`. Formats and
 * filters; where lines go is the sink's business. Never blocks.
 * Levels: logs spec, "Pieces".
 */

export type Level = "fatal" | "error" | "warn" | "info" | "debug" | "trace";

const LEVELS: Level[] = ["fatal", "error", "warn", "info", "debug", "trace"];

export function levelNumber(level: Level): number {
  return LEVELS.indexOf(level);
}

/** Takes finished lines, without newline. about: the container's name, "" when the line is about none. */
export abstract class Sink {
  abstract line(level: Level, room: string, text: string, about: string): void;
}

/** A value as it stands behind `key=`: quoted when it has blanks, quotes or control characters. */
export function formatValue(value: string): string {
  let plain = value.length > 0;
  let quotable = true;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c <= 32 || c === 34 || c === 127) plain = false;
    if (c < 32 || c === 34 || c === 92 || c === 127) quotable = false;
  }
  if (plain) return value;
  if (quotable) return `"${value}"`;
  const parts: string[] = ["\""];
  for (let i = 0; i < value.length; i++) {
    const c = value.charAt(i);
    const code = value.charCodeAt(i);
    if (c === "\"" || c === "\\") parts.push(`\\${c}`);
    else if (code === 10) parts.push("\\n");
    else if (code < 32 || code === 127) parts.push("?");
    else parts.push(c);
  }
  parts.push("\"");
  return parts.join("");
}

/** Lines of one process, filtered by level, written to its sink. */
export class Log {
  private readonly sink: Sink;
  private threshold: number;

  constructor(sink: Sink, threshold: number) {
    this.sink = sink;
    this.threshold = threshold;
  }

  /** Lines above this level number are dropped; fatal never is. */
  setThreshold(threshold: number): void {
    this.threshold = threshold;
  }

  /** fields: key, value, key, value, …; the first one is "name" when it is about a container. */
  write(level: Level, room: string, what: string, fields: string[] = []): void {
    const n = levelNumber(level);
    if (n > this.threshold && n > 0) return;
    let text = what;
    for (let i = 0; i + 1 < fields.length; i += 2) text = `${text} ${fields[i]!}=${formatValue(fields[i + 1]!)}`;
    this.sink.line(level, room, text, fields[0] === "name" ? fields[1]! : "");
  }

  error(room: string, what: string, fields: string[] = []): void {
    this.write("error", room, what, fields);
  }
  warn(room: string, what: string, fields: string[] = []): void {
    this.write("warn", room, what, fields);
  }
  info(room: string, what: string, fields: string[] = []): void {
    this.write("info", room, what, fields);
  }
  debug(room: string, what: string, fields: string[] = []): void {
    this.write("debug", room, what, fields);
  }
}

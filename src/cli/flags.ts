/**
 * Command lines from a table: one row a flag, from which parsing and --help
 * are both made. Long names, "--name=value" or "--name value", an optional
 * one-letter form. Pure.
 */

/** value: what the help calls it, "" for a flag that is on or off. short: "" or one letter. */
export type Flag = { name: string; short: string; value: string; says: string };

/** What a subcommand takes. positional: as the usage line writes it. */
export type CommandLine = { name: string; positional: string; says: string; flags: Flag[]; examples: string[] };

export class Flags {
  private readonly names: string[] = [];
  private readonly values: string[] = [];
  /** Words that are no flags. */
  readonly words: string[] = [];
  /** Why the command line can't be taken, "" when it can. */
  problem: string = "";

  add(name: string, value: string): void {
    this.names.push(name);
    this.values.push(value);
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  /** The last value given, or `otherwise`. */
  text(name: string, otherwise: string): string {
    let value = otherwise;
    for (let i = 0; i < this.names.length; i++) if (this.names[i]! === name) value = this.values[i]!;
    return value;
  }

  /** Every value given, in order. */
  all(name: string): string[] {
    const out: string[] = [];
    for (let i = 0; i < this.names.length; i++) if (this.names[i] === name) out.push(this.values[i]!);
    return out;
  }
}

function findFlag(flags: Flag[], name: string): Flag | null {
  for (const f of flags) if (f.name === name || (f.short !== "" && f.short === name)) return f;
  return null;
}

/** One-letter flags of a word such as "-it"; the last may take the next word. */
function lettersOf(word: string): string[] {
  const out: string[] = [];
  for (let i = 1; i < word.length; i++) out.push(word.charAt(i));
  return out;
}

/** Reads a command line. untilWord: everything from the first word on is the command of somebody else. */
export function parseFlags(line: CommandLine, args: string[], untilWord: number): Flags {
  const out = new Flags();
  let i = 0;
  while (i < args.length && out.problem === "") {
    const word = args[i]!;
    i += 1;
    const command = untilWord >= 0 && out.words.length > untilWord;
    if (command || word === "-" || !word.startsWith("-")) {
      out.words.push(word);
      continue;
    }
    if (word === "--") {
      for (const rest of args.slice(i)) out.words.push(rest);
      break;
    }
    const eq = word.indexOf("=");
    const long = word.startsWith("--");
    const names = long ? [word.slice(2, eq < 0 ? word.length : eq)] : lettersOf(word);
    for (const name of names) {
      const flag = name === "help" || name === "h" ? { name: "help", short: "h", value: "", says: "" } : findFlag(line.flags, name);
      if (flag === null) out.problem = `unknown flag ${word}`;
      else if (flag.value === "" && long && eq >= 0) out.problem = `--${flag.name} takes no value`;
      else if (flag.value === "") out.add(flag.name, "");
      else if (long && eq >= 0) out.add(flag.name, word.slice(eq + 1));
      else if (i < args.length) {
        out.add(flag.name, args[i]!);
        i += 1;
      } else out.problem = `--${flag.name} needs a value: ${flag.value}`;
    }
  }
  return out;
}

function padded(s: string, width: number): string {
  let out = s;
  while (out.length < width) out = `${out} `;
  return out;
}

/** Words of the flag as the help shows them. */
function flagLabel(f: Flag): string {
  const value = f.value === "" ? "" : ` ${f.value}`;
  return f.short === "" ? `    --${f.name}${value}` : `-${f.short}, --${f.name}${value}`;
}

export function formatUsage(line: CommandLine): string {
  return `usage: wherry ${line.name}${line.flags.length === 0 ? "" : " [flags]"} ${line.positional}`;
}

/** The text of --help. */
export function formatHelp(line: CommandLine): string {
  const out = [formatUsage(line), "", line.says];
  if (line.flags.length > 0) out.push("", "flags:");
  let width = 0;
  for (const f of line.flags) width = Math.max(width, flagLabel(f).length);
  for (const f of line.flags) out.push(`  ${padded(flagLabel(f), width)}  ${f.says}`);
  if (line.examples.length > 0) out.push("", "examples:");
  for (const e of line.examples) out.push(`  ${e}`);
  return `${out.join("\n")}\n`;
}

const SIZE_UNITS = "kmgtKMGT";

/** "64m", "1G", "4096" → bytes; -1 when it is none. */
export function parseSize(text: string): number {
  let digits = text.endsWith("b") || text.endsWith("B") ? text.slice(0, text.length - 1) : text;
  let scale = 1;
  const unit = digits === "" ? -1 : SIZE_UNITS.indexOf(digits.slice(digits.length - 1));
  if (unit >= 0) {
    digits = digits.slice(0, digits.length - 1);
    scale = 1024 ** (unit % 4 + 1);
  }
  const n = parseCount(digits);
  return n < 0 || n * scale > 9007199254740991 ? -1 : n * scale;
}

/** Decimal digits only → the number; -1 when it is none. */
export function parseCount(text: string): number {
  if (text === "" || text.length > 15) return -1;
  let n = 0;
  for (let i = 0; i < text.length; i++) {
    const d = text.charCodeAt(i) - 48;
    if (d < 0 || d > 9) return -1;
    n = n * 10 + d;
  }
  return n;
}

/** "1.5" → 1.5, at most three digits behind the point; -1 when it is none. */
export function parseFraction(text: string): number {
  const point = text.indexOf(".");
  const whole = parseCount(point < 0 ? text : text.slice(0, point));
  if (point < 0 || whole < 0) return whole;
  const rest = text.slice(point + 1);
  const n = rest.length > 3 ? -1 : parseCount(rest);
  return n < 0 ? -1 : whole + n / 10 ** rest.length;
}

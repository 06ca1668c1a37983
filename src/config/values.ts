/**
 * One configuration value as somebody wrote it → its canonical text, or why
 * it is not one. Canonical: 0/1 for bool, decimal for numbers, seconds for
 * durations, the word for enums, the mask number for log outputs.
 * Rules: configuration spec "Syntax".
 */
import { lowerAscii } from "../sys/ascii.ts";
import type { ConfigKey } from "./keys.ts";

/** why: "" when text is the value, else what is wrong; text is then "". warn: accepted with a word. */
export type ParsedValue = { text: string; why: string; warn: string };

function good(text: string): ParsedValue {
  return { text, why: "", warn: "" };
}

function bad(why: string): ParsedValue {
  return { text: "", why, warn: "" };
}

/** A value of two lines: the environment can hold one, no configuration file can. */
export function lineBreak(): ParsedValue {
  return bad("holds a line break");
}

/** Longest accepted number: keeps the value exact in a double. */
const MAX_DIGITS = 15;

/** strtol's decimal: blanks before it, a sign, digits, nothing after. null when it is not one. */
export function parseDecimal(text: string): number | null {
  let i = 0;
  while (i < text.length && (text.charAt(i) === " " || text.charAt(i) === "\t")) i += 1;
  const sign = text.charAt(i);
  if (sign === "-" || sign === "+") i += 1;
  if (i >= text.length) return null;
  while (i < text.length - 1 && text.charAt(i) === "0") i += 1;
  if (text.length - i > MAX_DIGITS) return null;
  let n = 0;
  for (; i < text.length; i++) {
    const d = text.charCodeAt(i) - 48;
    if (d < 0 || d > 9) return null;
    n = n * 10 + d;
  }
  return sign === "-" && n !== 0 ? -n : n;
}

/** Is it one of true/yes/on or false/no/off in any case? 1, 0, or -1. */
function boolWord(text: string): number {
  const words = ["true", "yes", "on", "false", "no", "off"];
  if (text.length > 5) return -1;
  const at = words.indexOf(lowerAscii(text));
  return at < 0 ? -1 : at < 3 ? 1 : 0;
}

function parseBool(raw: string): ParsedValue {
  if (raw === "") return good("0");
  const word = boolWord(raw);
  if (word >= 0) return good(`${word}`);
  const n = parseDecimal(raw);
  return n === null ? bad("is neither true, yes, on, false, no, off nor a number") : good(n === 0 ? "0" : "1");
}

/** Numbers outside the range are stored as written; `number()` uses the nearest bound. */
function parseInt10(row: ConfigKey, raw: string): ParsedValue {
  const n = raw === "" ? 0 : parseDecimal(raw);
  if (n === null) return bad("is not a decimal number");
  const v = good(`${n}`);
  if (n < row.min || n > row.max) v.warn = `is outside ${row.min}..${row.max}: the nearest is used`;
  return v;
}

const DURATION_UNITS = ["", "s", "min", "h", "d"];
const DURATION_SECONDS = [1, 1, 60, 3600, 86400];

function digitsEnd(text: string): number {
  let end = 0;
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end += 1;
  return end;
}

function parseDuration(row: ConfigKey, raw: string): ParsedValue {
  const end = digitsEnd(raw);
  const n = parseDecimal(raw.slice(0, end));
  const unit = DURATION_UNITS.indexOf(raw.slice(end));
  if (n === null || unit < 0) return bad("is no duration (a number with s, min, h or d)");
  const seconds = n * DURATION_SECONDS[unit]!;
  const v = good(`${seconds}`);
  if (seconds < row.min || seconds > row.max) v.warn = `is outside ${row.min}..${row.max} seconds: the nearest is used`;
  return v;
}

const BUDGET_UNITS = ["", "B", "K", "KB", "M", "MB", "G", "GB", "T", "TB"];
const BUDGET_FACTORS = [1, 1, 1024, 1000, 1048576, 1000000, 1073741824, 1000000000, 1099511627776, 1000000000000];

/** percent: 0..100 of the partition, -1 when bytes count. bytes 0: the default share. */
export type Budget = { bytes: number; percent: number };

/** "64M", "512KB", "5%"; null when it is not one. Source: PV_LOG_DIR_MAXSIZE. */
export function parseBudget(raw: string): Budget | null {
  const end = digitsEnd(raw);
  const n = parseDecimal(raw.slice(0, end));
  const unit = raw.slice(end);
  if (n === null) return null;
  if (unit === "%") return n <= 100 ? { bytes: 0, percent: n } : null;
  const i = BUDGET_UNITS.indexOf(unit);
  const bytes = i < 0 ? -1 : n * BUDGET_FACTORS[i]!;
  return bytes < 0 || bytes > 9007199254740991 ? null : { bytes, percent: -1 };
}

/** Always on: what the update in progress writes. */
const MASK_UPDATE = 128;

function parseMask(row: ConfigKey, raw: string): ParsedValue {
  let mask = MASK_UPDATE;
  const unknown: string[] = [];
  const words = raw.split(",");
  for (let i = 0; i < words.length; i++) {
    const bit = row.words.indexOf(words[i]!);
    if (bit >= 0) mask = mask | (1 << bit);
    else if (words[i] !== "") unknown.push(words[i]!);
  }
  const v = good(`${mask}`);
  if (unknown.length > 0) v.warn = `has unknown words ${unknown.join(", ")} (of ${row.words.join(", ")})`;
  return v;
}

function parseSteps(row: ConfigKey, raw: string): ParsedValue {
  let last = -1;
  if (raw !== "") {
    const words = raw.split(",");
    for (let i = 0; i < words.length; i++) {
      const step = row.words.indexOf(words[i]!);
      if (step <= last) return bad(`is no list of ${row.words.join(", ")} in that order`);
      last = step;
    }
  }
  return good(raw);
}

function parseName(raw: string): ParsedValue {
  return raw.includes("/") || raw === "." || raw === ".." ? bad("is not a plain name without /") : good(raw);
}

/** `raw` as a value of `row`. */
export function parseConfigValue(row: ConfigKey, raw: string): ParsedValue {
  switch (row.type) {
    case "bool": return parseBool(raw);
    case "int": return parseInt10(row, raw);
    case "duration": return parseDuration(row, raw);
    case "enum": return row.words.includes(raw) ? good(raw) : bad(`is none of ${row.words.join(", ")}`);
    case "mask": return parseMask(row, raw);
    case "steps": return parseSteps(row, raw);
    case "name": return parseName(raw);
    case "budget": return raw === "" || parseBudget(raw) !== null ? good(raw) : bad("is no size (a number with B, K, KB, M, MB, G, GB, T, TB or %)");
    default: return row.max > 0 && raw.length > row.max ? bad(`is longer than ${row.max} characters`) : good(raw);
  }
}

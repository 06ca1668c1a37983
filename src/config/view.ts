/**
 * The configuration as others see it: JSON of the control API, a table for
 * people, and the explanation of one key. Secrets are masked everywhere.
 * Rules: configuration spec "Reading configuration".
 */
import { JsonWriter } from "../json/writer.ts";
import { printable } from "../sys/ascii.ts";
import type { Config, ConfigWrite } from "./config.ts";
import { configKey, findConfigKey, keyCount, type ConfigKey } from "./keys.ts";
import { levelName, levelNames } from "./levels.ts";

/** Longest value in /config2, in characters. */
const MAX_VALUE = 255;

/** Wherry's own keys are not part of what existing clients read. */
function isOurs(row: ConfigKey): boolean {
  return row.key.startsWith("WHERRY_");
}

function writeOld(w: JsonWriter, row: ConfigKey, value: string | null): void {
  if (row.type === "bool") w.boolean(value === "1");
  else if (row.type === "enum") w.number(Math.max(0, row.words.indexOf(value ?? "")));
  else if (row.type === "int" || row.type === "duration" || row.type === "mask") w.number(Number(value ?? "0"));
  else if (value === null) w.null();
  else w.string(value);
}

/** GET /config: alias → value, for keys that have an alias. */
export function formatConfigJson(c: Config): string {
  const w = new JsonWriter();
  w.beginObject();
  for (let i = 0; i < keyCount(); i++) {
    const row = configKey(i);
    if (row.aliases.length === 0 || isOurs(row)) continue;
    w.key(row.aliases[0]!);
    writeOld(w, row, c.shown(i));
  }
  w.endObject();
  return w.text();
}

/** GET /config2: key, value and level of every key in table order; `all` adds Wherry's own. */
export function formatConfig2Json(c: Config, all: boolean): string {
  const w = new JsonWriter();
  w.beginArray();
  for (let i = 0; i < keyCount(); i++) {
    const row = configKey(i);
    if (isOurs(row) && !all) continue;
    w.beginObject();
    w.stringMember("key", row.key);
    w.stringMember("value", (c.shown(i) ?? "(null)").slice(0, MAX_VALUE));
    w.stringMember("modified", levelName(c.levelAt(i)));
    w.endObject();
  }
  w.endArray();
  return w.text();
}

function padded(text: string, width: number): string {
  return text.length >= width ? text : text + " ".repeat(width - text.length);
}

/** Lines "KEY  value  level", aligned; `changed` leaves out keys at their default. */
export function formatConfig(c: Config, changed: boolean): string {
  const rows: string[][] = [["KEY", "VALUE", "FROM"]];
  const widths = [3, 5];
  for (let i = 0; i < keyCount(); i++) {
    if (changed && c.levelAt(i) === 0) continue;
    const row = configKey(i);
    const shown = readable(row, c.shown(i));
    rows.push([row.key, shown, levelName(c.levelAt(i))]);
    widths[0] = Math.max(widths[0]!, row.key.length);
    widths[1] = Math.min(48, Math.max(widths[1]!, shown.length));
  }
  const out: string[] = [];
  for (let i = 0; i < rows.length; i++) {
    const r = rows[i]!;
    out.push(`${padded(r[0]!, widths[0]!)}  ${padded(r[1]!, widths[1]!)}  ${r[2]!}\n`);
  }
  return out.join("");
}

/** Words instead of a mask number, units on durations, - for unset. */
function readable(row: ConfigKey, value: string | null): string {
  if (value === null) return "-";
  if (value === "") return "\"\"";
  if (row.type === "duration") return `${value}s`;
  if (row.type !== "mask") return printable(value);
  const words: string[] = [];
  for (let i = 0; i < row.words.length; i++) {
    if ((Number(value) & (1 << i)) !== 0) words.push(row.words[i]!);
  }
  return words.length === 0 ? "none" : words.join(",");
}

function typeText(row: ConfigKey): string {
  if (row.words.length > 0) return `${row.type} of ${row.words.join(", ")}`;
  if (row.type === "int") return `number ${row.min} to ${row.max}`;
  if (row.type === "duration") return `duration ${row.min} to ${row.max} s`;
  return row.max > 0 ? `${row.type} of at most ${row.max} characters` : row.type;
}

function whenText(when: string): string {
  if (when === "B") return "at boot";
  if (when === "R") return "at the start of each revision";
  return when === "L" ? "at once" : when.split("B, R").join("at boot, at each revision").split("B, L").join("at boot, at once").split("R, L").join("at each revision, at once");
}

const OUTCOMES = ["set", "kept", "bad", "denied", "locked"];
const OUTCOME_TEXTS = ["set", "a higher level holds", "not a value", "not allowed from there", "locked by the policy"];

function writeText(w: ConfigWrite): string {
  const i = OUTCOMES.findIndex((o) => o === w.outcome);
  return `  ${w.source} (${levelName(w.level)}): ${printable(w.value)}: ${i < 0 ? w.outcome : OUTCOME_TEXTS[i]!}\n`;
}

/**
 * What a key is, what it is now and who wrote it; name in either spelling.
 * "" when there is no such key. The writes are there when `c` keeps a trace.
 */
export function explainKey(c: Config, name: string): string {
  const index = findConfigKey(name).index;
  if (index < 0) return "";
  const row = configKey(index);
  const out: string[] = [`${row.key}: ${row.effect}\n`];
  const line = (label: string, text: string): void => {
    out.push(`  ${padded(`${label}:`, 16)}${text}\n`);
  };
  line("value", `${readable(row, c.shown(index))} (from: ${levelName(c.levelAt(index))})`);
  line("default", readable(row, row.type === "secret" ? null : row.standard));
  line("type", typeText(row));
  if (row.aliases.length > 0) line("older names", row.aliases.join(", "));
  line("may come from", levelNames(row.levels));
  line("takes effect", whenText(row.when));
  if (row.support !== "supported") line(row.support, row.why);
  const history = c.historyOf(index);
  if (history.length > 0) out.push("written by:\n");
  for (let i = 0; i < history.length; i++) out.push(writeText(history[i]!));
  return out.join("");
}

/**
 * The configuration in force: one value and the level that set it for every
 * key, written through one function that knows who may write what. Takes
 * texts and gives values; files are read by whoever holds them.
 * Rules: configuration spec "Levels and precedence", "User metadata".
 */
import { printable } from "../sys/ascii.ts";
import { configKey, findConfigKey, indexOfKey, isSecret, keyCount, keyDefault, keyName } from "./keys.ts";
import { ARGS, DEFAULT, HUB, levelName, METADATA, PH_CMDLINE, PH_CONF, POLICY, PV_CMDLINE, SYSCTL_LEVELS } from "./levels.ts";
import { isSysctlKey, sysctlSetting, type SysctlSetting } from "./sysctl.ts";
import { lineBreak, parseConfigValue } from "./values.ts";

/** Something to tell about a write: at names source and key. */
export type ConfigNote = { severity: "warn" | "info"; at: string; why: string };

/** A write as --explain tells it; value is masked for secrets. */
export type ConfigWrite = { index: number; level: number; source: string; value: string; outcome: WriteOutcome };

/** set: in force. kept: a higher level holds. Others: refused, with a note. */
export type WriteOutcome = "set" | "kept" | "bad" | "denied" | "locked" | "unknown" | "sysctl";

/** Value and level before the first override of a key. */
type Snapshot = { index: number; isSet: boolean; value: string; level: number };

/** What the hub's credentials file says, whatever overrides it now. */
type Stored = { index: number; value: string };

/** Shown instead of a secret. */
export const MASK = "XXXX";

/** Notes kept until they are taken; later ones are counted only. */
const MAX_NOTES = 256;
const MAX_SYSCTLS = 256;

/** Longest text of a note, in characters: what somebody wrote may be much longer. */
const LONGEST = 240;

function cut(text: string): string {
  const shown = printable(text.slice(0, LONGEST + 1));
  return shown.length <= LONGEST ? shown : `${shown.slice(0, LONGEST)}…`;
}

export class Config {
  private readonly values: string[];
  private readonly isSet: boolean[];
  private readonly levels: number[];
  private snapshots: Snapshot[];
  private stored: Stored[];
  private noted: ConfigNote[];
  private settings: SysctlSetting[];
  private changed: string[];
  private writes: ConfigWrite[] | null;

  /** Every key at its default. trace: keep each write for explainKey. */
  constructor(trace: boolean) {
    this.values = [];
    this.isSet = [];
    this.levels = [];
    this.snapshots = [];
    this.stored = [];
    this.noted = [];
    this.settings = [];
    this.changed = [];
    this.writes = trace ? [] : null;
    for (let i = 0; i < keyCount(); i++) {
      const standard = keyDefault(i);
      this.values.push(standard ?? "");
      this.isSet.push(standard !== null);
      this.levels.push(DEFAULT);
    }
  }

  private indexFor(key: string): number {
    const i = indexOfKey(key);
    if (i < 0) throw new Error(`no configuration key ${key}`);
    return i;
  }

  /** Canonical text; "" when unset. Throws for a key that is not in the table: that is our own mistake. */
  text(key: string): string {
    return this.values[this.indexFor(key)]!;
  }

  /** Text, or `otherwise` when unset or empty. */
  textOr(key: string, otherwise: string): string {
    const v = this.text(key);
    return v === "" ? otherwise : v;
  }

  /** Has it a value, if only an empty one? */
  has(key: string): boolean {
    return this.isSet[this.indexFor(key)]!;
  }

  /** int and duration (seconds) within the key's range; mask: its bits. */
  number(key: string): number {
    const i = this.indexFor(key);
    const row = configKey(i);
    const n = Number(this.values[i]!);
    if (row.type === "mask") return n;
    if (row.type !== "int" && row.type !== "duration") throw new Error(`configuration key ${key} is no number`);
    return Math.min(row.max, Math.max(row.min, n));
  }

  /** bool. */
  flag(key: string): boolean {
    return this.text(key) === "1";
  }

  /** Level that set it. */
  level(key: string): number {
    return this.levels[this.indexFor(key)]!;
  }

  /** Value of row `index` as --explain and the API see it: null when unset, masked when secret. */
  shown(index: number): string | null {
    if (!this.isSet[index]!) return null;
    return isSecret(index) && this.values[index] !== "" ? MASK : this.values[index]!;
  }

  levelAt(index: number): number {
    return this.levels[index]!;
  }

  /**
   * Writes `raw` to the key called `name` from `level`; source names the
   * place ("/etc/pantavisor.config"). What is wrong becomes a note.
   */
  set(name: string, raw: string, level: number, source: string): WriteOutcome {
    if (isSysctlKey(name)) return this.setSysctl(name, raw, level, source);
    const found = findConfigKey(name);
    if (found.index < 0) {
      this.note("warn", source, name, "unknown key, ignored");
      return "unknown";
    }
    if (found.alias && level !== PV_CMDLINE && level !== PH_CMDLINE) this.note("info", source, name, `old name of ${keyName(found.index)}`);
    const outcome = this.write(found.index, raw, level, source);
    if (this.writes !== null) {
      this.writes.push({ index: found.index, level, source, value: isSecret(found.index) ? MASK : raw, outcome });
    }
    return outcome;
  }

  private write(index: number, raw: string, level: number, source: string): WriteOutcome {
    const row = configKey(index);
    const unconditional = level === ARGS || level === HUB;
    if (!unconditional && (row.levels & level) === 0) {
      this.note("warn", source, row.key, `not allowed from ${levelName(level)}, ignored`);
      return "denied";
    }
    if (this.isLocked(index, level)) {
      this.note("warn", source, row.key, "locked by the policy, ignored");
      return "locked";
    }
    const v = raw.includes("\n") ? lineBreak() : parseConfigValue(row, raw);
    const shownRaw = row.type === "secret" ? MASK : raw;
    if (v.why !== "") this.note("warn", source, row.key, `"${shownRaw}" ${v.why}, ignored`);
    else if (v.warn !== "") this.note("warn", source, row.key, `"${shownRaw}" ${v.warn}`);
    if (v.why === "" && (level === PH_CONF || level === HUB)) this.store(index, v.text);
    if (!unconditional && level < this.levels[index]!) return "kept";
    // Upstream records the level of a bad enum word too, and clients see it.
    if (v.why !== "" && row.type !== "enum") return "bad";
    this.levels[index] = level;
    if (v.why !== "") return "bad";
    this.put(index, true, v.text);
    return "set";
  }

  private put(index: number, isSet: boolean, value: string): void {
    if (this.isSet[index] === isSet && this.values[index] === value) return;
    this.isSet[index] = isSet;
    this.values[index] = value;
    const key = keyName(index);
    if (!this.changed.includes(key)) this.changed.push(key);
  }

  private isLocked(index: number, level: number): boolean {
    return level !== POLICY && this.levels[index] === POLICY && this.flag("WHERRY_POLICY_LOCKED");
  }

  private setSysctl(name: string, value: string, level: number, source: string): WriteOutcome {
    if (level !== DEFAULT && (SYSCTL_LEVELS & level) === 0) {
      this.note("warn", source, name, `not allowed from ${levelName(level)}, ignored`);
      return "denied";
    }
    const s = sysctlSetting(name, value, level, source);
    if (s === null || this.settings.length >= MAX_SYSCTLS) {
      this.note("warn", source, name, s === null ? "no name of a sysctl, ignored" : "too many sysctl keys, ignored");
      return "unknown";
    }
    const place = this.settings.findIndex((o) => o.name === s.name && o.dotted === s.dotted);
    if (place < 0) this.settings.push(s);
    else if (this.settings[place]!.level > level) return "kept";
    else this.settings[place] = s;
    return "sysctl";
  }

  /** sysctl settings in force, in the order they were first named. */
  sysctls(): SysctlSetting[] {
    return this.settings;
  }

  private store(index: number, value: string): void {
    const place = this.stored.findIndex((s) => s.index === index);
    if (place < 0) this.stored.push({ index, value });
    else this.stored[place] = { index, value };
  }

  /** What the credentials file should say for row `index`: its own last value, else the default; null when unset. */
  storedValue(index: number): string | null {
    for (let i = 0; i < this.stored.length; i++) {
      const s = this.stored[i]!;
      if (s.index === index) return s.value;
    }
    return keyDefault(index);
  }

  /**
   * A user metadata key was set, or a command writes a key. False: it is no
   * configuration key that may change at run time, and nothing happened.
   */
  override(name: string, raw: string): boolean {
    const i = findConfigKey(name).index;
    if (i < 0 || (configKey(i).levels & METADATA) === 0) return false;
    const before: Snapshot = { index: i, isSet: this.isSet[i]!, value: this.values[i]!, level: this.levels[i]! };
    const outcome = this.set(name, raw, METADATA, "user metadata");
    if (outcome === "set" && !this.snapshots.some((s) => s.index === i)) this.snapshots.push(before);
    return true;
  }

  /** The metadata key is gone: what held before its first override holds again. False: nothing was overridden. */
  restore(name: string): boolean {
    const i = findConfigKey(name).index;
    const at = this.snapshots.findIndex((s) => s.index === i);
    if (at < 0) return false;
    const s = this.snapshots[at]!;
    this.snapshots.splice(at, 1);
    this.put(s.index, s.isSet, s.value);
    this.levels[s.index] = s.level;
    return true;
  }

  /** Keys whose value changed since the last call: what live parts look at again. */
  takeChanges(): string[] {
    const out = this.changed;
    this.changed = [];
    return out;
  }

  /** Notes since the last call. */
  takeNotes(): ConfigNote[] {
    const out = this.noted;
    this.noted = [];
    return out;
  }

  /** Writes to row `index` in order; empty without trace. */
  historyOf(index: number): ConfigWrite[] {
    const out: ConfigWrite[] = [];
    if (this.writes === null) return out;
    for (let i = 0; i < this.writes.length; i++) {
      const w = this.writes[i]!;
      if (w.index === index) out.push(w);
    }
    return out;
  }

  note(severity: "warn" | "info", source: string, name: string, why: string): void {
    if (this.noted.length < MAX_NOTES) this.noted.push({ severity, at: cut(name === "" ? source : `${source} ${name}`), why: cut(why) });
  }
}

/** Is `name` a secret's name, in either spelling? For logs of raw lines. */
export function isSecretKey(name: string): boolean {
  const i = findConfigKey(name).index;
  return i >= 0 && isSecret(i);
}

/**
 * An LXC configuration text → one container description. Reads every line,
 * follows includes through the caller's reader, and reports all that is wrong
 * with file and line; what is refused leaves a description nobody may start.
 * Rules: runtime spec "Config syntax" and "Keys".
 */
import { emptyDescription, type ContainerDescription } from "./description.ts";
import { applyCgroupSetting } from "./devices.ts";
import { findLxcKey, lxcKeys, type FoundKey } from "./keys.ts";
import { applyCapability, applyEnvironment, applyHook, applyIds, applyMount, applyNamed, applyNamespace, applyRoot } from "./lists.ts";
import { nearMiss } from "./near_miss.ts";
import { applyNet, checkNet } from "./network.ts";
import { parseUnsigned } from "./numbers.ts";
import type { ConfigReader } from "./reader.ts";
import { Report, type Problem } from "./report.ts";
import { applyFlag, applyNumber, applySignal, applySize, applyText, applyTime } from "./scalars.ts";
import { isQuotedWords, isWrapped } from "./words.ts";

/** Bounds of one configuration with all it includes. */
const MAX_CHARACTERS = 262144;
const MAX_SETTINGS = 4096;
const MAX_FILES = 64;
const MAX_DEPTH = 8;
const MAX_NET_INDEX = 1023;

/** The description is whole only when there are no problems. */
export type LxcConfig = { description: ContainerDescription; problems: Problem[]; warnings: Problem[] };

/** What parsing carries from line to line. */
class Parsing {
  readonly d: ContainerDescription;
  readonly r: Report;
  readonly reader: ConfigReader;
  /** Net devices that have a type. */
  typed: number[];
  /** Device that lxc.network.* lines without a number mean. */
  network: number;
  characters: number;
  settings: number;
  files: number;
  /** Past a bound: nothing more is read. */
  stopped: boolean;

  constructor(reader: ConfigReader) {
    this.d = emptyDescription();
    this.r = new Report();
    this.reader = reader;
    this.typed = [];
    this.network = -1;
    this.characters = 0;
    this.settings = 0;
    this.files = 0;
    this.stopped = false;
  }
}

/** `text`: the file; `name`: how messages call it. */
export function parseLxcConfig(text: string, name: string, reader: ConfigReader): LxcConfig {
  const p = new Parsing(reader);
  parseText(p, text, name, 1);
  checkWhole(p, name);
  return { description: p.d, problems: p.r.problems, warnings: p.r.warnings };
}

function parseText(p: Parsing, text: string, name: string, depth: number): void {
  p.characters = p.characters + text.length;
  p.files = p.files + 1;
  if (p.characters > MAX_CHARACTERS || p.files > MAX_FILES) {
    if (!p.stopped) p.r.refuse(`configuration larger than ${MAX_CHARACTERS} characters or ${MAX_FILES} files with its includes`);
    p.stopped = true;
    return;
  }
  let number = 0;
  for (const piece of text.split("\n")) {
    number += 1;
    for (const line of piece.split("\r")) {
      if (p.stopped || p.r.isFull()) return;
      parseLine(p, line.trim(), `${name}:${number}`, depth);
    }
  }
}

function parseLine(p: Parsing, line: string, place: string, depth: number): void {
  if (line === "" || line.startsWith("#")) return;
  p.r.at = place;
  if (!line.startsWith("lxc.")) {
    p.r.warn("line does not start with lxc. and is ignored");
    return;
  }
  p.settings = p.settings + 1;
  const eq = line.indexOf("=");
  if (p.settings > MAX_SETTINGS) {
    p.r.refuse(`more than ${MAX_SETTINGS} settings`);
    p.stopped = true;
  } else if (eq < 0) {
    p.r.refuse(`no "=" in "${line}"`);
  } else {
    const key = line.slice(0, eq).trim();
    p.r.at = `${place} ${key}`;
    applyLine(p, key, line.slice(eq + 1).trim(), depth);
  }
}

/** The value without the quotes around it. */
function unwrap(value: string, isCommand: boolean): string {
  if (!isWrapped(value) || (isCommand && isQuotedWords(value))) return value;
  return value.slice(1, value.length - 1);
}

function applyLine(p: Parsing, key: string, quoted: string, depth: number): void {
  const value = unwrap(quoted, key === "lxc.init.cmd" || key === "lxc.init_cmd");
  if (value === "" && clearFamily(p, key)) return;
  const net = key.startsWith("lxc.net.") || key.startsWith("lxc.network.");
  const numbered = net ? netKey(p, key, value) : { name: key, index: -1 };
  if (numbered.index === -2) return;
  const found = findLxcKey(numbered.name);
  if (found === null) {
    const near = nearMiss(numbered.name, lxcKeys().map((k) => k.key));
    p.r.refuse(near === "" ? "unknown key" : `unknown key; did you mean ${near}?`);
    return;
  }
  if (found.legacy && found.row.part !== "none") p.r.warn(`old name of ${found.row.key}`);
  if (found.row.support === "ignored") p.r.warn(`ignored: ${found.row.why}`);
  else if (found.row.part === "include") include(p, value, depth);
  else if (found.row.part === "net") applyNet(p.d, numbered.index, found.row.key.slice("lxc.net.N.".length), value, p.typed, p.r);
  else applyPart(p.d, found, value, p.r);
}

function applyPart(d: ContainerDescription, found: FoundKey, value: string, r: Report): void {
  const key = found.row.key;
  switch (found.row.part) {
    case "text": applyText(d, key, value, r); return;
    case "flag": applyFlag(d, key, value, r); return;
    case "number": applyNumber(d, key, value, r); return;
    case "size": applySize(d, key, value, r); return;
    case "signal": applySignal(d, key, value, r); return;
    case "time": applyTime(d, key, value, r); return;
    case "root": applyRoot(d, key, value, r); return;
    case "mount": applyMount(d, key, value, r); return;
    case "environment": applyEnvironment(d, key, value, r); return;
    case "namespace": applyNamespace(d, key, found.rest, value, r); return;
    case "ids": applyIds(d, key, value, r); return;
    case "capability": applyCapability(d, key, value, r); return;
    case "cgroup": applyCgroupSetting(d, key === "lxc.cgroup.*" ? 1 : 2, found.rest, value, r); return;
    case "list": applyNamed(d, key, found.rest, value, r); return;
    case "hook": applyHook(d, key, value, r); return;
    default: throw new Error(`lxc table: no part ${found.row.part}`);
  }
}

/** `lxc.net =` and its like empty a whole family; false when `key` names none. */
function clearFamily(p: Parsing, key: string): boolean {
  const d = p.d;
  if (key === "lxc.cgroup") applyCgroupSetting(d, 1, "", "", p.r);
  else if (key === "lxc.cgroup2") applyCgroupSetting(d, 2, "", "", p.r);
  else if (key === "lxc.hook") d.hooks = [];
  else if (key === "lxc.prlimit" || key === "lxc.limit") d.prlimits = [];
  else if (key === "lxc.sysctl") d.sysctls = [];
  else if (key === "lxc.proc") d.procFiles = [];
  else if (key === "lxc.net" || key === "lxc.network" || key === "lxc.network.type") {
    d.net = [];
    p.typed = [];
    p.network = -1;
  } else return false;
  return true;
}

/** name: with N for the number; index: the device, -2 when the line is done or refused. */
type NumberedKey = { name: string; index: number };

/** "lxc.net.3.link" → lxc.net.N.link of 3; "lxc.network.type" opens the next device. */
function netKey(p: Parsing, key: string, value: string): NumberedKey {
  const old = key.startsWith("lxc.network.");
  const prefix = old ? "lxc.network." : "lxc.net.";
  const rest = key.slice(prefix.length);
  const dot = rest.indexOf(".");
  const index = parseUnsigned(dot < 0 ? rest : rest.slice(0, dot), MAX_NET_INDEX);
  if (index >= 0 && dot < 0 && value === "") {
    p.d.net = p.d.net.filter((n) => n.index !== index);
    p.typed = p.typed.filter((n) => n !== index);
    return { name: key, index: -2 };
  }
  if (index >= 0 && dot >= 0) return { name: old ? `${prefix}${rest.slice(dot + 1)}` : `${prefix}N.${rest.slice(dot + 1)}`, index };
  if (!old) return { name: key, index: -1 };
  if (rest === "type") p.network = p.d.net.length === 0 ? 0 : p.d.net[p.d.net.length - 1]!.index + 1;
  if (p.network < 0) {
    p.r.refuse("no lxc.network.type before it");
    return { name: key, index: -2 };
  }
  return { name: key, index: p.network };
}

/** A file, or every *.conf of a folder in the order of names. */
function include(p: Parsing, path: string, depth: number): void {
  if (path === "") return;
  if (depth >= MAX_DEPTH) {
    p.r.refuse(`includes nested deeper than ${MAX_DEPTH}`);
    return;
  }
  const names = p.reader.list(path);
  if (names === null) {
    includeFile(p, path, depth);
    return;
  }
  const files: string[] = [];
  for (const n of names) {
    if (n.endsWith(".conf")) files.push(n);
  }
  files.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  for (const n of files) includeFile(p, `${path.endsWith("/") ? path : `${path}/`}${n}`, depth);
}

function includeFile(p: Parsing, path: string, depth: number): void {
  const from = p.r.at;
  const got = p.reader.read(path);
  if (got.ok) parseText(p, got.text, path, depth + 1);
  else p.r.refuse(`cannot read ${path}: ${got.why}`);
  p.r.at = from;
}

/** Rules that need the whole text. */
function checkWhole(p: Parsing, name: string): void {
  checkNet(p.d, p.typed, p.r);
  p.r.at = name;
  if (p.d.capKeep !== null && p.d.capDrop.length > 0) p.r.refuse("lxc.cap.keep and lxc.cap.drop exclude each other");
  if (p.d.namespaces.keep !== null && p.d.namespaces.clone !== null) p.r.refuse("lxc.namespace.keep and lxc.namespace.clone exclude each other");
  if (p.d.ttyMin > 0 && p.d.ttyMin > p.d.ttyMax) p.r.warn("lxc.tty.min is above lxc.tty.max: no ttys");
}

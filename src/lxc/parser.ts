/**
 * An LXC configuration text → one container description. Reads every line,
 * follows includes through the caller's reader, and reports all that is wrong
 * with file and line; what is refused leaves a description nobody may start.
 * Rules: runtime spec "Config syntax" and "Keys".
 */
import { describe } from "./describe.ts";
import type { ContainerDescription } from "./description.ts";
import { applyCgroupSetting } from "./devices.ts";
import { findLxcKey, lxcKeyNames, whyIgnored, type FoundKey } from "./keys.ts";
import { Lists } from "./lists.ts";
import { applyMountAuto, noMountAuto } from "./mount_auto.ts";
import { parseMountEntry } from "./mount_entry.ts";
import { nearMiss } from "./near_miss.ts";
import { draftAt, finishNet, type NetDraft } from "./network.ts";
import { parseUnsigned } from "./numbers.ts";
import type { ConfigReader } from "./reader.ts";
import { Report, type Problem } from "./report.ts";
import { Settings } from "./settings.ts";
import { applyValue } from "./values.ts";
import { isQuotedWords, isWrapped, splitBlanks } from "./words.ts";

/** Bounds of one configuration with all it includes. */
const MAX_CHARACTERS = 262144;
const MAX_SETTINGS = 4096;
const MAX_FILES = 64;
const MAX_DEPTH = 8;
const MAX_NET_INDEX = 1023;

/** The description is whole only when there are no problems. */
export type LxcConfig = { description: ContainerDescription; problems: Problem[]; warnings: Problem[] };

/** `text`: the file; `name`: how messages call it. */
export function parseLxcConfig(text: string, name: string, reader: ConfigReader): LxcConfig {
  const p = new Parsing(reader);
  p.text(text, name, 1);
  return p.finish(name);
}

/** One configuration while it is read. */
class Parsing {
  private readonly s: Settings = new Settings();
  private readonly l: Lists = new Lists();
  private readonly r: Report = new Report();
  private readonly reader: ConfigReader;
  private drafts: NetDraft[] = [];
  /** Device that the line being read means. */
  private network: number = -1;
  /** Device that lxc.network.* lines without a number mean. */
  private opened: number = -1;
  private characters: number = 0;
  private settings: number = 0;
  private files: number = 0;
  /** Past a bound: nothing more is read. */
  private stopped: boolean = false;
  /** Of all keys, once a near miss is looked for. */
  private names: string[] = [];

  constructor(reader: ConfigReader) {
    this.reader = reader;
  }

  text(text: string, name: string, depth: number): void {
    this.characters = this.characters + text.length;
    this.files = this.files + 1;
    if (this.characters > MAX_CHARACTERS || this.files > MAX_FILES) {
      if (!this.stopped) this.r.refuse(`configuration larger than ${MAX_CHARACTERS} characters or ${MAX_FILES} files with its includes`);
      this.stopped = true;
    }
    const rows = text.split("\n");
    for (let i = 0; i < rows.length; i++) {
      const lines = rows[i]!.split("\r");
      for (let k = 0; k < lines.length; k++) {
        if (this.stopped || this.r.isFull()) return;
        this.line(lines[k]!.trim(), `${name}:${i + 1}`, depth);
      }
    }
  }

  private line(line: string, place: string, depth: number): void {
    if (line === "" || line.startsWith("#")) return;
    this.r.at = place;
    if (!line.startsWith("lxc.")) {
      this.r.warn("line does not start with lxc. and is ignored");
      return;
    }
    this.settings = this.settings + 1;
    const eq = line.indexOf("=");
    if (this.settings > MAX_SETTINGS) {
      this.r.refuse(`more than ${MAX_SETTINGS} settings`);
      this.stopped = true;
    } else if (eq < 0) {
      this.r.not(line, "complete: there is no =");
    } else {
      const key = line.slice(0, eq).trim();
      this.r.at = `${place} ${key}`;
      this.setting(key, line.slice(eq + 1).trim(), depth);
    }
  }

  private setting(key: string, quoted: string, depth: number): void {
    const command = key === "lxc.init.cmd" || key === "lxc.init_cmd";
    const bare = !isWrapped(quoted) || (command && isQuotedWords(quoted));
    const value = bare ? quoted : quoted.slice(1, quoted.length - 1);
    if (value === "" && this.clearFamily(key)) return;
    const name = this.netName(key);
    const found = name === "" ? null : findLxcKey(name);
    if (found !== null) this.apply(found, value, depth);
    else if (name !== "") {
      if (this.names.length === 0) this.names = lxcKeyNames();
      const near = nearMiss(name, this.names);
      this.r.refuse(near === "" ? "unknown key" : `unknown key; did you mean ${near}?`);
    }
  }

  private apply(found: FoundKey, value: string, depth: number): void {
    if (found.legacy && found.kind !== "none") this.r.warn(`old name of ${found.key}`);
    if (found.key.startsWith("lxc.net.N.") && found.kind !== "none") {
      draftAt(this.drafts, this.network, this.r.at).apply(found.key.slice(10), found.kind, value, this.r);
      return;
    }
    const version = found.key === "lxc.cgroup.*" ? 1 : 2;
    switch (found.kind) {
      case "none": this.r.warn(`ignored: ${whyIgnored(found)}`); return;
      case "include": this.include(value, depth); return;
      case "mount": this.mount(value); return;
      case "auto": this.mountAuto(value); return;
      case "environment": this.l.addEnvironment(found.key.slice(15), value, this.r); return;
      case "namespace": this.l.addNamespaces(found.key.split(".")[2]!, found.rest, value, this.r); return;
      case "groups": this.l.setGroups(value, this.r); return;
      case "idmap": this.l.addIdMap(value, this.r); return;
      case "capability": this.l.addCapabilities(found.key === "lxc.cap.keep", value, this.r); return;
      case "cgroup": applyCgroupSetting(this.l, version, found.rest, value, this.r); return;
      case "prlimit":
      case "sysctl":
      case "proc": this.l.setNamed(found.kind, found.rest, value, this.r); return;
      case "hook": this.l.addHook(found.key.slice(9), value, this.r.at); return;
      case "raw": this.raw(value); return;
      default: applyValue(this.s, found.key, found.kind, value, this.r);
    }
  }

  private mount(value: string): void {
    if (value === "") this.l.mountEntries = [];
    const entry = parseMountEntry(value, this.r);
    if (entry !== null) this.l.mountEntries.push(entry);
  }

  private mountAuto(value: string): void {
    if (value === "") this.l.mountAuto = noMountAuto();
    const words = splitBlanks(value);
    for (let i = 0; i < words.length; i++) applyMountAuto(words[i]!, this.l.mountAuto, this.r);
  }

  private raw(value: string): void {
    if (value === "") this.l.apparmorRaw = [];
    else this.l.apparmorRaw.push(value);
  }

  /** `lxc.net =` and its like empty a whole family; false when `key` names none. */
  private clearFamily(key: string): boolean {
    switch (key) {
      case "lxc.cgroup": applyCgroupSetting(this.l, 1, "", "", this.r); return true;
      case "lxc.cgroup2": applyCgroupSetting(this.l, 2, "", "", this.r); return true;
      case "lxc.hook": this.l.addHook("", "", ""); return true;
      case "lxc.limit":
      case "lxc.prlimit": this.l.prlimits.dropAll(); return true;
      case "lxc.sysctl": this.l.sysctls.dropAll(); return true;
      case "lxc.proc": this.l.procFiles.dropAll(); return true;
      case "lxc.net":
      case "lxc.network":
      case "lxc.network.type": this.drafts = []; this.opened = -1; return true;
      default: return this.clearDevice(key);
    }
  }

  /** `lxc.net.3 =` drops that device. */
  private clearDevice(key: string): boolean {
    const old = key.startsWith("lxc.network.");
    const index = old || key.startsWith("lxc.net.") ? parseUnsigned(key.slice(old ? 12 : 8), MAX_NET_INDEX) : -1;
    for (let i = this.drafts.length - 1; i >= 0; i--) {
      if (this.drafts[i]!.index === index) this.drafts.splice(i, 1);
    }
    return index >= 0;
  }

  /**
   * The name to look up: "lxc.net.3.link" is lxc.net.N.link of device 3,
   * "lxc.network.type" opens the next device. Other keys as they are; "" when
   * it is refused.
   */
  private netName(key: string): string {
    const old = key.startsWith("lxc.network.");
    if (!old && !key.startsWith("lxc.net.")) return key;
    const rest = key.slice(old ? 12 : 8);
    const dot = rest.indexOf(".");
    const index = dot < 0 ? -1 : parseUnsigned(rest.slice(0, dot), MAX_NET_INDEX);
    if (index >= 0) {
      this.network = index;
      return `${old ? "lxc.network" : "lxc.net.N"}${rest.slice(dot)}`;
    }
    if (!old) return key;
    if (rest === "type") this.opened = this.drafts.length === 0 ? 0 : this.drafts[this.drafts.length - 1]!.index + 1;
    this.network = this.opened;
    if (this.network >= 0) return key;
    this.r.refuse("no lxc.network.type before it");
    return "";
  }

  /** A file, or every *.conf of a folder in the order of names. */
  private include(path: string, depth: number): void {
    if (path === "") return;
    if (depth >= MAX_DEPTH) {
      this.r.refuse(`includes nested deeper than ${MAX_DEPTH}`);
      return;
    }
    const names = this.reader.list(path);
    if (names === null) {
      this.includeFile(path, depth);
      return;
    }
    const folder = path.endsWith("/") ? path : `${path}/`;
    for (let last = nextName(names, ""); last !== ""; last = nextName(names, last)) {
      if (last.endsWith(".conf")) this.includeFile(`${folder}${last}`, depth);
    }
  }

  private includeFile(path: string, depth: number): void {
    const from = this.r.at;
    const got = this.reader.read(path);
    if (got.ok) this.text(got.text, path, depth + 1);
    else this.r.refuse(`cannot read ${path}: ${got.why}`);
    this.r.at = from;
  }

  /** Rules that need the whole text. */
  finish(name: string): LxcConfig {
    this.l.net = finishNet(this.drafts, this.r);
    const d = describe(this.s, this.l, this.r);
    this.r.at = name;
    if (d.capKeep !== null && d.capDrop.length > 0) this.r.refuse("lxc.cap.keep and lxc.cap.drop exclude each other");
    if (this.l.keep !== null && this.l.clone !== null) this.r.refuse("lxc.namespace.keep and lxc.namespace.clone exclude each other");
    if (d.ttyMin > 0 && d.ttyMin > d.ttyMax) this.r.warn("lxc.tty.min is above lxc.tty.max: no ttys");
    return { description: d, problems: this.r.problems, warnings: this.r.warnings };
  }
}

/** The least name above `last`; "" when there is none. A sort of a folder's few names without a sort's code. */
function nextName(names: string[], last: string): string {
  let best = "";
  for (let i = 0; i < names.length; i++) {
    const n = names[i]!;
    if (n > last && (best === "" || n < best)) best = n;
  }
  return best;
}

/**
 * One vector of the config room. input: what a boot starts from ("conf",
 * "files", "cmdline", "env", "words"), what comes later ("hub", "oem",
 * "override", "restore", in that order), what to look at ("numbers",
 * "explain", "json": config | config2 | all | table | hubfile, "folders" for
 * sysctl paths). Out: keys not at level default, and what was asked for.
 */
import { Config } from "../../src/config/config.ts";
import { keyCount, keyName } from "../../src/config/keys.ts";
import { levelName } from "../../src/config/levels.ts";
import { applyHubFile, applyOem, ConfigFiles, formatHubFile, loadConfig, oemConfigPath, type ConfigText, type LoadedConfig } from "../../src/config/load.ts";
import { planSysctls, SysctlFolders } from "../../src/config/sysctl.ts";
import { parseBudget } from "../../src/config/values.ts";
import { explainKey, formatConfig, formatConfig2Json, formatConfigJson } from "../../src/config/view.ts";
import { scanText, SMALL } from "../../src/json/scanner.ts";
import { rootOf, type Node } from "../../src/json/value.ts";
import { JsonWriter } from "../../src/json/writer.ts";

class GivenFiles extends ConfigFiles {
  private files: Node | null;

  constructor(files: Node | null) {
    super();
    this.files = files;
  }

  read(path: string): ConfigText {
    const file = this.files === null ? null : this.files.get(path);
    if (file === null) return { found: false, text: "", why: "" };
    return file.isString() ? { found: true, text: file.string(""), why: "" } : { found: false, text: "", why: "EACCES" };
  }
}

class GivenFolders extends SysctlFolders {
  private folders: string[];

  constructor(folders: string[]) {
    super();
    this.folders = folders;
  }

  isFolder(path: string): boolean {
    return this.folders.includes(path);
  }
}

function strings(n: Node | null): string[] {
  const out: string[] = [];
  if (n === null) return out;
  for (const item of n.items()) out.push(item.string(""));
  return out;
}

/** Mandatory keys come from here unless the vector brings its own file. */
const BASE = "PV_STORAGE_MNTPOINT=/storage\nPV_STORAGE_DEVICE=LABEL=root\nPV_STORAGE_FSTYPE=ext4\n";

/** A "conf" of the input follows BASE as /etc/pantavisor.config, unless "files" is given. */
function load(root: Node): LoadedConfig {
  const given = root.get("files");
  const text = given !== null ? null : rootOf(scanText(JSON.stringify({ "/etc/pantavisor.config": BASE + root.getString("conf", "") }), SMALL).document);
  return loadConfig({
    confPath: root.getString("path", ""), commandLine: root.getString("cmdline", ""), environment: strings(root.get("env")), words: strings(root.get("words")),
  }, new GivenFiles(given ?? text), true);
}

function writeKeys(c: Config, w: JsonWriter): void {
  w.key("set");
  w.beginObject();
  for (let i = 0; i < keyCount(); i++) {
    const storage = keyName(i).startsWith("PV_STORAGE_") && c.levelAt(i) === 2;
    if (c.levelAt(i) === 0 || storage) continue;
    const value = c.shown(i);
    w.stringMember(keyName(i), `${value === null ? "(null)" : value} @ ${levelName(c.levelAt(i))}`);
  }
  w.endObject();
}

function writeNotes(c: Config, w: JsonWriter): void {
  const notes: string[] = [];
  for (const n of c.takeNotes()) notes.push(`${n.severity} ${n.at}: ${n.why}`);
  if (notes.length > 0) w.stringsMember("notes", notes);
}

function writeLater(c: Config, root: Node, w: JsonWriter): void {
  if (root.get("hub") !== null) applyHubFile(c, root.getString("hub", ""), "pantahub.config", root.getString("cmdline", ""));
  if (root.get("oem") !== null) applyOem(c, root.getString("oem", ""), "oem");
  const answers: string[] = [];
  for (const o of strings(root.get("override"))) {
    const eq = o.indexOf("=");
    answers.push(String(c.override(o.slice(0, eq), o.slice(eq + 1))));
  }
  for (const k of strings(root.get("restore"))) answers.push(String(c.restore(k)));
  if (answers.length > 0) w.stringsMember("answers", answers);
}

function formatted(c: Config, kind: string): string {
  if (kind === "config") return formatConfigJson(c);
  if (kind === "table") return JSON.stringify(formatConfig(c, true));
  if (kind === "hubfile") return JSON.stringify(formatHubFile(c));
  return formatConfig2Json(c, kind === "all");
}

function writeAsked(l: LoadedConfig, root: Node, w: JsonWriter): void {
  const c = l.config;
  for (const k of strings(root.get("numbers"))) w.numberMember(k, c.number(k));
  if (root.get("json") !== null) {
    w.key("json");
    w.raw(formatted(c, root.getString("json", "")));
  }
  if (root.get("explain") !== null) w.stringMember("explain", explainKey(c, root.getString("explain", "")));
  if (root.get("oempath") !== null) w.stringMember("oempath", oemConfigPath(c, root.getString("oempath", "")));
  if (root.get("folders") !== null) {
    const writes: string[] = [];
    for (const s of planSysctls(c.sysctls(), new GivenFolders(strings(root.get("folders"))))) writes.push(`${s.path} = ${s.value}`);
    w.stringsMember("sysctls", writes);
  }
  if (root.get("parameters") !== null) {
    w.key("parameters");
    w.raw(JSON.stringify(l.parameters));
  }
}

/** JSON text of one input → JSON text of what came out. */
export function runConfigVector(input: string): string {
  const root = rootOf(scanText(input, SMALL).document);
  const w = new JsonWriter();
  w.beginObject();
  if (root.get("budget") !== null) {
    const b = parseBudget(root.getString("budget", ""));
    w.stringMember("budget", b === null ? "no" : `${b.bytes} bytes ${b.percent} percent`);
    w.endObject();
    return w.text();
  }
  const l = load(root);
  writeLater(l.config, root, w);
  writeKeys(l.config, w);
  writeNotes(l.config, w);
  const problems: string[] = [];
  for (const p of l.problems) problems.push(`${p.at}: ${p.why}`);
  if (problems.length > 0) w.stringsMember("problems", problems);
  writeAsked(l, root, w);
  w.endObject();
  return w.text();
}

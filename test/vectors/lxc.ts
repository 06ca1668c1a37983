/**
 * One vector of the lxc room. input: {"conf": text, "files": {path: text},
 * "folders": {path: [name…]}} → what differs from an empty configuration;
 * {"seccomp": text}; {"fstab": text}; {"command": text}; {"near": word}.
 * Empty lists of problems and warnings are left out.
 */
import { scanText, SMALL } from "../../src/json/scanner.ts";
import { rootOf, type Node } from "../../src/json/value.ts";
import { JsonWriter } from "../../src/json/writer.ts";
import { emptyDescription, type ContainerDescription } from "../../src/lxc/description.ts";
import { findLxcKey, lxcKeyNames } from "../../src/lxc/keys.ts";
import { parseFstab } from "../../src/lxc/mount_entry.ts";
import { nearMiss } from "../../src/lxc/near_miss.ts";
import { parseLxcConfig } from "../../src/lxc/parser.ts";
import { ConfigReader, type ReadText } from "../../src/lxc/reader.ts";
import { Report, type Problem } from "../../src/lxc/report.ts";
import { parseSeccompProfile } from "../../src/lxc/seccomp.ts";
import { splitCommand } from "../../src/lxc/words.ts";

class GivenFiles extends ConfigReader {
  private input: Node;

  constructor(input: Node) {
    super();
    this.input = input;
  }

  read(path: string): ReadText {
    const files = this.input.get("files");
    const text = files === null ? null : files.get(path);
    return text === null ? { ok: false, text: "", why: "ENOENT" } : { ok: true, text: text.string(""), why: "" };
  }

  list(path: string): string[] | null {
    const folders = this.input.get("folders");
    const names = folders === null ? null : folders.get(path);
    if (names === null) return null;
    const out: string[] = [];
    for (const n of names.items()) out.push(n.string(""));
    return out;
  }
}

/** "at: why" texts, when there are any. */
function writeProblems(w: JsonWriter, name: string, list: Problem[]): void {
  if (list.length === 0) return;
  const out: string[] = [];
  for (const p of list) out.push(`${p.at}: ${p.why}`);
  w.stringsMember(name, out);
}

/** Members of the description that an empty configuration would not have. */
function writeChanged(w: JsonWriter, d: ContainerDescription): void {
  const now = rootOf(scanText(JSON.stringify(d), SMALL).document);
  const empty = rootOf(scanText(JSON.stringify(emptyDescription()), SMALL).document);
  w.beginObject();
  for (const m of now.members()) {
    const before = empty.get(m.key);
    if (before !== null && before.raw() === m.value.raw()) continue;
    w.key(m.key);
    w.raw(m.value.raw());
  }
  w.endObject();
}

function runFstab(text: string, w: JsonWriter): void {
  const r = new Report();
  const entries = parseFstab(text, "fstab", r);
  w.key("entries");
  w.raw(JSON.stringify(entries));
  writeProblems(w, "problems", r.problems);
  writeProblems(w, "warnings", r.warnings);
}

function runSeccomp(text: string, w: JsonWriter): void {
  const s = parseSeccompProfile(text, "profile");
  w.key("profile");
  w.raw(JSON.stringify(s.profile));
  writeProblems(w, "problems", s.problems);
  writeProblems(w, "warnings", s.warnings);
}

/** JSON text of one input → JSON text of what came out. */
export function runLxcVector(input: string): string {
  const root = rootOf(scanText(input, SMALL).document);
  const w = new JsonWriter();
  w.beginObject();
  if (root.get("fstab") !== null) runFstab(root.getString("fstab", ""), w);
  else if (root.get("seccomp") !== null) runSeccomp(root.getString("seccomp", ""), w);
  else if (root.get("command") !== null) w.stringsMember("words", splitCommand(root.getString("command", "")).words);
  else if (root.get("near") !== null) w.stringMember("near", nearMiss(root.getString("near", ""), lxcKeyNames()));
  else if (root.get("key") !== null) {
    const found = findLxcKey(root.getString("key", ""));
    w.stringMember("row", found === null ? "" : found.key);
    w.stringMember("rest", found === null ? "" : found.rest);
  } else {
    const c = parseLxcConfig(root.getString("conf", ""), "c", new GivenFiles(root));
    w.key("set");
    writeChanged(w, c.description);
    writeProblems(w, "problems", c.problems);
    writeProblems(w, "warnings", c.warnings);
  }
  w.endObject();
  return w.text();
}

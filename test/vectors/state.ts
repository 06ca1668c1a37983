/**
 * Vectors of the state room. input: { state } (a value; its text is the
 * state) or { add } (members that are added to a small valid state), maybe
 * { options }, { show: [parts of formatState] } and { warn: true }. Answer:
 * problems, asked parts, warnings when asked for.
 */
import { scanText, SMALL } from "../../src/json/scanner.ts";
import { type Node, rootOf } from "../../src/json/value.ts";
import { JsonWriter } from "../../src/json/writer.ts";
import type { Problem } from "../../src/state/check.ts";
import { formatState } from "../../src/state/format.ts";
import { parseState, usualOptions } from "../../src/state/parse.ts";

/** A valid state's text: a bsp and what is added, by default one container. */
export function stateText(input: Node): string {
  const whole = input.get("state");
  if (whole !== null) return whole.raw();
  const text = input.getString("text", "");
  if (text !== "") return text;
  const members = ["\"#spec\":\"pantavisor-service-system@1\""];
  const add = input.get("add");
  if (add === null || add.get("bsp/run.json") === null) {
    members.push("\"bsp/run.json\":{\"linux\":\"kernel\",\"initrd\":\"pantavisor\"}");
    members.push(`"bsp/kernel":"${"1".repeat(64)}"`);
    members.push(`"bsp/pantavisor":"${"2".repeat(64)}"`);
  }
  const run = input.get("run");
  if (run !== null) {
    const inside = run.raw();
    members.push(`"web/run.json":{"name":"web","type":"lxc","config":"lxc.container.conf","root-volume":"root.squashfs"${inside === "{}" ? "" : ","}${inside.slice(1)}`);
    members.push(`"web/lxc.container.conf":"${"3".repeat(64)}"`);
    members.push(`"web/root.squashfs":"${"4".repeat(64)}"`);
  }
  if (add !== null) for (const m of add.members()) members.push(`"${m.key}":${m.value.raw()}`);
  return `{${members.join(",")}}`;
}

function writeProblems(w: JsonWriter, name: string, problems: Problem[]): void {
  w.key(name);
  w.beginArray();
  for (const p of problems) w.string(`${p.at}: ${p.why}`);
  w.endArray();
}

/** Members of one JSON object, without its braces. */
function inner(text: string): string {
  return text.slice(1, text.length - 1);
}

/** One vector: JSON text in, JSON text out. */
export function runStateVector(input: string): string {
  const asked = rootOf(scanText(input, SMALL).document);
  const options = usualOptions();
  const given = asked.get("options");
  if (given !== null) {
    options.appengine = given.getBoolean("appengine", false);
    options.bootloader = given.getString("bootloader", "");
    options.hostsBus = given.getBoolean("hostsBus", true);
  }
  const checked = parseState(new TextEncoder().encode(stateText(asked)), options);
  const w = new JsonWriter();
  w.beginObject();
  if (!checked.ok) writeProblems(w, "problems", checked.problems);
  if (asked.getBoolean("places", false)) w.stringsMember("places", checked.problems.map((p) => `${p.line}:${p.column}`));
  if (asked.getBoolean("warn", false)) writeProblems(w, "warnings", checked.warnings);
  const show = asked.get("show");
  if (show !== null) {
    const parts: string[] = [];
    for (const part of show.items()) parts.push(part.string(""));
    const text = inner(formatState(checked.state, parts));
    if (asked.getString("of", "") === "" && text !== "") w.raw(text);
  }
  const of = asked.getString("of", "");
  if (of !== "") writeMembers(w, formatState(checked.state, ["containers"]), of);
  w.endObject();
  return w.text();
}

/** Members with these names of the first container. */
function writeMembers(w: JsonWriter, text: string, names: string): void {
  const containers = rootOf(scanText(text, SMALL).document).get("containers");
  if (containers === null) return;
  for (const c of containers.items()) {
    for (const m of c.members()) {
      if (!names.split(" ").includes(m.key)) continue;
      w.key(m.key);
      w.raw(m.value.raw());
    }
    return;
  }
}

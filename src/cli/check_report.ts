/**
 * What `wherry check` and `wherry plan` print: findings as lines that name
 * file, line and path, the way compilers do, and as JSON. Pure.
 */
import { JsonWriter } from "../json/writer.ts";
import type { SignatureResult } from "../sign/verdict.ts";
import type { Problem } from "../state/check.ts";
import type { Transition } from "../state/difference.ts";
import { printable } from "../sys/ascii.ts";
import { formatTable } from "./table.ts";

/** part: which check found it. line and column of the state's text, 0 when it is not about the text. */
export type Finding = { part: "state" | "signatures" | "objects" | "lxc"; at: string; line: number; column: number; why: string };

/** A check that was not made, and why. */
export type Skipped = { part: string; why: string };

/** name: the state's file. done: checks that were made, with how much of it. */
export type CheckReport = {
  name: string; containers: string[]; items: number; problems: Finding[]; warnings: Finding[];
  done: string[]; skipped: Skipped[]; signatures: SignatureResult[];
};

/** Problems of a state as findings. */
export function stateFindings(problems: Problem[]): Finding[] {
  return problems.map((p) => ({ part: "state", at: p.at.trim(), line: p.line, column: p.column, why: p.why }));
}

function findingLine(name: string, f: Finding, mark: string): string {
  const place = f.line > 0 ? `${name}:${f.line}:${f.column}: ` : "";
  return printable(`${place}${mark}${f.at === "" ? "" : `${f.at}: `}${f.why}`);
}

/** Every finding a line; paths are those of `name`. */
export function formatFindings(name: string, problems: Finding[], warnings: Finding[]): string {
  const lines = problems.map((f) => `${findingLine(name, f, "")}\n`);
  for (const f of warnings) lines.push(`${findingLine(name, f, "warning: ")}\n`);
  return lines.join("");
}

function counted(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}

/** For people: findings, then what was checked and what was not, then the verdict. */
export function formatCheck(r: CheckReport): string {
  const out = [formatFindings(r.name, r.problems, r.warnings)];
  if (r.done.length > 0) out.push(`checked: ${r.done.join(", ")}\n`);
  for (const s of r.skipped) out.push(`not checked: ${s.part}: ${printable(s.why)}\n`);
  const told = r.problems.length > 0 ? counted(r.problems.length, "problem") : "good";
  const warned = r.warnings.length > 0 ? `, ${counted(r.warnings.length, "warning")}` : "";
  out.push(`${printable(r.name)}: ${told}${warned}\n`);
  return out.join("");
}

function writeFindings(w: JsonWriter, name: string, findings: Finding[]): void {
  w.key(name);
  w.beginArray();
  for (const f of findings) {
    w.beginObject();
    w.stringMember("check", f.part);
    w.stringMember("at", f.at);
    if (f.line > 0) {
      w.numberMember("line", f.line);
      w.numberMember("column", f.column);
    }
    w.stringMember("why", f.why);
    w.endObject();
  }
  w.endArray();
}

/** The same as one JSON object. */
export function formatCheckJson(r: CheckReport): string {
  const w = new JsonWriter();
  w.beginObject();
  w.booleanMember("ok", r.problems.length === 0);
  w.stringMember("state", r.name);
  w.stringsMember("containers", r.containers);
  w.numberMember("items", r.items);
  writeFindings(w, "problems", r.problems);
  writeFindings(w, "warnings", r.warnings);
  w.stringsMember("checked", r.done);
  w.key("skipped");
  w.beginArray();
  for (const s of r.skipped) {
    w.beginObject();
    w.stringMember("check", s.part);
    w.stringMember("why", s.why);
    w.endObject();
  }
  w.endArray();
  w.key("signatures");
  w.beginArray();
  for (const s of r.signatures) {
    w.beginObject();
    w.stringMember("at", s.at);
    w.booleanMember("ok", s.why === "");
    if (s.algorithm !== "") w.stringMember("algorithm", s.algorithm);
    if (s.signer !== "") w.stringMember("signer", s.signer);
    if (s.trustedBy !== "") w.stringMember("trustedBy", s.trustedBy);
    if (s.why !== "") w.stringMember("why", s.why);
    w.endObject();
  }
  w.endArray();
  w.endObject();
  return `${w.text()}\n`;
}

/** For people: what an update would do, and the items it is because of. */
export function formatPlan(t: Transition): string {
  if (t.kind === "nothing") return "nothing: no item differs that a device runs\n";
  const lines = [t.kind === "reboot" ? "reboot: every container ends and begins again\n" : "restart: only these containers; the others run on\n"];
  if (t.stop.length > 0) lines.push(printable(`  stop   ${t.stop.join(", ")}`), "\n");
  if (t.start.length > 0) lines.push(printable(`  start  ${t.start.join(", ")}`), "\n");
  const rows = [["ITEM", "CHANGE", "NEEDS", "BECAUSE"]];
  for (const x of t.items) {
    const why = x.why !== "" ? x.why : `container ${x.container} has restart policy container`;
    rows.push([printable(x.item), x.change, x.reboot ? "reboot" : "restart", printable(why)]);
  }
  return `${lines.join("")}\n${formatTable(rows)}`;
}

/**
 * Loops that count through an array count in integers: scriptc counts in
 * doubles, which are wider, and live in memory across every call. The counter
 * starts at a constant, is compared with the array's length at the head of
 * its loop, grows by one at its end and is set nowhere else, so that it stays
 * below 2³¹: an array of as many elements does not fit into memory.
 */
import { indentOf, RELEASE, type Line } from "./c_lines.ts";

/** Reads of a counter: line and temporary. */
type Read = { at: number; name: string };

/** One function, with integer counters. */
export function countWhole(lines: Line[]): Line[] {
  const out = [...lines];
  for (let i = 1; i < lines.length; i++) {
    const name = /^  double (sc_l_\w+);(?: \/\*.*\*\/)?$/.exec(lines[i]!.text)?.[1];
    if (name !== undefined) rewriteCounter(out, i, name);
  }
  return out;
}

function retype(lines: Line[], at: number, change: (text: string) => string = (t) => t): void {
  const l = lines[at]!;
  lines[at] = { text: change(l.text.replace("double ", "int32_t ")), directive: l.directive };
}

function rewriteCounter(lines: Line[], declared: number, name: string): void {
  const uses = new RegExp(`\\b${name}\\b`);
  const reads: Read[] = [];
  const sets: Read[] = [];
  for (let at = 1; at < lines.length; at++) {
    const text = lines[at]!.text;
    if (at === declared || !uses.test(text)) continue;
    const read = new RegExp(`^ *double (sc_t\\d+) = ${name};$`).exec(text);
    const set = new RegExp(`^ *${name} = (sc_t\\d+);`).exec(text);
    if (read !== null) reads.push({ at, name: read[1]! });
    else if (set !== null) sets.push({ at, name: set[1]! });
    else return;
  }
  if (sets.length !== 2) return;
  const [start, step] = [sets[0]!, sets[1]!];
  const one = stepOf(lines, start, step);
  if (!new RegExp(`^ *double ${start.name} = \\d{1,9}\\.0;$`).test(lines[start.at - 1]!.text) || !reads.some((r) => r.name === one)) return;
  const head = headOf(lines, start.at);
  if (head === null || !reads.some((r) => r.name === head.counter)) return;

  retype(lines, declared);
  retype(lines, start.at - 1, (t) => t.replace(".0;", ";"));
  retype(lines, step.at - 2, (t) => t.replace(".0;", ";"));
  retype(lines, step.at - 1);
  retype(lines, head.length, (t) => t.replace("scr_arr_len(", "sc_arr_count("));
  for (const r of reads) {
    if (r.name === one || r.name === head.counter) retype(lines, r.at);
    else useAsIndex(lines, r);
  }
}

/** The temporary that read the counter when a step of one is the loop's last statement; "" when it isn't. */
function stepOf(lines: Line[], start: Read, step: Read): string {
  const loop = indentOf(lines[start.at + 1]!.text);
  if (indentOf(lines[step.at]!.text) !== loop + 2 || lines[step.at + 1]!.text !== `${" ".repeat(loop)}}`) return "";
  for (let at = start.at + 2; at < step.at; at++) if (indentOf(lines[at]!.text) <= loop && lines[at]!.text !== "") return "";
  const sum = new RegExp(`^ *double ${step.name} = (sc_t\\d+) \\+ (sc_t\\d+);$`).exec(lines[step.at - 1]!.text);
  return sum !== null && new RegExp(`^ *double ${sum[2]!} = 1\\.0;$`).test(lines[step.at - 2]!.text) ? sum[1]! : "";
}

/** The comparison at the loop's head: which temporary holds the counter, and where the length is read. */
function headOf(lines: Line[], start: number): { counter: string; length: number } | null {
  if (lines[start + 1]!.text.trim() !== "for (;;) {") return null;
  let at = start + 2;
  while (/^ *(?:double|ScrArr|sc_\w+) \*?sc_t\d+ = /.test(lines[at]!.text)) at += 1;
  const compared = /^ *bool (sc_t\d+) = (sc_t\d+) < (sc_t\d+);$/.exec(lines[at]!.text);
  if (compared === null) return null;
  const length = new RegExp(`^ *double ${compared[3]!} = scr_arr_len\\(sc_t\\d+\\);$`);
  let read = at - 1;
  while (read > start && !length.test(lines[read]!.text)) read -= 1;
  do at += 1; while (RELEASE.test(lines[at]!.text));
  return read > start && lines[at]!.text.trim() === `if (!(${compared[1]!})) break;` ? { counter: compared[2]!, length: read } : null;
}

/** Where a read only serves as an index it is not made a double on the way. */
function useAsIndex(lines: Line[], read: Read): void {
  const uses = new RegExp(`\\b${read.name}\\b`);
  const others = lines.flatMap((l, at) => (at !== read.at && uses.test(l.text) ? [at] : []));
  const form = new RegExp(`scr_arr_get_(ref|f64)\\((\\w+), ${read.name}\\)`);
  if (others.length !== 1 || !form.test(lines[others[0]!]!.text)) return;
  retype(lines, read.at);
  const l = lines[others[0]!]!;
  lines[others[0]!] = { text: l.text.replace(form, `sc_arr_$1_at($2, ${read.name})`), directive: l.directive };
}

/**
 * Joins texts at once: scriptc writes `a + b + c` as two concatenations, whose
 * first result is held until the end of the statement, given up there and at
 * every exit in between. Here the pieces wait for the last of them, and one
 * call of lean.h takes all. A piece must be held until then: whatever is named
 * in between other than at the exits of a failed call stays as it is.
 */
import { exceptional, RELEASE, type Line } from "./c_lines.ts";

const CONCAT = /^( *)ScrStr \*(sc_t\d+) = scr_str_concat\((sc_t\d+), (sc_t\d+)\);$/;
/** What the functions of lean.h take. */
const MOST = 6;

/** The pieces of a concatenation, at this line. */
type Join = { at: number; indent: string; pieces: string[] };

/** One function, with its texts joined at once. */
export function joinTexts(lines: Line[]): Line[] {
  const named = namesOf(lines);
  const aside = exceptional(lines);
  const joins = new Map<string, Join>();
  const gone = new Set<string>();
  for (let at = 1; at < lines.length; at++) {
    const m = CONCAT.exec(lines[at]!.text);
    if (m === null) continue;
    const [indent, result, left, right] = [m[1]!, m[2]!, m[3]!, m[4]!];
    const before = joins.get(left);
    const whole = before !== undefined && before.indent === indent && before.pieces.length < MOST && left !== right &&
      isPassedOn(lines, named.get(left)!, before.at, at) && waits(lines, aside, named, before, at);
    if (whole) gone.add(left);
    joins.set(result, { at, indent, pieces: [...(whole ? before.pieces : [left]), right] });
  }
  if (gone.size === 0) return lines;
  const out: Line[] = [];
  for (const l of lines) {
    const made = CONCAT.exec(l.text);
    if (gone.has(made?.[2] ?? RELEASE.exec(l.text)?.[3] ?? "")) continue;
    const pieces = made === null ? [] : joins.get(made[2]!)!.pieces;
    out.push(pieces.length <= 2 ? l : { text: `${made![1]!}ScrStr *${made![2]!} = sc_concat${pieces.length}(${pieces.join(", ")});`, directive: l.directive });
  }
  return out;
}

/** The lines that name each temporary. */
function namesOf(lines: Line[]): Map<string, number[]> {
  const named = new Map<string, number[]>();
  lines.forEach((l, i) => {
    for (const name of new Set(l.text.match(/\bsc_t\d+\b/g) ?? [])) named.set(name, [...(named.get(name) ?? []), i]);
  });
  return named;
}

/** Whether a result is only made, taken by the next concatenation, and given up. */
function isPassedOn(lines: Line[], named: number[], made: number, taken: number): boolean {
  return named.every((i) => i === made || i === taken || RELEASE.test(lines[i]!.text));
}

/** Whether nothing happens to the pieces between two lines of the same block. */
function waits(lines: Line[], aside: boolean[], named: Map<string, number[]>, join: Join, until: number): boolean {
  for (let i = join.at + 1; i < until; i++) {
    const text = lines[i]!.text;
    if (!text.startsWith(join.indent) || /^\s*(?:\w+:|case\b|default:)/.test(text)) return false;
  }
  return join.pieces.every((p) => named.get(p)!.every((i) => i <= join.at || i >= until || (aside[i]! && RELEASE.test(lines[i]!.text))));
}

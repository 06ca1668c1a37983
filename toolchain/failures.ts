/**
 * What follows a call that may fail. A function that fails gives nothing,
 * which the exit behind its call gives up all the same, and which tells that
 * it failed where it gives a text or a list otherwise; a buffer of a constant
 * size is always made; and some functions call nothing that fails. All but the
 * buffers only holds for programs where every way out after a failure gives
 * nothing, which is looked at first.
 */
import { indentOf, RELEASE, type Line } from "./c_lines.ts";

const CHECK = "if (scr_exc_pending()) {";
const FAILS = /^ *(?:scr_throw_\w+|scr_rethrow)\(/;
const NOTHING = /^ *(?:return(?: NULL| 0| false)?;|goto sc_(?:catch|finexc)_\d+;|scr_exc_print_uncaught\(\);)/;
const CALLED = /^ *\w+ \*(sc_t\d+) = (?:sc_f_\w+\(|\(\(const sc_vtt_\w+ \*\)sc_t\d+->vt\)->sc_vs_\w+\()/;
const SIZED = /^ *ScrBytes \*\w+ = scr_bytes_new\(\w+, (sc_t\d+)\);$/;
const RELEASES = /^ *sc\w*_release\w*\([\w, ]+\);$/;

/** Whether every function of the program gives nothing once something failed in it. */
function failsEmpty(lines: string[]): boolean {
  return lines.every((text, at) => {
    if (!FAILS.test(text) && text.trim() !== CHECK) return true;
    let next = at + 1;
    while (/^ *\w*release\w*\([\w>-]+\);$/.test(lines[next] ?? "")) next += 1;
    return NOTHING.test(lines[next] ?? "");
  });
}

const FUNCTION = /^(?:static )?[\w ]+?\*? ?\b(sc_\w+)\(.*\) \{(?: \/\*.*\*\/)?$/;
/** A call of a function of the program or of a virtual one; values are made in it, but nothing that fails is called. */
const PLAIN = /^ *(?:\w+ \*?\w+ = )?(?:\(\(const sc_vtt_\w+ \*\)sc_t\d+->vt\)->)?(sc_(?:f|vs)_\w+)\((?:[^()]|\([^()]*\))*\);/;
const CALLS = /\b(sc_(?:f|vs|vm)_\w+)\(/g;
const VIRTUAL = /^ *&(sc_vm_\w+),? \/\* (\w+) \*\/$/;

/** Functions that can't fail, virtual ones as sc_vs_NAME: nothing in them does, nor does what they call. */
function sureFunctions(lines: string[]): Set<string> {
  const sure = new Set<string>();
  const failing: string[] = [];
  const callers = new Map<string, string[]>();
  const calls = (caller: string, called: string): void => {
    sure.add(caller);
    callers.set(called, [...(callers.get(called) ?? []), caller]);
  };
  let first = 0;
  lines.forEach((text, at) => {
    if (FUNCTION.test(text)) first = at;
    const name = FUNCTION.exec(lines[first]!)?.[1];
    const row = VIRTUAL.exec(text);
    if (row !== null) calls(`sc_vs_${row[2]!}`, row[1]!);
    if (name === undefined) return;
    sure.add(name);
    if (/\bscr_(?:throw|rethrow)|->fn\)/.test(text)) failing.push(name);
    // what is called last of all is not looked after: its failure is the caller's
    if (at !== first) for (const m of text.matchAll(CALLS)) calls(name, m[1]!);
    if (text.trim() !== CHECK) return;
    const call = callBefore(lines, at);
    if (!PLAIN.test(lines[call]!) && !isMade(lines.slice(first, at), call - first)) failing.push(name);
  });
  for (const called of callers.keys()) if (!sure.has(called)) failing.push(called);
  for (let f = failing.pop(); f !== undefined; f = failing.pop()) {
    sure.delete(f);
    failing.push(...(callers.get(f) ?? []).filter((c) => sure.has(c)));
  }
  return sure;
}

/** What a program's calls have in common. empty: a failure gives nothing. sure: functions that can't fail, virtual ones as sc_vs_NAME. */
export type Failures = { empty: boolean; sure: Set<string> };

export function failuresOf(c: string): Failures {
  const lines = c.split("\n").filter((l) => !l.startsWith("#line "));
  const empty = failsEmpty(lines);
  return { empty, sure: empty ? sureFunctions(lines) : new Set() };
}

/** The line that a check is of: releases stand between. */
function callBefore(lines: string[], check: number): number {
  let call = check - 1;
  while (RELEASES.test(lines[call]!)) call -= 1;
  return call;
}

/** Whether this line makes a buffer of a constant size. */
function isMade(lines: string[], at: number): boolean {
  const name = SIZED.exec(lines[at]!)?.[1];
  if (name === undefined) return false;
  const sets = lines.filter((l) => new RegExp(`\\b${name} = `).test(l));
  return sets.length === 1 && /^ *double sc_t\d+ = \d{1,6}\.0;$/.test(sets[0]!);
}

/** One function without what its failed calls leave to do. */
export function dropFailures(lines: Line[], failures: Failures): Line[] {
  const texts = lines.map((l) => l.text);
  const out: Line[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line.text.trim() !== CHECK) {
      out.push(line);
      continue;
    }
    const call = callBefore(texts, at);
    let end = at;
    while (texts[end] !== `${" ".repeat(indentOf(line.text))}}`) end += 1;
    const plain = PLAIN.exec(texts[call]!)?.[1] ?? "";
    if (failures.sure.has(plain) || (call === at - 1 && isMade(texts, call))) {
      at = end;
      continue;
    }
    const made = failures.empty ? CALLED.exec(texts[call]!)?.[1] : undefined;
    out.push(...lines.slice(at, end).filter((l) => made === undefined || RELEASE.exec(l.text)?.[3] !== made));
    at = end - 1;
  }
  return out;
}

/** Texts, lists, buffers and unions are never NULL: the runtime looks into one whenever a reference to it is taken. */
const VALUE = /^ *(?:ScrStr|ScrArr|ScrBytes|ScrUnion) \*(sc_t\d+) = (?:sc_f_\w+\(|\(\(const sc_vtt_\w+ \*\)sc_t\d+->vt\)->sc_vs_\w+\()/;
const THROWN = /^ *\w+ \*?sc_t\d+ = \(scr_throw_\w+\(/;

/** One function, after all that looks for checks in their usual form: what a call gave tells whether it failed. */
export function tellFailures(lines: Line[], failures: Failures): Line[] {
  if (!failures.empty) return lines;
  const texts = lines.map((l) => l.text);
  return lines.map((l, at) => {
    if (l.text.trim() !== CHECK) return l;
    const call = texts[callBefore(texts, at)]!;
    const value = VALUE.exec(call)?.[1];
    const failed = value !== undefined ? `!${value}` : THROWN.test(call) ? "true" : "";
    return failed === "" ? l : { text: l.text.replace("scr_exc_pending()", failed), directive: l.directive };
  });
}

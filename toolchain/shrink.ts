/**
 * Makes the C that scriptc writes smaller without changing what it does. Its
 * text follows fixed forms, and this relies on these:
 * - a literal is immortal, so its retain and release do nothing;
 * - a temporary that retains a local and is released again in the same block
 *   borrows it, as long as the local is not given another value meanwhile;
 * - so does one that retains what a field holds, or what a union holds, as
 *   long as their object is held, and nothing sets that field, meanwhile;
 * - a function that returns what a local holds hands it over;
 * - every exit of a function releases the function's locals one by one: the
 *   order does not matter, so all exits share one chain of releases.
 * Whatever does not have exactly these forms stays as it is.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exceptional, indentOf, RELEASE, type Line } from "./c_lines.ts";
import { countWhole } from "./counters.ts";
import { dropFailures, failuresOf, tellFailures } from "./failures.ts";
import { joinTexts } from "./joins.ts";
import { leaves, settersOf, type Setters } from "./setters.ts";
import { joinReleases, outlineCalls, repeatedCalls, smallerTypes } from "./outline.ts";

const FUNCTION = /^(?:static )?([\w ]+?\*?) ?\b(sc_\w+)\((.*)\) \{(?: \/\*.*\*\/)?$/;
const LITERAL = /^ *ScrStr \*(sc_t\d+) = scr_str_retain\(\(ScrStr \*\)&sc_lit_\d+\);$/;
/** Of a local, a global, a field of a temporary, a temporary's union. */
const BORROW = /^( *)(\w+) \*(sc_t\d+) = \w*retain\w*\((sc_[lg]_\w+|(sc_t\d+)->(sc_fld_\w+)|\(\w+ \*\)scr_union_peek\((sc_t\d+)\))\);$/;
/** Calls that write into a string nobody else holds: they must see that the local holds it too. Of the two that are joined, it is the first. */
const GROWS = /\bsc_concat\d\(\w+|\bscr_str_(?:concat\(\w+|(?:concat\w|append|build)\w*\(.*)/;
const LOCAL = /^ {2}[\w ]+?\*? ?\*?(sc_l_\w+)(?: = .*)?;(?: \/\*.*\*\/)?$/;
const RETURN = /^ *return(?: ([\w.]+))?;(?: \/\*.*\*\/)?$/;

/** Functions that stand in for the runtime's, as C text behind its header. */
const RUNTIME = '#include "scr_runtime.h"';
const LEAN = readFileSync(join(import.meta.dirname, "lean.h"), "utf8");
/** What checks the index into bytes, and the same by a signed number, whose conversions are an instruction each: bytes are never longer. */
const CHECK = `  if (!(i >= 0.0 && i < (double)b->len)) { (void)scr_bytes_get(b, i); return 0; }
  size_t idx = (size_t)i;
  if ((double)idx != i) { (void)scr_bytes_get(b, i); return 0; }
  return idx;
`;
const LEAN_CHECK = `  if (i >= 0.0 && i < (double)PTRDIFF_MAX) {
    const ptrdiff_t idx = (ptrdiff_t)i;
    if ((size_t)idx < b->len && (double)idx == i) return (size_t)idx;
  }
  (void)scr_bytes_get(b, i);
  return 0;
`;

/** The C text of a whole program, smaller. */
export function shrink(text: string): string {
  const c = smallerTypes(text).replace(`${RUNTIME}\n`, `${RUNTIME}\n${LEAN}`).replace(CHECK, LEAN_CHECK);
  const kept = keptValues(c);
  const failures = failuresOf(c);
  const repeated = repeatedCalls(c);
  const outlined = new Map<string, string>();
  const out: string[] = [];
  const emit = (lines: Line[]): void => {
    for (const l of lines) {
      if (l.directive !== "") out.push(l.directive);
      out.push(l.text);
    }
  };
  let current: Line[] | null = null;
  let directive = "";
  for (const text of c.split("\n")) {
    if (text.startsWith("#line ")) {
      directive = text;
      continue;
    }
    const line = { text, directive };
    directive = "";
    if (current === null) {
      if (FUNCTION.test(text)) current = [line];
      else emit([line]);
      continue;
    }
    current.push(line);
    if (text !== "}") continue;
    emit(outlineCalls(tellFailures(smaller(dropFailures(current, failures), kept), failures), repeated, outlined));
    current = null;
  }
  if (current !== null) emit(current);
  return out.join("\n");
}

function smaller(lines: Line[], kept: Kept): Line[] {
  return joinReleases(shareExits(countWhole(dropBorrows(handOver(dropLiterals(joinTexts(lines))), kept))));
}

/** A function that returns a local and gives it up hands it over. */
function handOver(lines: Line[]): Line[] {
  const out = [...lines];
  for (let i = 1; i < out.length; i++) {
    const taken = BORROW.exec(out[i]!.text);
    if (taken === null) continue;
    let given = -1;
    let at = i + 1;
    for (let m = RELEASE.exec(out[at]!.text); m !== null; m = RELEASE.exec(out[at]!.text)) {
      if (m[3] === taken[4]) given = at;
      at += 1;
    }
    if (given < 0 || RETURN.exec(out[at]!.text)?.[1] !== taken[3]) continue;
    out[i] = { text: `${taken[1]!}${taken[2]!} *${taken[3]!} = ${taken[4]!};`, directive: out[i]!.directive };
    out.splice(given, 1);
  }
  return out;
}

/** changing: fields that are set after their object was made, as fieldKey() names them. constant: globals that are set once. */
type Kept = { changing: Set<string>; constant: Set<string>; setters: Setters };

const STORE = /(\w+)->(sc_fld_\w+) = /g;
const TEMPORARY = /^( *)(\w+) \*(sc_t\d+) = (.*);$/;
const POINTER = /^ *(\w+) \*(\w+) = (.*);$/;
const CLASS = "sc_o_";
const ANY = "any";

/** A record's field, or that of all classes. */
function fieldKey(type: string, field: string): string {
  return `${type.startsWith(CLASS) ? CLASS : type}.${field}`;
}

/** Classes inherit, and pointers to them are cast: their fields count by name alone. */
function keptValues(c: string): Kept {
  const changing = new Set<string>();
  const sets = new Map<string, number>();
  let made = new Map<string, { type: string; value: string }>();
  let head = "";
  for (const text of c.split("\n")) {
    const start = FUNCTION.exec(text);
    if (start !== null) {
      head = start[2]!;
      made = new Map();
    }
    const m = POINTER.exec(text);
    if (m !== null) made.set(m[2]!, { type: m[1]!, value: m[3]! });
    const global = /^ *(sc_g_\w+) = /.exec(text);
    if (global !== null) sets.set(global[1]!, (sets.get(global[1]!) ?? 0) + 1);
    for (const [, object, field] of text.matchAll(STORE)) {
      const of = made.get(object!);
      if (head.startsWith("sc_rclone_")) continue;
      if (of === undefined) changing.add(fieldKey(ANY, field!));
      else if (!/^sc_r(new|clone)_/.test(of.value) && !(head.endsWith("_constructor") && of.value.endsWith("(sc_l_this_0)"))) changing.add(fieldKey(of.type, field!));
    }
  }
  return { changing, constant: new Set([...sets].filter(([, n]) => n === 1).map(([name]) => name)), setters: settersOf(c) };
}

/** Names that get a value in a line of their own, beside their declaration. */
function assigned(lines: Line[]): Set<string> {
  const names = new Set<string>();
  for (const l of lines) {
    const m = /^ *(sc_\w+) = /.exec(l.text);
    if (m !== null) names.add(m[1]!);
  }
  return names;
}

function withoutReleases(lines: Line[], names: Set<string>): Line[] {
  return lines.filter((l) => {
    const m = RELEASE.exec(l.text);
    return m === null || !names.has(m[3]!);
  });
}

function dropLiterals(lines: Line[]): Line[] {
  const changed = assigned(lines);
  const literals = new Set<string>();
  for (const l of lines) {
    const m = LITERAL.exec(l.text);
    if (m !== null && !changed.has(m[1]!)) literals.add(m[1]!);
  }
  if (literals.size === 0) return lines;
  return withoutReleases(lines, literals).map((l) => {
    const m = LITERAL.exec(l.text);
    return m === null || !literals.has(m[1]!) ? l : { text: l.text.replace(/scr_str_retain\((.*)\);$/, "$1;"), directive: l.directive };
  });
}

function dropBorrows(lines: Line[], kept: Kept): Line[] {
  const changed = assigned(lines);
  const aside = exceptional(lines);
  const held = new Map<string, { depth: number; type: string }>();
  const dropped = new Set<string>();
  for (let i = 0; i < lines.length; i++) {
    const made = TEMPORARY.exec(lines[i]!.text);
    if (made !== null) held.set(made[3]!, { depth: made[1]!.length, type: made[2]! });
    const m = BORROW.exec(lines[i]!.text);
    if (m === null || changed.has(m[3]!)) continue;
    const [source, object, field] = [m[4]!, m[5] ?? m[7] ?? "", m[6] ?? ""];
    if (object === "") {
      if (source.startsWith("sc_g_") ? !kept.constant.has(source) : false) continue;
      if (isBorrow(lines, aside, i, m[3]!, source, -1)) dropped.add(m[3]!);
      continue;
    }
    const holder = held.get(object);
    if (holder === undefined || changed.has(object)) continue;
    if (field !== "" && isChanging(lines, kept, holder.type, field) && !isLeft(lines, aside, i, m[3]!, field, kept.setters)) continue;
    const end = releaseAt(lines, aside, i, object, holder.depth);
    if (end >= 0 && isBorrow(lines, aside, i, m[3]!, "", end)) dropped.add(m[3]!);
  }
  if (dropped.size === 0) return lines;
  return withoutReleases(lines, dropped).map((l) => {
    const m = BORROW.exec(l.text);
    return m === null || !dropped.has(m[3]!) ? l : { text: `${m[1]!}${m[2]!} *${m[3]!} = ${m[4]!};`, directive: l.directive };
  });
}

/** A constructor may set a field that it has read. */
function isChanging(lines: Line[], kept: Kept, type: string, field: string): boolean {
  return kept.changing.has(fieldKey(ANY, field)) || kept.changing.has(fieldKey(type, field)) || /_constructor\(/.test(lines[0]!.text);
}

/** Whether nothing sets fields of this name until a temporary is given up. */
function isLeft(lines: Line[], aside: boolean[], from: number, name: string, field: string, setters: Setters): boolean {
  for (let i = from + 1; i < lines.length; i++) {
    if (aside[i]) continue;
    if (RELEASE.exec(lines[i]!.text)?.[3] === name) return true;
    if (!leaves(lines[i]!, field, setters)) return false;
  }
  return false;
}

/** The line behind `from` where a temporary of this depth is given up on the usual way; -1 when it is not, but handed over. */
function releaseAt(lines: Line[], aside: boolean[], from: number, name: string, depth: number): number {
  for (let i = from + 1; i < lines.length; i++) {
    if (aside[i]) continue;
    const m = RELEASE.exec(lines[i]!.text);
    if (m !== null && m[3] === name) return m[1]!.length === depth ? i : -1;
  }
  return -1;
}

/** From its declaration on: released at the same depth, the local (or global) untouched until then, not used behind line `end` (-1: no such line). */
function isBorrow(lines: Line[], aside: boolean[], from: number, name: string, local: string, end: number): boolean {
  const uses = new RegExp(`\\b${name}\\b`);
  const depth = indentOf(lines[from]!.text);
  const touches = new RegExp(local === "" ? "^$" : `(?:\\b${local} = |release\\w*\\(${local}\\)|&${local}\\b)`);
  const escapes = new RegExp(`(?:= ${name};|return ${name}\\b|\\(\\w+ \\*\\)${name};)`);
  for (let i = from + 1; i < lines.length; i++) {
    const text = lines[i]!.text;
    if (text === "" || aside[i]) continue;
    if (indentOf(text) < depth) return false;
    const m = RELEASE.exec(text);
    if (m !== null && m[3] === name) return m[1]!.length === depth;
    if (end >= 0 && i > end && uses.test(text)) return false;
    if (uses.test(GROWS.exec(text)?.[0] ?? "")) return false;
    if (touches.test(text) || escapes.test(text) || /^\s*\w+:/.test(text)) return false;
  }
  return false;
}

/** One release of the shared chain; its parent is what follows it. */
type Node = { text: string; label: string; children: Map<string, Node>; targeted: boolean };

function node(text: string, label: string): Node {
  return { text, label, children: new Map(), targeted: false };
}

/** Locals of the whole function in the order of their declaration, parameters first. */
function localsOf(lines: Line[], parameters: string): Map<string, number> {
  const order = new Map<string, number>();
  for (const p of parameters.matchAll(/\b(sc_[lp]_\w+)/g)) order.set(p[1]!, order.size);
  for (const l of lines) {
    const m = LOCAL.exec(l.text);
    if (m !== null && !order.has(m[1]!)) order.set(m[1]!, order.size);
  }
  return order;
}

type Exit = { first: number; last: number; value: string; kept: Line[]; chain: string[] };

/** The exit whose return stands at `last` (for the end of a void function: the closing brace). */
function exitAt(lines: Line[], last: number, value: string, order: Map<string, number>): Exit {
  const kept: Line[] = [];
  const chain: { name: string; text: string }[] = [];
  let first = last;
  while (first > 1) {
    const m = RELEASE.exec(lines[first - 1]!.text);
    if (m === null) break;
    first -= 1;
    if (order.has(m[3]!) && m[3] !== value) chain.push({ name: m[3]!, text: `${m[2]!}(${m[3]!});` });
    else kept.unshift(lines[first]!);
  }
  chain.sort((a, b) => order.get(a.name)! - order.get(b.name)!);
  return { first, last, value, kept, chain: chain.map((each) => each.text) };
}

function shareExits(lines: Line[]): Line[] {
  const head = FUNCTION.exec(lines[0]!.text)!;
  const isVoid = head[1]!.trim() === "void";
  const order = localsOf(lines, head[3]!);
  const exits: Exit[] = [];
  for (let i = 1; i < lines.length; i++) {
    const m = RETURN.exec(lines[i]!.text);
    if (m === null || (m[1] === undefined) !== isVoid) continue;
    exits.push(exitAt(lines, i, m[1] ?? "", order));
  }
  if (isVoid) exits.push(exitAt(lines, lines.length - 1, "", order));
  const worth = exits.filter((e) => e.chain.length >= 2);
  if (worth.length < 2) return lines;

  const root = node("", "sc_exit");
  let count = 0;
  const targets = worth.map((e) => {
    let at = root;
    for (const text of e.chain) {
      let next = at.children.get(text);
      if (next === undefined) {
        next = node(text, `sc_exit_${count}`);
        count += 1;
        at.children.set(text, next);
      }
      at = next;
    }
    at.targeted = true;
    return at;
  });
  return rebuilt(lines, isVoid, head[1]!.trim(), worth, targets, root);
}

function rebuilt(lines: Line[], isVoid: boolean, type: string, exits: Exit[], targets: Node[], root: Node): Line[] {
  const out: Line[] = [lines[0]!];
  if (!isVoid) out.push(plain(`  ${type}${type.endsWith("*") ? "" : " "}sc_result;`));
  let at = 1;
  let falls = isVoid;
  exits.forEach((e, i) => {
    for (; at < e.first; at++) out.push(lines[at]!);
    const indent = " ".repeat(e.last === lines.length - 1 ? 2 : indentOf(lines[e.last]!.text));
    out.push(...e.kept);
    if (!isVoid) out.push({ text: `${indent}sc_result = ${e.value};`, directive: lines[e.last]!.directive });
    out.push(plain(`${indent}goto ${targets[i]!.label};`));
    if (e.last === lines.length - 1) falls = false;
    at = e.last === lines.length - 1 ? e.last : e.last + 1;
  });
  for (; at < lines.length - 1; at++) out.push(lines[at]!);
  if (falls) out.push(plain("  return;"));
  writeChain(root, isVoid, out);
  out.push(lines[lines.length - 1]!);
  return out;
}

function plain(text: string): Line {
  return { text, directive: "" };
}

/** Children first, each going on to its parent: the last one by falling into it. */
function writeChain(root: Node, isVoid: boolean, out: Line[]): void {
  const write = (n: Node, parent: Node | null, falls: boolean): void => {
    const children = [...n.children.values()];
    children.forEach((c, i) => write(c, n, i === children.length - 1));
    out.push(plain(` ${n.label}:`));
    if (parent === null) out.push(plain(isVoid ? "  return;" : "  return sc_result;"));
    else {
      out.push(plain(`  ${n.text}`));
      if (!falls) out.push(plain(`  goto ${parent.label};`));
    }
  };
  write(root, null, true);
}

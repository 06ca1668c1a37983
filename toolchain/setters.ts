/**
 * Which fields a function of the program may set, itself or through what it
 * calls. What a field holds can be borrowed while nobody sets a field of that
 * name. Fields count by name alone, virtual functions by theirs; a function
 * value may set anything. The runtime calls nothing of the program but through
 * function values and callbacks of the shim.
 */
import type { Line } from "./c_lines.ts";

/** By function (virtual ones as sc_vs_NAME) the fields it may set, null for any. */
export type Setters = Map<string, Set<string> | null>;

const FUNCTION = /^(?:static )?[\w ]+?\*? ?\b(sc_\w+)\(.*\) \{(?: \/\*.*\*\/)?$/;
const SET = /->(sc_fld_\w+)(?: [-+*\/|&^]?= |\+\+|--)|&\w+->(sc_fld_\w+)/g;
const CALLED = /\b([a-z_]\w*)\(/g;
const HARMLESS = /^(?:if|while|for|switch|sizeof|return|scr_(?:str|arr|union|bytes|map|bit|f64|math|num|box|exc|caught|error|string|bool|throw|closure)_\w+|scr_rethrow|scr_trap|sc_concat\d|sc_(?:r?retain|r?release|rnew)_\w+|floor|ceil|trunc|fmod|pow|fabs|isnan|isinf)$/;
const CALLBACK = /->fn\)|\bsc_ffi_cb_/;
const VIRTUAL = /^ *&(sc_vm_\w+) \/\* (\w+) \*\/$/;

/** What a line sets, and which functions of the program it calls; null when it may call anything. */
function effectOf(text: string): { sets: string[]; calls: string[] } | null {
  if (CALLBACK.test(text)) return null;
  const calls: string[] = [];
  for (const m of text.matchAll(CALLED)) {
    if (HARMLESS.test(m[1]!) || m[1]!.startsWith("sys_")) continue;
    if (!m[1]!.startsWith("sc_")) return null;
    calls.push(m[1]!);
  }
  return { sets: [...text.matchAll(SET)].map((m) => m[1] ?? m[2]!), calls };
}

/** Of a whole program's C text. */
export function settersOf(c: string): Setters {
  const setters: Setters = new Map();
  const calls = new Map<string, Set<string>>();
  let current = "";
  for (const text of c.split("\n")) {
    const start = FUNCTION.exec(text);
    if (start !== null) {
      current = start[1]!;
      setters.set(current, new Set());
      calls.set(current, new Set());
      continue;
    }
    const row = VIRTUAL.exec(text.replace(",", ""));
    if (row !== null) {
      const name = `sc_vs_${row[2]!}`;
      if (!setters.has(name)) setters.set(name, new Set());
      calls.set(name, (calls.get(name) ?? new Set()).add(row[1]!));
    }
    if (text === "}") current = "";
    if (current === "" || text.startsWith("#line ")) continue;
    const effect = effectOf(text);
    if (effect === null) setters.set(current, null);
    for (const f of effect?.sets ?? []) setters.get(current)?.add(f);
    for (const f of effect?.calls ?? []) calls.get(current)!.add(f);
  }
  for (let grew = true; grew;) {
    grew = false;
    for (const [name, own] of setters) {
      if (own === null) continue;
      const before = own.size;
      for (const called of calls.get(name)!) {
        const theirs = setters.get(called) ?? null;
        if (theirs === null) {
          setters.set(name, null);
          grew = true;
          break;
        }
        for (const f of theirs) own.add(f);
      }
      grew ||= own.size > before;
    }
  }
  return setters;
}

/** Whether a line leaves every field of this name as it is. */
export function leaves(line: Line, field: string, setters: Setters): boolean {
  const effect = effectOf(line.text);
  return effect !== null && !effect.sets.includes(field) && effect.calls.every((f) => setters.get(f)?.has(field) === false);
}

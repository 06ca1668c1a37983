/**
 * Calls that are written out over and over in the C that scriptc writes, with
 * the same constants, get one small function for all of them: new arrays,
 * unions and thrown objects name the functions of their elements each time.
 * So do releases that follow each other: their order does not matter.
 */
import { type Line } from "./c_lines.ts";

/** Function and arguments; one argument at most is not constant. */
const CALL = /\b(scr_arr_new|scr_arr_new_ref|scr_union_new_ref|scr_throw_obj)\(([\w&, ]+)\)/;
const VARIABLE = /^sc_[tl]_?\w+$/;
const RESULTS: Record<string, string> = { scr_arr_new: "ScrArr *", scr_arr_new_ref: "ScrArr *", scr_union_new_ref: "ScrUnion *", scr_throw_obj: "void " };
/** Fewer calls than these take more bytes with a function than without. */
const WORTH = 3;

/** Constants of a call, and the text of its variable, "" for none; null for a call with several. */
function partsOf(call: RegExpExecArray): { key: string; variable: string } | null {
  const given = call[2]!.split(", ");
  const variables = given.filter((g) => VARIABLE.test(g));
  if (variables.length > 1) return null;
  return { key: `${call[1]!}(${given.map((g) => (VARIABLE.test(g) ? "given" : g)).join(", ")})`, variable: variables[0] ?? "" };
}

/** How often each call is written in a program. */
export function repeatedCalls(c: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const m of c.matchAll(new RegExp(CALL, "g"))) {
    const parts = partsOf(m);
    if (parts !== null) counts.set(parts.key, (counts.get(parts.key) ?? 0) + 1);
  }
  return counts;
}

/** A function that calls `made` instead, and before it the functions it is the first to call. */
export function outlineCalls(lines: Line[], counts: Map<string, number>, made: Map<string, string>): Line[] {
  const before: Line[] = [];
  const out = lines.map((l) => {
    const call = CALL.exec(l.text);
    const parts = call === null ? null : partsOf(call);
    if (parts === null || (counts.get(parts.key) ?? 0) < WORTH) return l;
    let name = made.get(parts.key);
    if (name === undefined) {
      name = `sc_call_${made.size}`;
      made.set(parts.key, name);
      const result = RESULTS[call![1]!]!;
      before.push({ text: `__attribute__((noinline, noclone)) static ${result}${name}(${parts.variable === "" ? "void" : "void *given"}) { ${result === "void " ? "" : "return "}${parts.key}; }`, directive: "" });
    }
    return { text: l.text.replace(CALL, `${name}(${parts.variable})`), directive: l.directive };
  });
  return [...before, ...out];
}

const RELEASE = /^( *)(scr_str|scr_arr)_release\((sc_\w+)\);$/;
/** What the functions of lean.h take. */
const MOST = 4;

/** Joins releases that follow each other; labels that nothing goes to would part them. */
export function joinReleases(lines: Line[]): Line[] {
  const targets = new Set<string>();
  for (const l of lines) {
    const to = /\bgoto (\w+);/.exec(l.text);
    if (to !== null) targets.add(to[1]!);
  }
  const out: Line[] = [];
  let waiting: { indent: string; kind: string; name: string; directive: string }[] = [];
  const flush = (): void => {
    for (const kind of ["scr_str", "scr_arr"]) {
      const of = waiting.filter((w) => w.kind === kind);
      for (let i = 0; i < of.length; i += MOST) {
        const some = of.slice(i, i + MOST);
        const call = some.length === 1 ? `${kind}_release` : `${kind.replace("scr_", "sc_")}_release${some.length}`;
        out.push({ text: `${some[0]!.indent}${call}(${some.map((s) => s.name).join(", ")});`, directive: some[0]!.directive });
      }
    }
    waiting = [];
  };
  for (const l of lines) {
    const label = /^ (sc_exit\w*):$/.exec(l.text);
    if (label !== null && !targets.has(label[1]!)) continue;
    const m = RELEASE.exec(l.text);
    if (m === null) {
      flush();
      out.push(l);
    } else {
      if (waiting.length > 0 && waiting[0]!.indent !== m[1]) flush();
      waiting.push({ indent: m[1]!, kind: m[2]!, name: m[3]!, directive: l.directive });
    }
  }
  flush();
  return out;
}

const MADE = '= calloc(1, sizeof *o);\n  if (!o) { scr_trap("scriptc: out of memory\\n"); }\n  o->rc = 1;\n';
const FIELD = /^( *)if \((o->sc_fld_\w+)\) ((?:scr_(?:str|arr|bytes|map|union|closure)_release|sc_r?release_\w+)\(\2\);)$/gm;
/** An object that is never given up, but unions. */
const IMMORTAL = /^(?!static ScrUnion ).*\brc = SIZE_MAX/m;

const UNIT = /^static ScrUnion (sc_unit_\d+) = (\{.*\});.*\n/gm;

/** What "undefined" and "null" are in each union, once for all of the same tag: nobody changes them, and unions are told apart by their tags. */
function shareUnits(c: string): string {
  const first = new Map<string, string>();
  const shared = new Map<string, string>();
  const left = c.replace(UNIT, (line, name: string, value: string) => {
    const known = first.get(value);
    if (known === undefined) first.set(value, name);
    else shared.set(name, known);
    return known === undefined ? line : "";
  });
  return left.replace(/\bsc_unit_\d+\b/g, (name) => shared.get(name) ?? name);
}

/** What scriptc writes for every type: objects are made by one function of lean.h, all of them end, and a release may be of nothing. */
export function smallerTypes(c: string): string {
  const lean = shareUnits(c).replaceAll(MADE, "= sc_new(sizeof *o);\n").replace(FIELD, "$1$3");
  if (IMMORTAL.test(c)) return lean;
  return lean.replaceAll("if (o && o->rc != SIZE_MAX) ", "if (o) ").replaceAll("if (!o || o->rc == SIZE_MAX) return;", "if (!o) return;");
}

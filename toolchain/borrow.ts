/**
 * Parameters that are only looked at are borrowed. In the C that scriptc
 * writes, a call hands its arguments over: the caller takes a reference for
 * each, the called function gives it up at every exit. Where the caller holds
 * the value anyway, both are for nothing, so for such a parameter they are
 * turned round: the function gives nothing up, and the caller does so behind
 * the call, where shrink.ts sees that it took what it gives up. A parameter stays as it is
 * when it is assigned, kept, or given up anywhere but at the exits, and when
 * its function is called in any other form than a statement of its own.
 */

type Parameter = { name: string; release: string; gain: number };
/** A function whose calls all have the usual form. borrowed: by position, null where it stays. */
type Callee = { first: number; last: number; borrowed: (Parameter | null)[] };

const DEFINITION = /^(?:static )?[\w ]+?\*? ?\b(sc_f_\w+)\((.*)\) \{(?: \/\*.*\*\/)?$/;
/** Never indented: an indented one is a call, such as those that the tables of classes lead to. */
const PROTOTYPE = /^(?:static )?\w[\w ]*?\*? ?\b(sc_f_\w+)\(.*\);$/;
const CALL = /^( *)(?:\w+ \*?\w+ = |\w+ = )?(sc_f_\w+)\(((?:[\w]+(?:\(\w+\))?(?:, )?)*)\);(?: \/\*.*\*\/)?$/;
const NAMES = /\bsc_f_\w+/g;
const RELEASE = /^ *(\w*release\w*)\((sc_l_\w+)\);$/;
const RETAIN = /^ *\w+ \*(sc_t\d+) = \w*retain\w*\((?:sc_[lg]_\w+|sc_t\d+->sc_fld_\w+|\(ScrStr \*\)&sc_lit_\d+)\);$/;
const TAKEN = /^\w*retain\w*\((\w+)\)$/;
const RETURN = /^ *return\b/;

function isDirective(text: string): boolean {
  return text.startsWith("#line ");
}

/** The whole program's C text with borrowed parameters. */
export function borrowParameters(c: string): string {
  const lines = c.split("\n");
  const callees = calleesOf(lines);
  weigh(lines, callees);
  for (const f of callees.values()) f.borrowed = f.borrowed.map((p) => (p === null || p.gain <= 0 ? null : p));
  return rewritten(lines, callees).join("\n");
}

/** Functions with parameters that may be borrowed, by name. */
function calleesOf(lines: string[]): Map<string, Callee> {
  const callees = new Map<string, Callee>();
  const strange = new Set<string>();
  for (let i = 0; i < lines.length; i++) {
    const text = lines[i]!;
    if (!text.includes("sc_f_") || isDirective(text)) continue;
    const definition = DEFINITION.exec(text);
    if (definition !== null) {
      let last = i + 1;
      while (lines[last] !== "}") last += 1;
      callees.set(definition[1]!, { first: i, last, borrowed: definition[2]!.split(", ").map((p) => parameter(lines, i, last, p)) });
    } else if (!PROTOTYPE.test(text) && !CALL.test(text)) {
      for (const n of text.match(NAMES)!) strange.add(n);
    }
  }
  for (const n of strange) callees.delete(n);
  return callees;
}

/** The parameter, if every use takes a reference of its own and every exit gives the parameter up. */
function parameter(lines: string[], first: number, last: number, declared: string): Parameter | null {
  const name = /^\w+ \*(sc_l_\w+)$/.exec(declared)?.[1];
  if (name === undefined) return null;
  const uses = new RegExp(`\\b${name}\\b`);
  const takes = new RegExp(`^ *\\w+ \\*sc_t\\d+ = \\w*retain\\w*\\(${name}\\);$`);
  let release = "";
  let releases = 0;
  let exits = 0;
  for (let i = first + 1; i <= last; i++) {
    const text = lines[i]!;
    if (isDirective(text)) continue;
    if (RETURN.test(text) || (i === last && !RETURN.test(before(lines, last)))) {
      if (!givesUp(lines, i, name)) return null;
      exits += 1;
    }
    if (!uses.test(text)) continue;
    const m = RELEASE.exec(text);
    if (m !== null) {
      release = m[1]!;
      releases += 1;
    } else if (!takes.test(text)) return null;
  }
  return release !== "" && releases === exits ? { name, release, gain: 1 } : null;
}

function before(lines: string[], at: number): string {
  let i = at - 1;
  while (isDirective(lines[i]!)) i -= 1;
  return lines[i]!;
}

/** Whether the releases directly before this line are of this name too. */
function givesUp(lines: string[], exit: number, name: string): boolean {
  for (let i = exit - 1; ; i--) {
    if (isDirective(lines[i]!)) continue;
    const m = /^ *\w*release\w*\((sc_\w+)\);$/.exec(lines[i]!);
    if (m === null) return false;
    if (m[1] === name) return true;
  }
}

/** What each parameter saves: a pair at calls that hold the value, nothing at those that made it for the call. */
function weigh(lines: string[], callees: Map<string, Callee>): void {
  let held = new Set<string>();
  for (const text of lines) {
    if (text === "}") held = new Set<string>();
    const taken = RETAIN.exec(text);
    if (taken !== null) held.add(taken[1]!);
    const call = CALL.exec(text);
    const callee = call === null ? undefined : callees.get(call[2]!);
    if (callee === undefined) continue;
    call![3]!.split(", ").forEach((argument, i) => {
      const p = callee.borrowed[i];
      if (p !== null && p !== undefined) p.gain += TAKEN.test(argument) || held.has(argument) ? 1 : -1;
    });
  }
}

function rewritten(lines: string[], callees: Map<string, Callee>): string[] {
  const gone = new Set<number>();
  for (const f of callees.values()) {
    const names = new Set(f.borrowed.map((p) => p?.name ?? ""));
    for (let i = f.first; i <= f.last; i++) {
      const m = RELEASE.exec(lines[i]!);
      if (m !== null && names.has(m[2]!)) gone.add(i);
    }
  }
  const out: string[] = [];
  lines.forEach((text, i) => {
    if (gone.has(i)) return;
    const call = CALL.exec(text);
    const callee = call === null ? undefined : callees.get(call[2]!);
    if (callee === undefined) {
      out.push(text);
      return;
    }
    const behind: string[] = [];
    const given = call![3]!.split(", ").map((argument, k) => {
      const p = callee.borrowed[k];
      if (p === null || p === undefined) return argument;
      const taken = TAKEN.exec(argument)?.[1];
      if (taken === undefined) behind.push(`${call![1]!}${p.release}(${argument});`);
      return taken ?? argument;
    });
    out.push(text.replace(`(${call![3]!})`, `(${given.join(", ")})`), ...behind);
  });
  return out;
}

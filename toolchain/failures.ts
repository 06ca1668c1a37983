/**
 * What follows a call that may fail. A function that fails gives nothing,
 * which the exit behind its call gives up all the same; and a buffer of a
 * constant size is always made. The first only holds for programs where every
 * way out after a failure says so, which is looked at first.
 */
import { indentOf, RELEASE, type Line } from "./c_lines.ts";

const CHECK = "if (scr_exc_pending()) {";
const FAILS = /^ *(?:scr_throw_\w+|scr_rethrow)\(/;
const NOTHING = /^ *(?:return(?: NULL| 0| false)?;|goto sc_(?:catch|finexc)_\d+;|scr_exc_print_uncaught\(\);)/;
const CALLED = /^ *\w+ \*(sc_t\d+) = (?:sc_f_\w+\(|\(\(const sc_vtt_\w+ \*\)sc_t\d+->vt\)->sc_vs_\w+\()/;
const SIZED = /^ *ScrBytes \*\w+ = scr_bytes_new\(\w+, (sc_t\d+)\);$/;

/** Whether every function of the program gives nothing once something failed in it. */
export function failsEmpty(c: string): boolean {
  const lines = c.split("\n").filter((l) => !l.startsWith("#line "));
  return lines.every((text, at) => {
    if (!FAILS.test(text) && text.trim() !== CHECK) return true;
    let next = at + 1;
    while (/^ *\w*release\w*\([\w>-]+\);$/.test(lines[next] ?? "")) next += 1;
    return NOTHING.test(lines[next] ?? "");
  });
}

function isConstant(lines: Line[], name: string): boolean {
  const sets = lines.filter((l) => new RegExp(`\\b${name} = `).test(l.text));
  return sets.length === 1 && /^ *double sc_t\d+ = \d{1,6}\.0;$/.test(sets[0]!.text);
}

/** One function without what its failed calls leave to do. `empty`: what failsEmpty() says of the program. */
export function dropFailures(lines: Line[], empty: boolean): Line[] {
  const out: Line[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line.text.trim() !== CHECK) {
      out.push(line);
      continue;
    }
    let call = at - 1;
    while (RELEASE.test(lines[call]!.text)) call -= 1;
    const size = SIZED.exec(lines[call]!.text)?.[1];
    if (size !== undefined && call === at - 1 && isConstant(lines, size)) {
      while (lines[at]!.text !== `${" ".repeat(indentOf(line.text))}}`) at += 1;
      continue;
    }
    out.push(line);
    const made = CALLED.exec(lines[call]!.text)?.[1];
    if (empty && made !== undefined && RELEASE.exec(lines[at + 1]!.text)?.[3] === made) at += 1;
  }
  return out;
}

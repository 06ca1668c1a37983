/**
 * The `#line` directives that scriptc writes: what ships is compiled without
 * them, a debug build with them, so that gdb, addr2line and a crash show
 * TypeScript. scriptc gives them to statements; here the head of a function
 * gets the place of its first one, and paths lose the machine's part.
 */
import { root } from "./places.ts";

const DIRECTIVE = /^#line (\d+) "(.*)"$/;
/** What scriptc calls code of its own making. */
export const GENERATED = "<scriptc>";

/** The C text as it ships. */
export function withoutLines(c: string): string {
  return c.split("\n").filter((l) => !l.startsWith("#line ")).join("\n").replaceAll(`${root}/`, "");
}

/** The C text with a place for every line of a function, relative to the tree. */
export function withLines(c: string): string {
  const lines = c.replaceAll(`${root}/`, "").split("\n");
  const out: string[] = [`#line 1 "${GENERATED}"`];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const first = /^[A-Za-z_].*\{(?: \/\*.*\*\/)?\s*$/.test(line) ? DIRECTIVE.exec(lines[i + 1] ?? "") : null;
    if (first !== null && first[2] !== GENERATED) out.push(`#line ${first[1]} "${first[2]}"`);
    out.push(line);
  }
  return out.join("\n");
}

/**
 * Lets gdb, addr2line and a crash show TypeScript. scriptc ends the C line
 * that completes a statement with a comment that names its place; the lines
 * before it in the same function compute what the statement needs. So a line
 * without a mark belongs to the next mark of its function, or after the last
 * one to that. Lines outside such functions keep their place in the C file.
 */
const MARK = /\/\* ([^\s*]+\.ts):(\d+) \*\/\s*$/;
/** A definition starts at the left margin and carries the mark of its function. */
const FUNCTION_BEGIN = /^[A-Za-z_].*\{ \/\* [^\s*]+\.ts:\d+ \*\/\s*$/;

type Place = { file: string; line: number };

function placeOf(line: string): Place | undefined {
  const m = MARK.exec(line);
  return m === null ? undefined : { file: m[1]!, line: Number(m[2]) };
}

/** TypeScript place of every C line of one function (`lines` from its first line, which has a mark, to its closing brace). */
function placesInFunction(lines: string[]): Place[] {
  const places: Place[] = [];
  let next = lines.map(placeOf).filter((p) => p !== undefined).pop()!;
  for (let i = lines.length - 1; i >= 0; i--) {
    const own = placeOf(lines[i]!);
    if (own !== undefined && i > 0) next = own;
    places[i] = own ?? next;
  }
  return places;
}

/** The C text with `#line` directives; `cName` stands for the C file where no TypeScript is behind a line. */
export function withLineDirectives(c: string, cName: string = "program.c"): string {
  const lines = c.split("\n");
  const out: string[] = [`#line 1 "${cName}"`];
  for (let i = 0; i < lines.length; i++) {
    if (!FUNCTION_BEGIN.test(lines[i]!)) {
      out.push(lines[i]!);
      continue;
    }
    let end = i;
    while (end < lines.length - 1 && lines[end] !== "}") end++;
    const body = lines.slice(i, end + 1);
    const places = placesInFunction(body);
    for (let k = 0; k < body.length; k++) out.push(`#line ${places[k]!.line} "${places[k]!.file}"`, body[k]!);
    out.push(`#line ${end + 2} "${cName}"`);
    i = end;
  }
  return out.join("\n");
}

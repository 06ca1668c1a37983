/** The C that scriptc writes as lines, and what several passes ask of them. */

/** A line with the `#line` directive before it, "" for none. */
export type Line = { text: string; directive: string };

/** Indentation, function, name. */
export const RELEASE = /^( *)(\w*release\w*)\((sc_\w+)\);$/;

export function indentOf(text: string): number {
  return text.length - text.trimStart().length;
}

/** Exits after a failed call: they say nothing about the usual way. Result: which lines lie in one. */
export function exceptional(lines: Line[]): boolean[] {
  const inside: boolean[] = [];
  let until = -1;
  for (let i = 0; i < lines.length; i++) {
    if (until < 0 && lines[i]!.text.trimStart() === "if (scr_exc_pending()) {") until = indentOf(lines[i]!.text);
    inside.push(until >= 0);
    if (until >= 0 && lines[i]!.text.trim() === "}" && indentOf(lines[i]!.text) === until) until = -1;
  }
  return inside;
}

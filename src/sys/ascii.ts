/**
 * Letter case for A-Z only: keys and words are ASCII, and the full Unicode
 * tables would cost 30 KB. And what a foreign text may do to a terminal.
 */
import { hex } from "./text.ts";

/** The 26 letters from code `first` on moved by `by`; a text without them is returned as it is. */
function shifted(text: string, first: number, by: number): string {
  const out: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < first || c >= first + 26) continue;
    if (i > from) out.push(text.slice(from, i));
    out.push(String.fromCharCode(c + by));
    from = i + 1;
  }
  if (from === 0) return text;
  out.push(text.slice(from));
  return out.join("");
}

/** `text` with A-Z lowered; all else unchanged. */
export function lowerAscii(text: string): string {
  return shifted(text, 65, 32);
}

/** `text` with a-z raised; all else unchanged. */
export function upperAscii(text: string): string {
  return shifted(text, 97, -32);
}

/** Control characters as \xNN: a text somebody else wrote can't speak to the terminal or break a line. */
export function printable(text: string): string {
  const out: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 32 && c !== 127) continue;
    out.push(text.slice(from, i), `\\x${hex(c, 2)}`);
    from = i + 1;
  }
  if (from === 0) return text;
  out.push(text.slice(from));
  return out.join("");
}

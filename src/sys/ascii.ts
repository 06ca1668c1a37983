/**
 * Letter case for A-Z only: keys and words are ASCII, and the full Unicode
 * tables would cost 30 KB.
 */

function shifted(text: string, first: number, by: number): string {
  const out: string[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    out.push(c >= first && c < first + 26 ? String.fromCharCode(c + by) : text.charAt(i));
  }
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

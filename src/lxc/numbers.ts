/**
 * Numbers as LXC's configuration spells them (strtoul with base 0: decimal,
 * 0x hexadecimal, 0 octal) and sizes with a unit.
 */

/** Largest integer that a double holds exactly; larger inputs are refused. */
export const MAX_SAFE = 9007199254740991;

/** What a character code stands for in any base: 16 or more, or below 0, when it is no digit. */
function digitOf(code: number): number {
  if (code < 58) return code - 48;
  return code < 65 ? -1 : code < 97 ? code - 55 : code - 87;
}

/** A whole text as an unsigned number, in decimal, 0x… or 0…; -1 when it is not one or exceeds `max`. */
export function parseUnsigned(text: string, max: number): number {
  const hex = text.startsWith("0x") || text.startsWith("0X");
  const base = hex ? 16 : text.length > 1 && text.startsWith("0") ? 8 : 10;
  const from = hex ? 2 : base === 8 ? 1 : 0;
  if (from >= text.length) return -1;
  let n = 0;
  for (let i = from; i < text.length; i++) {
    const d = digitOf(text.charCodeAt(i));
    if (d < 0 || d >= base) return -1;
    n = n * base + d;
    if (n > max || n > MAX_SAFE) return -1;
  }
  return n;
}

/** How many decimal digits `text` has from `from` on. */
export function digitsAt(text: string, from: number): number {
  let end = from;
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end += 1;
  return end - from;
}

/** What LXC means by "auto" for console sizes, in bytes. */
const AUTO_BYTES = 131072;

/** Bytes: digits and an optional B, KB, MB or GB (1024 each), or "auto". -1 when it is not one. */
export function parseSize(text: string): number {
  if (text === "auto") return AUTO_BYTES;
  const end = digitsAt(text, 0);
  let n = parseUnsigned(text.slice(0, end), MAX_SAFE);
  const unit = text.slice(end).trim();
  if (n < 0 || unit === "" || unit === "B") return n;
  const power = "KB MB GB ".indexOf(`${unit} `);
  if (power < 0 || unit.length !== 2) return -1;
  for (let i = 0; i <= power; i += 3) n = n * 1024;
  return n > MAX_SAFE ? -1 : n;
}

/**
 * Strings of JSON text as values, and values as strings of JSON text.
 * Decoding takes text that the scanner has accepted.
 */
import { BACKSLASH, hexUnit, plainEnd, QUOTE, SPACE } from "./tokens.ts";

/** First byte of U+FEFF, which TextDecoder drops where a text begins with it; Buffer keeps it. */
const BOM_LEAD = 0xef;

/** The text of these bytes, which are UTF-8. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  const part = bytes.subarray(start, end);
  if (end > start && part[0] === BOM_LEAD) return Buffer.from(part).toString("utf8");
  return new TextDecoder().decode(part);
}

/** UTF-8 of a character: what String.fromCodePoint would give, which the compiler lacks. */
function character(code: number): string {
  if (code < 0x10000) return String.fromCharCode(code);
  const low = code % 64;
  const middle = (code - low) / 64;
  const high = Math.floor(middle / 64);
  return textOf(new Uint8Array([0xf0 + Math.floor(high / 64), 0x80 + high % 64, 0x80 + middle % 64, 0x80 + low]), 0, 4);
}

const SHORT_ESCAPES = "\"\\/bfnrt";
const SHORT_MEANING = "\"\\/\b\f\n\r\t";

/** The value of a string between its quotes. */
export function unquoted(bytes: Uint8Array, start: number, end: number): string {
  const parts: string[] = [];
  let from = start;
  let i = start;
  while (i < end) {
    i = plainEnd(bytes, i, end);
    if (i >= end) break;
    if (bytes[i] !== BACKSLASH) {
      i += 1;
      continue;
    }
    if (i > from) parts.push(textOf(bytes, from, i));
    const short = SHORT_ESCAPES.indexOf(String.fromCharCode(bytes[i + 1]!));
    if (short >= 0) {
      parts.push(SHORT_MEANING.charAt(short));
      i += 2;
    } else {
      const unit = hexUnit(bytes, i + 2, end);
      const pair = unit >= 0xd800 && unit <= 0xdbff;
      const low = pair ? hexUnit(bytes, i + 8, end) : 0;
      parts.push(character(pair ? 0x10000 + (unit - 0xd800) * 1024 + (low - 0xdc00) : unit));
      i += pair ? 12 : 6;
    }
    from = i;
  }
  if (end > from) parts.push(textOf(bytes, from, end));
  return parts.join("");
}

const HEX = "0123456789abcdef";

function escaped(c: number): string {
  const short = SHORT_MEANING.indexOf(String.fromCharCode(c));
  if (short >= 0) return `\\${SHORT_ESCAPES.charAt(short)}`;
  const low = c % 16;
  return `\\u00${HEX.charAt((c - low) / 16)}${HEX.charAt(low)}`;
}

/** A text as a JSON string, quotes included. Escapes what must be: quote, backslash, controls. */
export function quoted(s: string): string {
  const parts: string[] = ["\""];
  let from = 0;
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c >= SPACE && c !== QUOTE && c !== BACKSLASH) continue;
    if (i > from) parts.push(s.slice(from, i));
    parts.push(escaped(c));
    from = i + 1;
  }
  parts.push(from === 0 ? s : s.slice(from));
  parts.push("\"");
  return parts.join("");
}

/**
 * Numbers as LXC's configuration spells them (strtoul with base 0: decimal,
 * 0x hexadecimal, 0 octal), sizes with a unit, and 0/1 flags.
 */
import type { Report } from "./report.ts";

/** Largest integer that a double holds exactly; larger inputs are refused. */
const MAX_SAFE = 9007199254740991;

function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return 99;
}

/** A whole text as an unsigned number, in decimal, 0x… or 0…; -1 when it is not one or exceeds `max`. */
export function parseUnsigned(text: string, max: number): number {
  let base = 10;
  let from = 0;
  if (text.startsWith("0x") || text.startsWith("0X")) {
    base = 16;
    from = 2;
  } else if (text.length > 1 && text.startsWith("0")) {
    base = 8;
    from = 1;
  }
  if (from >= text.length) return -1;
  let n = 0;
  for (let i = from; i < text.length; i++) {
    const d = digitOf(text.charCodeAt(i));
    if (d >= base) return -1;
    n = n * base + d;
    if (n > max || n > MAX_SAFE) return -1;
  }
  return n;
}

/** As parseUnsigned, refusing in `r`; -1 then. */
export function unsignedOrRefuse(text: string, max: number, r: Report): number {
  const n = parseUnsigned(text, max);
  if (n < 0) r.refuse(`"${text}" is not a number from 0 to ${max}`);
  return n;
}

/** A 0/1 value; refuses anything else and returns `otherwise`. */
export function flagOrRefuse(text: string, otherwise: boolean, r: Report): boolean {
  if (text === "1") return true;
  if (text === "0") return false;
  r.refuse(`"${text}" is neither 0 nor 1`);
  return otherwise;
}

const SIZE_UNITS = ["", "B", "KB", "MB", "GB"];
const SIZE_FACTORS = [1, 1, 1024, 1048576, 1073741824];

/** Bytes: digits and an optional B, KB, MB or GB (1024 each); "auto" is `auto`. -1 when it is not one. */
export function parseSize(text: string, auto: number): number {
  if (text === "auto") return auto;
  let end = 0;
  while (end < text.length && digitOf(text.charCodeAt(end)) < 10) end += 1;
  const n = parseUnsigned(text.slice(0, end), MAX_SAFE);
  const unit = SIZE_UNITS.indexOf(text.slice(end).trim());
  if (n < 0 || unit < 0) return -1;
  const bytes = n * SIZE_FACTORS[unit]!;
  return bytes > MAX_SAFE ? -1 : bytes;
}

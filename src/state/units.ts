/**
 * Sizes and times as people write them under `wherry` keys: "64MiB", "500ms".
 */
import { UNLIMITED } from "./model.ts";

/** Index where the digits (and one dot) of the text end. */
function digitsEnd(text: string): number {
  let i = 0;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if ((c < 48 || c > 57) && c !== 46) break;
    i += 1;
  }
  return i;
}

const SIZE_UNITS = ["", "K", "M", "G", "T"];

/** Bytes of "4096", "64K", "64KiB", "1.5GiB" (steps of 1024); UNLIMITED for "max"; null for what is no size. Empty is null. */
export function parseSize(text: string): number | null {
  if (text === "max") return UNLIMITED;
  const end = digitsEnd(text);
  const n = Number(text.slice(0, end));
  let unit = text.slice(end);
  if (end === 0 || Number.isNaN(n)) return null;
  if (unit.length > 1 && unit.endsWith("iB")) unit = unit.slice(0, unit.length - 2);
  const power = SIZE_UNITS.indexOf(unit);
  if (power < 0) return null;
  let bytes = n;
  for (let i = 0; i < power; i++) bytes = bytes * 1024;
  return Number.isSafeInteger(bytes) ? bytes : null;
}

const TIME_UNITS = ["s", "ms", "us", "min", "h"];
const TIME_FACTORS = [1000, 1, 0.001, 60000, 3600000];

/** Milliseconds of "10" (seconds), "500ms", "2min"; null for what is no time. Empty is null. */
export function parseTimeMs(text: string): number | null {
  const end = digitsEnd(text);
  const n = Number(text.slice(0, end));
  if (end === 0 || Number.isNaN(n)) return null;
  const unit = TIME_UNITS.indexOf(end === text.length ? "s" : text.slice(end));
  if (unit < 0) return null;
  const ms = n * TIME_FACTORS[unit]!;
  return ms <= 2147483647 ? ms : null;
}

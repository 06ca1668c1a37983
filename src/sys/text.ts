/**
 * Text and numbers on their way to and from the kernel: UTF-8, packed lists,
 * hex, octal, decimal. Never looks at the system.
 */

export function toUtf8(s: string): Uint8Array {
  return new TextEncoder().encode(s);
}

export function fromUtf8(b: Uint8Array): string {
  return new TextDecoder().decode(b);
}

/** Text of a buffer up to its first NUL (fixed-size fields of kernel structures). */
export function fromField(b: Uint8Array): string {
  let end = 0;
  while (end < b.length && b[end] !== 0) end++;
  return fromUtf8(b.subarray(0, end));
}

/** Words, each ended by NUL, one after the other: argv and environment for exec. Words must not hold NUL. */
export function packed(words: string[]): Uint8Array {
  return words.length === 0 ? new Uint8Array(0) : toUtf8(`${words.join("\0")}\0`);
}

/** The words of a packed list; text behind the last NUL is a word too. */
export function unpacked(list: Uint8Array): string[] {
  const words = fromUtf8(list).split("\0");
  if (words[words.length - 1] === "") words.pop();
  return words;
}

const HEX = "0123456789abcdef";

/** Lower-case hex of a non-negative integer below 2^53, at least `width` digits. */
export function hex(n: number, width: number = 1): string {
  let out = "";
  let rest = n;
  while (rest > 0 || out.length < width) {
    const digit = rest % 16;
    out = HEX.charAt(digit) + out;
    rest = (rest - digit) / 16;
  }
  return out;
}

export function hexOfBytes(b: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < b.length; i++) parts.push(hex(b[i]!, 2));
  return parts.join("");
}

/** Octal digits of a mode, "755" for 0o755. */
export function octal(n: number): string {
  let out = "";
  let rest = n;
  while (rest > 0 || out === "") {
    const digit = rest % 8;
    out = String(digit) + out;
    rest = (rest - digit) / 8;
  }
  return out;
}

/** The number a text of decimal digits only says, or -1 (also for more than 15 digits). */
export function parseDecimal(s: string): number {
  if (s.length === 0 || s.length > 15) return -1;
  let n = 0;
  for (let i = 0; i < s.length; i++) {
    const digit = s.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    n = n * 10 + digit;
  }
  return n;
}

/** The words of a text between blanks, tabs and newlines. */
export function words(s: string): string[] {
  const out: string[] = [];
  let start = -1;
  for (let i = 0; i <= s.length; i++) {
    const c = i < s.length ? s.charCodeAt(i) : 32;
    const blank = c === 32 || c === 9 || c === 10 || c === 13;
    if (blank && start >= 0) {
      out.push(s.slice(start, i));
      start = -1;
    } else if (!blank && start < 0) {
      start = i;
    }
  }
  return out;
}

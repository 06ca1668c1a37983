/**
 * Signal names and numbers as guests with glibc count them: SIGRTMIN is 34,
 * whatever our own libc reserves. The same on arm, arm64 and x86.
 */
import { lowerAscii, upperAscii } from "../sys/ascii.ts";

const NAMES =
  "hup int quit ill trap abrt bus fpe kill usr1 segv usr2 pipe alrm term stkflt chld cont stop tstp ttin ttou urg " +
  "xcpu xfsz vtalrm prof winch io pwr sys";
const ALIASES = ["iot", "cld", "poll", "unused"];
const ALIAS_NUMBERS = [6, 17, 29, 31];
const RTMIN = 34;
const RTMAX = 64;

function small(text: string): number {
  let n = 0;
  for (let i = 0; i < text.length; i++) {
    const d = text.charCodeAt(i) - 48;
    if (d < 0 || d > 9 || n > RTMAX) return -1;
    n = n * 10 + d;
  }
  return text === "" ? -1 : n;
}

function inRange(n: number, low: number): number {
  return n >= low && n <= RTMAX ? n : -1;
}

/** Number of "SIGPWR", "pwr", "SIGRTMIN+3", "SIGRTMAX-1" or "37"; -1 when it is none. */
export function signalNumber(text: string): number {
  const plain = small(text);
  if (plain >= 0) return inRange(plain, 1);
  const lower = lowerAscii(text);
  const name = lower.startsWith("sig") ? lower.slice(3) : lower;
  if (name === "rtmin") return RTMIN;
  if (name === "rtmax") return RTMAX;
  if (name.startsWith("rtmin+")) {
    const n = small(name.slice(6));
    return n < 0 ? -1 : inRange(RTMIN + n, RTMIN);
  }
  if (name.startsWith("rtmax-")) {
    const n = small(name.slice(6));
    return n < 0 ? -1 : inRange(RTMAX - n, RTMIN);
  }
  const alias = ALIASES.indexOf(name);
  if (alias >= 0) return ALIAS_NUMBERS[alias]!;
  const known = NAMES.split(" ").indexOf(name);
  return known >= 0 ? known + 1 : -1;
}

/** "SIGPWR" for 30, "SIGRTMIN+3" for 37. */
export function signalName(n: number): string {
  const names = NAMES.split(" ");
  if (n >= 1 && n <= names.length) return `SIG${upperAscii(names[n - 1]!)}`;
  return n >= RTMIN ? `SIGRTMIN+${n - RTMIN}` : `signal ${n}`;
}

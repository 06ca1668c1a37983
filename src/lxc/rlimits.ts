/**
 * Resource limits of lxc.prlimit.*: names, kernel numbers and the soft:hard
 * value. Source: kernel include/uapi/asm-generic/resource.h (arm, arm64, x86).
 */
import type { Prlimit } from "./description.ts";
import { parseUnsigned } from "./numbers.ts";
import type { Report } from "./report.ts";

const NAMES = "cpu fsize data stack core rss nproc nofile memlock as locks sigpending msgqueue nice rtprio rttime";

/** RLIMIT_* number of "nofile"; -1 when there is none. */
export function rlimitNumber(name: string): number {
  return NAMES.split(" ").indexOf(name);
}

/** RLIM_INFINITY is written as -1 everywhere in this room. */
function limit(text: string, r: Report): number {
  if (text === "unlimited") return -1;
  const n = parseUnsigned(text, 9007199254740991);
  if (n < 0) r.refuse(`"${text}" is neither a number nor "unlimited"`);
  return n;
}

/** `soft[:hard]` of limit `name`; refuses in `r` and returns null when it is wrong. */
export function parsePrlimit(name: string, value: string, r: Report): Prlimit | null {
  const resource = rlimitNumber(name);
  if (resource < 0) {
    r.refuse(`"${name}" is no resource limit (one of ${NAMES})`);
    return null;
  }
  const before = r.problems.length;
  const colon = value.indexOf(":");
  const soft = limit((colon < 0 ? value : value.slice(0, colon)).trim(), r);
  const hard = colon < 0 ? soft : limit(value.slice(colon + 1).trim(), r);
  if (r.problems.length > before) return null;
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    r.refuse(`soft limit above hard limit in "${value}"`);
    return null;
  }
  return { name, resource, soft, hard };
}

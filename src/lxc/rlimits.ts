/**
 * Resource limits of lxc.prlimit.*: names, kernel numbers and the soft:hard
 * value. Source: kernel include/uapi/asm-generic/resource.h (arm, arm64, x86).
 */
import type { Prlimit } from "./description.ts";
import { MAX_SAFE, parseUnsigned } from "./numbers.ts";
import type { Report } from "./report.ts";

const NAMES = "cpu fsize data stack core rss nproc nofile memlock as locks sigpending msgqueue nice rtprio rttime";

/** A limit; RLIM_INFINITY is written as -1 everywhere in this room. -2 when it is none. */
function limit(text: string): number {
  const n = parseUnsigned(text.trim(), MAX_SAFE);
  return text.trim() === "unlimited" ? -1 : n < 0 ? -2 : n;
}

/** `soft[:hard]` of limit `name`; refuses in `r` what is wrong. */
export function parsePrlimit(name: string, value: string, r: Report): Prlimit {
  const colon = value.indexOf(":");
  const soft = limit(colon < 0 ? value : value.slice(0, colon));
  const hard = colon < 0 ? soft : limit(value.slice(colon + 1));
  const resource = NAMES.split(" ").indexOf(name);
  if (resource < 0) r.not(name, `a resource limit (one of ${NAMES})`);
  else if (soft < -1 || hard < -1 || (hard >= 0 && (soft < 0 || soft > hard))) r.not(value, "a limit (SOFT or SOFT:HARD, unlimited or a number, the hard one not below)");
  return { name, resource, soft, hard };
}

/**
 * Remount policies of a revision → what to change of which mount. Pure; the
 * expressions are matched by the caller's function. Rules: state spec §4.6,
 * runtime spec §7; ERE as POSIX regcomp has them.
 */
import type { RemountEntry, RemountPolicy } from "../state/model.ts";

/** Set, then clear, these MS_* bits of a mount. */
export type RemountChange = { set: number; clear: number; unknown: string[] };

const WORDS = ["ro", "-rw", "nosuid", "-suid", "nodev", "-dev", "noexec", "-exec", "noatime", "-atime", "nodiratime", "-diratime", "relatime", "-norelatime", "strictatime", "-nostrictatime", "nosymfollow", "-symfollow"];
const BITS = [1, 1, 2, 2, 4, 4, 8, 8, 1024, 1024, 2048, 2048, 0x200000, 0x200000, 0x1000000, 0x1000000, 256, 256];

/** "nosuid,dev" → bits. Only what a bind-remount can change. */
export function parseRemountOptions(text: string): RemountChange {
  const out: RemountChange = { set: 0, clear: 0, unknown: [] };
  for (const raw of text.split(",")) {
    const word = raw.trim();
    const set = WORDS.indexOf(word);
    const clear = WORDS.indexOf(`-${word}`);
    if (word === "" || word === "remount" || word === "bind" || word === "defaults") continue;
    if (set >= 0 && !word.startsWith("-")) {
      out.set = (out.set | BITS[set]!) >>> 0;
      out.clear = (out.clear & ~BITS[set]!) >>> 0;
    } else if (clear >= 0) {
      out.clear = (out.clear | BITS[clear]!) >>> 0;
      out.set = (out.set & ~BITS[clear]!) >>> 0;
    } else {
      out.unknown.push(word);
    }
  }
  return out;
}

/** The entries of one policy, the device's before the container's. */
export function remountEntries(device: RemountPolicy[], container: RemountPolicy[], policy: string): RemountEntry[] {
  const out: RemountEntry[] = [];
  for (const list of [device, container]) for (const p of list) if (p.policy === policy) for (const e of p.entries) out.push(e);
  return out;
}

/** Whether an expression names the root itself, and its form without a trailing slash. */
function trimmed(pattern: string): string {
  return pattern.endsWith("/") ? pattern.slice(0, pattern.length - 1) : pattern;
}

/** The expression that a path inside the container ("" is its root) must match whole. */
export function remountPattern(e: RemountEntry): string {
  return `^${trimmed(e.pattern)}$`;
}

/** Mount options of mountinfo (its sixth field) as MS_* bits: what a bind-remount must repeat to keep. */
export function mountFlags(options: string): number {
  let flags = 0;
  for (const word of options.split(",")) {
    const at = WORDS.indexOf(word);
    if (at >= 0 && !word.startsWith("-")) flags = (flags | BITS[at]!) >>> 0;
  }
  return flags;
}

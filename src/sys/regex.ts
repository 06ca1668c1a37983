/// <reference path="./sys.d.ts" />
/**
 * Extended regular expressions of other people (mdev rules, remount
 * policies), matched by regex.c. Wherry's own code uses none.
 * Source: regcomp(3), POSIX "Extended Regular Expressions".
 */
import { i32At } from "./bytes.ts";

/** What an expression says of a text. ok false: it is no expression. groups: [0] the match itself, [1]… its groups, "" where one took no part. */
export type RegexMatch = { ok: boolean; matched: boolean; groups: string[] };

const GROUPS = 10;

/** Finds the first match anywhere in the text (at most 4095 bytes; the expression 1023). Offsets are bytes: give it ASCII where groups matter. */
export function matchRegex(pattern: string, text: string): RegexMatch {
  const out = new Uint8Array(8 * GROUPS);
  const r = sys_regex_match(pattern, text, out);
  const groups: string[] = [];
  if (r === 1) {
    for (let i = 0; i < GROUPS; i++) {
      const start = i32At(out, 8 * i);
      groups.push(start < 0 ? "" : text.slice(start, i32At(out, 8 * i + 4)));
    }
  }
  return { ok: r >= 0, matched: r === 1, groups };
}

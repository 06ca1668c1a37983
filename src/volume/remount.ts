/**
 * Applies remount policies to the mounts below a container's root, in its own
 * mount namespace, before the root is switched. An entry that fails ends
 * alone. Rules: runtime spec §7.
 */
import { MS_BIND, MS_REMOUNT } from "../sys/constants.ts";
import { SysError } from "../sys/error.ts";
import { readText } from "../sys/files.ts";
import { tryMount } from "../sys/mounts.ts";
import { matchRegex } from "../sys/regex.ts";
import type { RemountEntry } from "../state/model.ts";
import { mountFlags, parseRemountOptions, remountPattern } from "./remount_plan.ts";

type Below = { point: string; inside: string; flags: number };

/** The mounts on and below `root`, in the order they were made. */
function mountsBelow(root: string): Below[] {
  const out: Below[] = [];
  for (const line of readText("/proc/self/mountinfo").split("\n")) {
    const fields = line.split(" ");
    if (fields.length < 6) continue;
    const point = fields[4]!;
    if (point !== root && !point.startsWith(`${root}/`)) continue;
    out.push({ point, inside: point.slice(root.length), flags: mountFlags(fields[5]!) });
  }
  return out;
}

/** Remounts what the entries name; `root` is where the container's root is mounted. Returns what went wrong, in words. */
export function remountContainer(root: string, entries: RemountEntry[]): string[] {
  if (entries.length === 0) return [];
  const problems: string[] = [];
  const mounts = mountsBelow(root);
  for (const e of entries) {
    const change = parseRemountOptions(e.options);
    const pattern = remountPattern(e);
    if (change.unknown.length > 0) problems.push(`remount ${e.pattern}: ${change.unknown.join(",")} can't be changed`);
    for (const m of mounts) {
      const match = matchRegex(pattern, m.inside);
      if (!match.ok) {
        problems.push(`remount ${e.pattern}: not an extended regular expression`);
        break;
      }
      if (!match.matched) continue;
      const flags = ((m.flags & ~change.clear) | change.set) >>> 0;
      const r = tryMount("", m.point, "", (MS_BIND | MS_REMOUNT | flags) >>> 0);
      if (r < 0) {
        problems.push(new SysError(`remount ${e.pattern}`, m.point, -r).message);
        break;
      }
      m.flags = flags;
    }
  }
  return problems;
}

/**
 * Mount option words → what mount(2) takes. One row a word: the bit and
 * whether it sets or clears it. Words not in the table go to the filesystem.
 * Source: LXC mount option table; kernel include/uapi/linux/mount.h.
 */
import type { MountOptions } from "./description.ts";

export const MS_RDONLY = 1;
export const MS_BIND = 4096;
export const MS_REC = 16384;

/** word, bit; a leading minus clears the bit. */
const FLAG_WORDS = [
  "defaults", "ro", "-rw", "nosuid", "-suid", "nodev", "-dev", "noexec", "-exec", "sync", "-async", "remount", "mand",
  "-nomand", "dirsync", "noatime", "-atime", "nodiratime", "-diratime", "bind", "rbind", "relatime", "-norelatime",
  "strictatime", "-nostrictatime", "lazytime", "-nolazytime",
];
const FLAG_BITS = [
  0, 1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 32, 64,
  64, 128, 1024, 1024, 2048, 2048, 4096, 20480, 2097152, 2097152,
  16777216, 16777216, 33554432, 33554432,
];

const PROPAGATION_WORDS = ["unbindable", "private", "slave", "shared"];
const PROPAGATION_BITS = [131072, 262144, 524288, 1048576];

/** Applies one word; false when it is none of ours. Later words win over earlier ones. */
function applyFlag(word: string, o: MountOptions): boolean {
  const set = FLAG_WORDS.indexOf(word);
  if (set >= 0 && !word.startsWith("-")) {
    const bits = FLAG_BITS[set]!;
    o.flags = (o.flags | bits) >>> 0;
    o.clearFlags = (o.clearFlags & ~bits) >>> 0;
    return true;
  }
  const clear = FLAG_WORDS.indexOf(`-${word}`);
  if (clear >= 0) {
    const bits = FLAG_BITS[clear]!;
    o.flags = (o.flags & ~bits) >>> 0;
    o.clearFlags = (o.clearFlags | bits) >>> 0;
    return true;
  }
  const recursive = word.startsWith("r") ? PROPAGATION_WORDS.indexOf(word.slice(1)) : -1;
  const plain = PROPAGATION_WORDS.indexOf(word);
  if (recursive < 0 && plain < 0) return false;
  o.propagation = recursive >= 0 ? PROPAGATION_BITS[recursive]! | MS_REC : PROPAGATION_BITS[plain]!;
  return true;
}

/**
 * "ro,nosuid,size=1m" → bits and data. Empty words are dropped. The words that
 * are LXC's own (create=, optional, …) must be taken out first.
 */
export function parseMountOptions(words: string[]): MountOptions {
  const o: MountOptions = { flags: 0, clearFlags: 0, propagation: 0, data: "" };
  const rest: string[] = [];
  for (const w of words) {
    if (w === "") continue;
    if (!applyFlag(w, o)) rest.push(w);
  }
  o.data = rest.join(",");
  return o;
}

/**
 * Mount option words → what mount(2) takes. The table names for each word
 * its bits and whether they are set (+), cleared (-), or a propagation (=);
 * other words go to the filesystem.
 * Source: LXC mount option table; kernel include/uapi/linux/mount.h.
 */
import type { MountOptions } from "./description.ts";
import { digitsAt } from "./numbers.ts";

const TABLE =
  " defaults+0 ro+1 rw-1 nosuid+2 suid-2 nodev+4 dev-4 noexec+8 exec-8 sync+16 async-16 remount+32 mand+64 nomand-64 dirsync+128" +
  " noatime+1024 atime-1024 nodiratime+2048 diratime-2048 bind+4096 rbind+20480 relatime+2097152 norelatime-2097152" +
  " strictatime+16777216 nostrictatime-16777216 lazytime+33554432 nolazytime-33554432" +
  " unbindable=131072 runbindable=147456 private=262144 rprivate=278528 slave=524288 rslave=540672 shared=1048576 rshared=1064960";

/** Place of the mark behind `word` in the table; -1 when it is none of ours. */
function markOf(word: string): number {
  const sought = ` ${word}`;
  for (let at = TABLE.indexOf(sought); at >= 0; at = TABLE.indexOf(sought, at + 1)) {
    const mark = at + sought.length;
    if ("+-=".includes(TABLE.charAt(mark))) return mark;
  }
  return -1;
}

/**
 * ["ro", "nosuid", "size=1m"] → bits and data. Later words win over earlier
 * ones, empty words are dropped. The words that are LXC's own (create=,
 * optional, …) must be taken out first.
 */
export function parseMountOptions(words: string[]): MountOptions {
  let flags = 0;
  let clearFlags = 0;
  let propagation = 0;
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const w = words[i]!;
    if (w === "") continue;
    const at = markOf(w);
    const bits = at < 0 ? 0 : Number(TABLE.slice(at + 1, at + 1 + digitsAt(TABLE, at + 1)));
    const mark = at < 0 ? "" : TABLE.charAt(at);
    if (mark === "+") {
      flags = flags | bits;
      clearFlags = clearFlags & ~bits;
    } else if (mark === "-") {
      flags = flags & ~bits;
      clearFlags = clearFlags | bits;
    } else if (mark === "=") propagation = bits;
    else rest.push(w);
  }
  return { flags, clearFlags, propagation, data: rest.join(",") };
}

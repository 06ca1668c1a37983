/**
 * Finds the device that holds the storage: by path, LABEL= or UUID=, looking
 * at the superblocks of the partitions the kernel has. Knows ext2/3/4 and
 * btrfs superblocks. Sources: kernel ext4 documentation "Super Block",
 * btrfs on-disk format "Superblock".
 */
import { lowerAscii } from "../sys/ascii.ts";
import { errnoOf } from "../sys/error.ts";
import { O_RDONLY } from "../sys/constants.ts";
import { u16At } from "../sys/bytes.ts";
import { closeFd, exists, readAt, readTextOr, tryOpen } from "../sys/files.ts";
import { fromField, hexOfBytes, words } from "../sys/text.ts";

/** Label and UUID (lower-case, with dashes) of a filesystem; "" when it has none. */
export type Superblock = { fstype: string; label: string; uuid: string };

/** What a superblock of the first 68 KiB says, or null when none is known. */
export function parseSuperblock(bytes: Uint8Array): Superblock | null {
  if (bytes.length >= 2048 && u16At(bytes, 1024 + 0x38) === 0xef53) {
    return { fstype: "ext4", label: fromField(bytes.subarray(1024 + 0x78, 1024 + 0x88)), uuid: uuidText(bytes.subarray(1024 + 0x68, 1024 + 0x78)) };
  }
  const b = 65536;
  if (bytes.length >= b + 0x22b && fromField(bytes.subarray(b + 0x40, b + 0x48)) === "_BHRfS_M") {
    return { fstype: "btrfs", label: fromField(bytes.subarray(b + 0x12b, b + 0x22b)), uuid: uuidText(bytes.subarray(b + 0x20, b + 0x30)) };
  }
  return null;
}

function uuidText(b: Uint8Array): string {
  const h = hexOfBytes(b);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
}

/** Names of the block devices in a text of /proc/partitions. */
export function parsePartitions(text: string): string[] {
  const names: string[] = [];
  for (const line of text.split("\n")) {
    const f = words(line);
    if (f.length === 4 && f[0] !== "major") names.push(f[3]!);
  }
  return names;
}

/** Path of the device a configuration names, "" when it is not there (yet). */
export function findDevice(wanted: string): string {
  const equals = wanted.indexOf("=");
  const key = equals < 0 ? "" : wanted.slice(0, equals);
  if (key !== "LABEL" && key !== "UUID") return exists(wanted) ? wanted : "";
  const value = wanted.slice(equals + 1);
  for (const name of parsePartitions(readTextOr("/proc/partitions", ""))) {
    if (name.startsWith("ram") || name.startsWith("loop")) continue;
    const s = superblockOf(`/dev/${name}`);
    if (s !== null && (key === "LABEL" ? s.label === value : s.uuid === lowerAscii(value))) return `/dev/${name}`;
  }
  return "";
}

function superblockOf(path: string): Superblock | null {
  const fd = tryOpen(path, O_RDONLY);
  if (fd < 0) return null;
  try {
    return parseSuperblock(readAt(fd, 0, 69632));
  } catch (e) {
    if (errnoOf(e) === 0) throw e;
    return null; // a drive that can't be read is not the one
  } finally {
    closeFd(fd);
  }
}

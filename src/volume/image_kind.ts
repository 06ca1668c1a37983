/**
 * Says in plain words why an image that did not mount is none, from its first
 * bytes. Pure. Sources: kernel squashfs_fs.h, ext4.h, erofs_fs.h.
 */

/** How many bytes of the file's start are wanted. */
export const IMAGE_HEAD_BYTES = 2048;

const SQUASHFS_COMPRESSIONS = ["", "gzip", "lzma", "lzo", "xz", "lz4", "zstd"];

/** What an image may start with: offset, bytes in hex, name. */
const KINDS: { at: number; bytes: number[]; name: string }[] = [
  { at: 0, bytes: [0x68, 0x73, 0x71, 0x73], name: "squashfs" },
  { at: 1080, bytes: [0x53, 0xef], name: "ext4" },
  { at: 1024, bytes: [0xe2, 0xe1, 0xf5, 0xe0], name: "erofs" },
  { at: 0, bytes: [0x1f, 0x8b], name: "gzip" },
  { at: 0, bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: "xz" },
  { at: 0, bytes: [0x28, 0xb5, 0x2f, 0xfd], name: "zstd" },
  { at: 0, bytes: [0x50, 0x4b, 0x03, 0x04], name: "zip" },
  { at: 257, bytes: [0x75, 0x73, 0x74, 0x61, 0x72], name: "tar" },
  { at: 0, bytes: [0x7b], name: "JSON" },
];

function has(head: Uint8Array, at: number, bytes: number[]): boolean {
  if (at + bytes.length > head.length) return false;
  for (let i = 0; i < bytes.length; i++) if (head[at + i] !== bytes[i]) return false;
  return true;
}

/** Name of what the bytes begin, "" when it is nothing known. */
export function imageKind(head: Uint8Array): string {
  for (const k of KINDS) if (has(head, k.at, k.bytes)) return k.name;
  return "";
}

function number(head: Uint8Array, at: number, size: number): number {
  let n = 0;
  for (let i = size - 1; i >= 0; i--) n = n * 256 + head[at + i]!;
  return n;
}

/** Why a file of `size` bytes that starts with `head` may not have mounted as `fstype`; "" when nothing is seen. */
export function imageHint(fstype: string, head: Uint8Array, size: number): string {
  if (size === 0) return "the file is empty";
  const kind = imageKind(head);
  const ext = fstype === "ext2" || fstype === "ext3" || fstype === "ext4" ? "ext4" : fstype;
  const known = KINDS.some((k) => k.name === ext);
  if (known && kind !== ext) return `not a ${fstype}${kind === "" ? "" : `, it looks like ${kind}`}`;
  if (kind !== "squashfs" || fstype !== "squashfs" || head.length < 48) return "";
  const used = number(head, 40, 8);
  if (used > size) return `cut off: ${size} bytes of a squashfs of ${used}`;
  const compression = number(head, 20, 2);
  const name = compression < SQUASHFS_COMPRESSIONS.length ? SQUASHFS_COMPRESSIONS[compression]! : String(compression);
  return `a squashfs that this kernel can't read: damaged, or its compression ${name} is not built in`;
}

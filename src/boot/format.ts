/**
 * The variables a device shares with its boot loader, as the bytes of a file
 * or of flash: U-Boot's (NUL-separated, an empty one ends them) and GRUB's
 * grubenv (a header, a line each, padded). What others have put there
 * is kept byte for byte. Pure. Rules: lifecycle spec §7; GRUB manual,
 * "Environment block".
 */
import { concatBytes } from "../sys/bytes.ts";
import { fromUtf8, toUtf8 } from "../sys/text.ts";

/** How one boot loader keeps them. bytes: of its file that count. pad: what fills the file, and begins what is no variable. */
export type Layout = { file: string; bytes: number; head: string; separator: number; pad: number };

export const UBOOT: Layout = { file: "uboot.txt", bytes: 1024, head: "", separator: 0, pad: 0 };
export const RPIAB: Layout = { file: "rpiab.txt", bytes: 512, head: "", separator: 0, pad: 0 };
export const GRUB: Layout = { file: "grubenv", bytes: 1024, head: "# GRUB Environment Block\n", separator: 10, pad: 35 };

/** One variable, or a comment with name "". bytes: as it stands, with its separator. */
export type Entry = { name: string; bytes: Uint8Array };

/** why: "" when the bytes are an environment, else what is wrong with them. */
export type Parsed = { entries: Entry[]; why: string };

const BACKSLASH = 92;

/** Position after the separator that ends what begins at `from`, -1 when there is none. */
function endOf(l: Layout, bytes: Uint8Array, from: number): number {
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] === l.separator) return i + 1;
    if (bytes[i] === BACKSLASH && l.separator !== 0) i++;
  }
  return -1;
}

/** bytes: those of the file that count, or all there is. */
export function parseEnvironment(l: Layout, bytes: Uint8Array): Parsed {
  const entries: Entry[] = [];
  let at = l.head.length;
  if (fromUtf8(bytes.subarray(0, at)) !== l.head) return { entries, why: "its header is not GRUB's" };
  while (at < bytes.length) {
    const isPad = bytes[at] === l.pad;
    const end = endOf(l, bytes, at);
    if (isPad && (l.separator === 0 || end < 0)) break;
    const text = fromUtf8(bytes.subarray(at, end < 0 ? bytes.length : end - 1));
    const equals = isPad ? 0 : text.indexOf("=");
    if (end < 0 || (equals <= 0 && !isPad)) return { entries, why: `"${text.slice(0, 40)}" is no whole variable` };
    entries.push({ name: text.slice(0, equals), bytes: bytes.subarray(at, end) });
    at = end;
  }
  return { entries, why: "" };
}

/** Value of a variable, "" when it is not there; of two the later counts, as for the boot loaders. */
export function valueOf(entries: Entry[], name: string): string {
  let value = "";
  for (const e of entries) if (e.name === name) value = fromUtf8(e.bytes.subarray(name.length + 1, e.bytes.length - 1));
  return value;
}

function entryOf(l: Layout, name: string, value: string): Entry {
  return { name, bytes: concatBytes([toUtf8(`${name}=${value}`), new Uint8Array([l.separator])]) };
}

/**
 * The entries with pv_rev and pv_try of these values ("": none), and without pv_trying: what was tried before says nothing of what will be.
 * Ours come first, so that they lie in the file's first sector, which is written whole or not at all.
 */
export function withRevisions(l: Layout, entries: Entry[], committed: string, tried: string): Entry[] {
  const out: Entry[] = [];
  if (committed !== "") out.push(entryOf(l, "pv_rev", committed));
  if (tried !== "" || l.separator === 0) out.push(entryOf(l, "pv_try", tried)); // for U-Boot an empty value is none, GRUB's has no line then
  for (const e of entries) if (e.name !== "pv_rev" && e.name !== "pv_try" && e.name !== "pv_trying") out.push(e);
  return out;
}

/** The file's first `size` bytes, or null when they don't fit there. */
export function formatEnvironment(l: Layout, entries: Entry[], size: number): Uint8Array | null {
  const text = concatBytes([toUtf8(l.head), ...entries.map((e) => e.bytes)]);
  if (text.length + (l.separator === 0 ? 1 : 0) > size) return null;
  const out = new Uint8Array(size);
  for (let i = 0; i < size; i++) out[i] = i < text.length ? text[i]! : l.pad;
  return out;
}

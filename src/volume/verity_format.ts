/**
 * dm-verity on disk and in the kernel's words: the superblock that
 * veritysetup writes, its options, the table line. Pure.
 * Sources: cryptsetup wiki "DMVerity" (on-disk format), kernel
 * admin-guide/device-mapper/verity.rst, veritysetup(8).
 */

export const VERITY_SUPERBLOCK_BYTES = 512;
const SECTOR = 512;

/** Sizes in bytes. hashStart: first block of the tree, in hash blocks. */
export type VeritySuperblock = {
  hashType: number; algorithm: string; dataBlockSize: number; hashBlockSize: number; dataBlocks: number; salt: string; hashStart: number;
};
export type ParsedSuperblock = { superblock: VeritySuperblock; /** "" = it is one. */ why: string };

function number(b: Uint8Array, at: number, size: number): number {
  let n = 0;
  for (let i = size - 1; i >= 0; i--) n = n * 256 + b[at + i]!;
  return n;
}

const DIGITS = "0123456789abcdef";

function hexOf(b: Uint8Array, at: number, size: number): string {
  const out: string[] = [];
  for (let i = 0; i < size; i++) out.push(`${DIGITS.charAt((b[at + i]! - b[at + i]! % 16) / 16)}${DIGITS.charAt(b[at + i]! % 16)}`);
  return out.join("");
}

function asciiOf(b: Uint8Array, at: number, size: number): string {
  const out: string[] = [];
  for (let i = 0; i < size && b[at + i] !== 0; i++) out.push(String.fromCharCode(b[at + i]!));
  return out.join("");
}

/** A block size that dm-verity takes. */
function isBlockSize(n: number): boolean {
  return n === 512 || n === 1024 || n === 2048 || n === 4096 || n === 8192 || n === 16384 || n === 32768 || n === 65536;
}

/** A hash's name goes into a line of words. */
function isWord(s: string): boolean {
  for (let i = 0; i < s.length; i++) if (s.charCodeAt(i) <= 32 || s.charCodeAt(i) > 126) return false;
  return s !== "";
}

/** Reads the superblock `b` that lies at `offset` of the hash device. */
export function parseVeritySuperblock(b: Uint8Array, offset: number): ParsedSuperblock {
  const none: VeritySuperblock = { hashType: 0, algorithm: "", dataBlockSize: 0, hashBlockSize: 0, dataBlocks: 0, salt: "", hashStart: 0 };
  if (b.length < VERITY_SUPERBLOCK_BYTES || asciiOf(b, 0, 8) !== "verity") return { superblock: none, why: "no verity superblock (made without one, or not a hash tree)" };
  const version = number(b, 8, 4);
  const hashType = number(b, 12, 4);
  const algorithm = asciiOf(b, 32, 32);
  const dataBlockSize = number(b, 64, 4);
  const hashBlockSize = number(b, 68, 4);
  const saltSize = number(b, 80, 2);
  if (version !== 1) return { superblock: none, why: `verity superblock of version ${version}, only 1 is known` };
  if (hashType > 1 || saltSize > 256 || !isWord(algorithm) || !isBlockSize(dataBlockSize) || !isBlockSize(hashBlockSize)) {
    return { superblock: none, why: "damaged verity superblock" };
  }
  const after = offset + VERITY_SUPERBLOCK_BYTES;
  const hashStart = Math.floor((after + hashBlockSize - 1) / hashBlockSize);
  return { superblock: { hashType, algorithm, dataBlockSize, hashBlockSize, dataBlocks: number(b, 72, 8), salt: hexOf(b, 88, saltSize), hashStart }, why: "" };
}

/** What PV_VOLMOUNT_DM_EXTRA_ARGS asks for. words: optional parameters of the table. hashOffset -1, signature "": not given. */
export type VerityOptions = { words: string[]; hashOffset: number; signature: string; unknown: string[] };

/** Options of veritysetup → words of the table. */
const OPTION_WORDS: string[][] = [
  ["--ignore-corruption", "ignore_corruption"],
  ["--restart-on-corruption", "restart_on_corruption"],
  ["--panic-on-corruption", "panic_on_corruption"],
  ["--ignore-zero-blocks", "ignore_zero_blocks"],
  ["--check-at-most-once", "check_at_most_once"],
  ["--use-tasklets", "try_verify_in_tasklet"],
];

function decimal(s: string): number {
  let n = s === "" || s.length > 15 ? -1 : 0;
  for (let i = 0; i < s.length && n >= 0; i++) {
    const digit = s.charCodeAt(i) - 48;
    n = digit < 0 || digit > 9 ? -1 : n * 10 + digit;
  }
  return n;
}

/** Reads options as veritysetup takes them; what we can't do is in `unknown`. */
export function parseVerityOptions(text: string): VerityOptions {
  const o: VerityOptions = { words: [], hashOffset: -1, signature: "", unknown: [] };
  const words = text.split(" ").filter((w) => w !== "");
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const row = OPTION_WORDS.filter((r) => r[0] === word);
    if (row.length > 0) {
      o.words.push(row[0]![1]!);
      continue;
    }
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? (words[i + 1] ?? "") : word.slice(equals + 1);
    if (name === "--hash-offset" && decimal(value) >= 0) o.hashOffset = decimal(value);
    else if (name === "--root-hash-signature" && value !== "") o.signature = value;
    else {
      o.unknown.push(word);
      continue;
    }
    if (equals < 0) i += 1;
  }
  return o;
}

/** Size of the mapping in sectors of 512 bytes. */
export function veritySectors(s: VeritySuperblock): number {
  return s.dataBlocks * (s.dataBlockSize / SECTOR);
}

/** The table line. Devices as "MAJ:MIN". */
export function verityTable(s: VeritySuperblock, data: string, hash: string, rootHash: string, optional: string[]): string {
  const words = [
    String(s.hashType), data, hash, String(s.dataBlockSize), String(s.hashBlockSize), String(s.dataBlocks), String(s.hashStart),
    s.algorithm, rootHash, s.salt === "" ? "-" : s.salt,
  ];
  return [...words, ...(optional.length > 0 ? [String(optional.length), ...optional] : [])].join(" ");
}

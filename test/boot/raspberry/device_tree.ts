/**
 * A device tree with what the firmware of a Raspberry Pi tells in it. Source:
 * Devicetree Specification, "Flattened Devicetree (DTB) Format".
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Board } from "../../../qemu/boards.ts";
import { run } from "../../../toolchain/run.ts";

const BEGIN_NODE = 1;
const END_NODE = 2;
const PROP = 3;
const NOP = 4;
const HEADER_BYTES = 40;

/** The tree that the emulator makes for a board. */
export function boardTree(b: Board, memoryMb: number): Buffer {
  const work = mkdtempSync(join(tmpdir(), "wherry-dtb-"));
  try {
    run(b.emulator, [...b.machine, "-machine", `dumpdtb=${join(work, "dtb")}`, "-m", String(memoryMb), "-smp", "1", "-nodefaults", "-display", "none"]);
    return readFileSync(join(work, "dtb"));
  } finally {
    rmSync(work, { recursive: true });
  }
}

function padded(text: string): Buffer {
  return Buffer.from(text.padEnd(Math.ceil((text.length + 1) / 4) * 4, "\0"));
}

function words(...n: number[]): Buffer {
  const b = Buffer.alloc(4 * n.length);
  n.forEach((v, i) => b.writeUInt32BE(v, 4 * i));
  return b;
}

/** Adds /chosen/bootloader with numbers as its properties. */
export function withBootloader(dtb: Buffer, values: { [property: string]: number }): Buffer {
  const [structAt, stringsAt, reservedAt] = [dtb.readUInt32BE(8), dtb.readUInt32BE(12), dtb.readUInt32BE(16)];
  const structure = dtb.subarray(structAt, structAt + dtb.readUInt32BE(36));
  let strings = dtb.subarray(stringsAt, stringsAt + dtb.readUInt32BE(32));
  let at = structure.indexOf(Buffer.concat([words(BEGIN_NODE), padded("chosen")])) + 12;
  while (structure.readUInt32BE(at) === PROP || structure.readUInt32BE(at) === NOP) at += structure.readUInt32BE(at) === NOP ? 4 : 12 + Math.ceil(structure.readUInt32BE(at + 4) / 4) * 4;
  const node = [words(BEGIN_NODE), padded("bootloader")];
  for (const [name, value] of Object.entries(values)) {
    node.push(words(PROP, 4, strings.length, value));
    strings = Buffer.concat([strings, Buffer.from(`${name}\0`)]);
  }
  const made = Buffer.concat([structure.subarray(0, at), ...node, words(END_NODE), structure.subarray(at)]);
  const reserved = dtb.subarray(reservedAt, Math.min(...[structAt, stringsAt].filter((n) => n > reservedAt)));
  const from = HEADER_BYTES + reserved.length;
  const head = Buffer.from(dtb.subarray(0, HEADER_BYTES));
  [[4, from + made.length + strings.length], [8, from], [12, from + made.length], [16, HEADER_BYTES], [32, strings.length], [36, made.length]].forEach(([where, n]) => head.writeUInt32BE(n!, where));
  return Buffer.concat([head, reserved, made, strings]);
}

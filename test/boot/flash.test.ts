/**
 * Boot environments in real flash: the kernel's NAND simulator on a booted
 * board, with bad blocks and one that wears out. Debian's kernels have no
 * other flash that can be had here; NOR is in test/unit/update/cuts.test.ts.
 */
import { crc32 } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { boardNamed } from "../../qemu/boards.ts";
import { runRooms } from "./rooms/boot.ts";

const ERASE_BYTES = 16384;
const ENVIRONMENT_BYTES = 20480;
/** Blocks of a partition. */
const BLOCKS = 12;
/** By number of the device: the second block of partition 0, the first of 1, the second of 2. */
const BAD = [1, BLOCKS, 2 * BLOCKS + 1];
/** Of partition 3: it can be erased once. */
const WEAK = 3 * BLOCKS + 1;
const MODULES = [`nandsim first_id_byte=0x20 second_id_byte=0x36 parts=${BLOCKS},${BLOCKS},${BLOCKS},${BLOCKS},${BLOCKS} badblocks=${BAD.join(",")} weakblocks=${WEAK}:1`];
const LINES = ["/bin/flash raw 0", "/bin/flash two 1 2", "/bin/flash one 3", "/bin/flash latch 4"];

let said = new Map<string, string>();

function values(line: string, key: string): string[] {
  return (said.get(line) ?? "").split("\n").filter((l) => l.startsWith(`${key}=`)).map((l) => l.slice(key.length + 1));
}

/** What a boot loader reads of the n-th partition that was printed: bad: its own bad blocks. */
function flash(line: string, n: number, bad: number[], length: number): Buffer {
  const all = Buffer.from(values(line, "flash")[n]!, "hex");
  assert.is(all.length, 4 * ERASE_BYTES, said.get(line)?.slice(0, 2000));
  return Buffer.concat([0, 1, 2, 3].filter((b) => !bad.includes(b)).map((b) => all.subarray(b * ERASE_BYTES, (b + 1) * ERASE_BYTES))).subarray(0, length);
}

function text(b: Buffer): string {
  return b.subarray(0, b.indexOf("\0\0")).toString("latin1");
}

test("the device runs everything", async () => {
  said = await runRooms({ board: boardNamed("armv7"), name: "flash", programs: { "bin/flash": "test/boot/rooms/flash.ts" }, modules: MODULES, applets: [], lines: LINES, fill: () => undefined });
  assert.equal([...said.values()].filter((v) => v.startsWith("did not end well")), []);
});

test("a blank flash gets the copy of the storage, later ones are written past a bad block", () => {
  const line = "/bin/flash raw 0";
  assert.equal(values(line, "read"), [",,,is blank, and no copy of it is there", "4,5,restored,", "4,5,,", "5,,,", "6,,,"]);
  assert.equal(values(line, "settled"), ["", ""]);
  const read = flash(line, 0, [1], 3 * ERASE_BYTES);
  assert.is(text(read), "pv_rev=6\0pv_try=\0other=x");
  assert.ok(read.subarray(32).every((b) => b === 0));
});

test("of two copies the other one is written, with a right checksum and the next flag; without a whole one nothing is", () => {
  const line = "/bin/flash two 1 2";
  assert.equal(values(line, "read"), [",,,its checksum is wrong, and no copy of it is there", "4,5,,", "5,,,", "6,,,"]);
  assert.match(values(line, "refused")[0]!, /^MTD partition NAND simulator partition 1 and NAND simulator partition 2: its checksum is wrong$/);
  assert.equal(values(line, "settled"), ["", ""]);
  const copies = [flash(line, 0, [0], ENVIRONMENT_BYTES), flash(line, 1, [1], ENVIRONMENT_BYTES)];
  for (const c of copies) assert.is(c.readUInt32LE(), crc32(c.subarray(5)));
  assert.equal(copies.map((c) => [c[4], text(c.subarray(5))]), [[1, "pv_rev=5\0pv_try=\0other=x"], [2, "pv_rev=6\0pv_try=\0other=x"]]);
});

test("a block that can't be erased any more is marked bad and the next one taken", () => {
  const line = "/bin/flash one 3";
  assert.equal(values(line, "read"), ["4,5,,", "5,,,", "6,,,"]);
  assert.equal(values(line, "bad"), ["1"]);
  const copy = flash(line, 0, [1], ENVIRONMENT_BYTES);
  assert.is(copy.readUInt32LE(), crc32(copy.subarray(4)));
  assert.is(text(copy.subarray(4)), "pv_rev=6\0pv_try=\0other=x");
  assert.is(text(Buffer.from(values(line, "copy")[0]!, "hex")), "pv_rev=6\0pv_try=\0other=x");
});

test("a commit erases the partition of the latch", () => {
  const line = "/bin/flash latch 4";
  assert.equal(values(line, "read"), ["4,5,,", "5,,,", "6,,,"]);
  assert.ok(flash(line, 0, [], 4 * ERASE_BYTES).every((b) => b === 0xff));
});

test.run();

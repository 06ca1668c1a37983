import { test } from "uvu";
import * as assert from "uvu/assert";
import { concatBytes, f64At, i32At, putBytes, putU16, putU32, putU64, u16At, u32At, u32List, u64At, u8At } from "../../../src/sys/bytes.ts";

const SAMPLE = new Uint8Array([0xff, 0xfe, 0xfd, 0xfc, 1, 0, 0, 0x80, 0x34, 0x12]);

test("fields are little-endian", () => {
  assert.is(u8At(SAMPLE, 1), 0xfe);
  assert.is(u16At(SAMPLE, 8), 0x1234);
  assert.is(u32At(SAMPLE, 0), 0xfcfdfeff);
  assert.is(u64At(new Uint8Array([1, 0, 0, 0, 2, 0, 0, 0]), 0), 0x200000001);
});

test("a 32-bit field can be negative", () => {
  assert.is(i32At(SAMPLE, 0), 0xfcfdfeff - 2 ** 32);
  assert.is(i32At(new Uint8Array([0xff, 0xff, 0xff, 0x7f]), 0), 2147483647);
});

test("a double is read in the machine's order, inside a larger buffer too", () => {
  const b = new Uint8Array(12);
  new DataView(b.buffer).setFloat64(4, -1234.5, true);
  assert.is(f64At(b.subarray(4), 0), -1234.5);
});

const OUTSIDE: { says: string; read: (b: Uint8Array) => unknown }[] = [
  { says: "a byte", read: (b) => u8At(b, 4) },
  { says: "two bytes", read: (b) => u16At(b, 3) },
  { says: "four bytes", read: (b) => u32At(b, 1) },
  { says: "eight bytes", read: (b) => u64At(b, 0) },
  { says: "a double", read: (b) => f64At(b, 0) },
  { says: "a negative place", read: (b) => u8At(b, -1) },
  { says: "writing two bytes", read: (b) => putU16(b, 3, 1) },
  { says: "writing four bytes", read: (b) => putU32(b, 1, 1) },
  { says: "copying", read: (b) => putBytes(b, 2, new Uint8Array(3)) },
];
for (const v of OUTSIDE) test(`${v.says} beyond a buffer throws instead of reading on`, () => assert.throws(() => v.read(new Uint8Array(4)), (e: unknown) => e instanceof RangeError && /outside a buffer of 4 bytes/.test(e.message)));

test("what is written is read back", () => {
  const b = new Uint8Array(16);
  putU16(b, 0, 0xabcd);
  putU32(b, 2, 0xdeadbeef);
  putU64(b, 6, 2 ** 53 - 1);
  assert.is(u16At(b, 0), 0xabcd);
  assert.is(u32At(b, 2), 0xdeadbeef);
  assert.is(u64At(b, 6), 2 ** 53 - 1);
});

test("a negative number is written as two's complement", () => {
  const b = new Uint8Array(4);
  putU32(b, 0, -2);
  assert.equal([...b], [0xfe, 0xff, 0xff, 0xff]);
  assert.is(i32At(b, 0), -2);
});

test("lists and parts stand one after the other", () => {
  assert.equal([...u32List([1, 258])], [1, 0, 0, 0, 2, 1, 0, 0]);
  assert.equal([...concatBytes([new Uint8Array([1]), new Uint8Array(0), new Uint8Array([2, 3])])], [1, 2, 3]);
  assert.is(u32List([]).length, 0);
});

test.run();

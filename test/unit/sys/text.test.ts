import { test } from "uvu";
import * as assert from "uvu/assert";
import { fromField, fromUtf8, hex, hexOfBytes, octal, packed, parseDecimal, toUtf8, unpacked, words } from "../../../src/sys/text.ts";

test("text goes to bytes and back", () => {
  assert.equal([...toUtf8("aé€")], [0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac]);
  assert.is(fromUtf8(toUtf8("aé€𝄞")), "aé€𝄞");
});

test("a fixed field ends at its first NUL, or where it ends", () => {
  assert.is(fromField(toUtf8("eth0\0garbage")), "eth0");
  assert.is(fromField(toUtf8("full")), "full");
  assert.is(fromField(new Uint8Array(0)), "");
});

test("words of a packed list are each ended by NUL", () => {
  assert.is(fromUtf8(packed(["a", "", "b c"])), "a\0\0b c\0");
  assert.is(packed([]).length, 0);
});

for (const list of [[], ["a"], ["a", "", "b"], ["", ""], ["ü", "x=y"]]) {
  test(`${JSON.stringify(list)} is unpacked as it was packed`, () => assert.equal(unpacked(packed(list)), list));
}

test("text behind the last NUL is a word too", () => assert.equal(unpacked(toUtf8("a\0b")), ["a", "b"]));

test("numbers become lower-case hex with leading zeros", () => {
  assert.is(hex(0), "0");
  assert.is(hex(0xbeef), "beef");
  assert.is(hex(10, 4), "000a");
  assert.is(hex(2 ** 53 - 1), "1fffffffffffff");
  assert.is(hexOfBytes(new Uint8Array([0, 9, 0xa0])), "0009a0");
});

test("modes become octal", () => assert.equal([0, 7, 8, 0o755, 0o100644].map(octal), ["0", "7", "10", "755", "100644"]));

const DECIMALS: { text: string; want: number }[] = [
  { text: "0", want: 0 }, { text: "007", want: 7 }, { text: "999999999999999", want: 999999999999999 },
  { text: "", want: -1 }, { text: "1000000000000000", want: -1 }, { text: "-1", want: -1 }, { text: "+1", want: -1 },
  { text: " 1", want: -1 }, { text: "1e3", want: -1 }, { text: "0x10", want: -1 }, { text: "１", want: -1 },
];
for (const v of DECIMALS) test(`"${v.text}" is ${v.want < 0 ? "no decimal number" : v.want}`, () => assert.is(parseDecimal(v.text), v.want));

test("words stand between blanks, tabs and line ends", () => {
  assert.equal(words("  a\tb\r\nc  d "), ["a", "b", "c", "d"]);
  assert.equal(words(" \n"), []);
  assert.equal(words("one"), ["one"]);
});

test.run();

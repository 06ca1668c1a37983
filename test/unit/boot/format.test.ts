import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatEnvironment, GRUB, parseEnvironment, UBOOT, valueOf, withRevisions, type Layout } from "../../../src/boot/format.ts";

const HEAD = "# GRUB Environment Block\n";

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

function read(l: Layout, text: string): string {
  const p = parseEnvironment(l, bytes(text));
  return p.why !== "" ? p.why : `${valueOf(p.entries, "pv_rev")},${valueOf(p.entries, "pv_try")}`;
}

const READ: { says: string; layout: Layout; text: string; want: string }[] = [
  { says: "nothing is tried", layout: UBOOT, text: "pv_rev=0\0\0", want: "0," },
  { says: "a trial in the midst of an update", layout: UBOOT, text: "pv_rev=4\0pv_try=locals/web-2\0\0", want: "4,locals/web-2" },
  { says: "an empty value is none", layout: UBOOT, text: "pv_rev=locals/web-2\0pv_try=\0\0", want: "locals/web-2," },
  { says: "keys match whole: the latch is not pv_try", layout: UBOOT, text: "pv_rev=4\0pv_trying=5\0\0", want: "4," },
  { says: "nor is a longer name that ends so", layout: UBOOT, text: "xpv_try=5\0pv_rev=4\0\0", want: "4," },
  { says: "of two the later counts", layout: UBOOT, text: "pv_rev=1\0pv_rev=2\0\0", want: "2," },
  { says: "what follows the end does not count", layout: UBOOT, text: "pv_rev=1\0\0pv_try=2\0\0", want: "1," },
  { says: "zeros are no variables", layout: UBOOT, text: "\0\0\0\0", want: "," },
  { says: "an empty file neither", layout: UBOOT, text: "", want: "," },
  { says: "a variable that is cut off is damage", layout: UBOOT, text: "pv_rev=1\0pv_try=loc", want: "\"pv_try=loc\" is no whole variable" },
  { says: "a word without a value is damage", layout: UBOOT, text: "pv_rev\0\0", want: "\"pv_rev\" is no whole variable" },
  { says: "a value without a name is damage", layout: UBOOT, text: "=1\0\0", want: "\"=1\" is no whole variable" },
  { says: "GRUB's block", layout: GRUB, text: `${HEAD}pv_rev=3\npv_try=4\n####`, want: "3,4" },
  { says: "with a comment", layout: GRUB, text: `${HEAD}# by hand, pv_try=9\npv_rev=3\n####`, want: "3," },
  { says: "with a value over two lines", layout: GRUB, text: `${HEAD}x=a\\\npv_try=9\npv_rev=3\n####`, want: "3," },
  { says: "without its header it is none", layout: GRUB, text: "pv_rev=3\n####", want: "its header is not GRUB's" },
  { says: "a line that is cut off is damage", layout: GRUB, text: `${HEAD}pv_rev=3`, want: "\"pv_rev=3\" is no whole variable" },
];
for (const v of READ) test(`read: ${v.says}`, () => assert.is(read(v.layout, v.text), v.want));

function settled(l: Layout, text: string, committed: string, size: number): string | null {
  const p = parseEnvironment(l, bytes(text));
  const out = formatEnvironment(l, withRevisions(l, p.entries, committed, ""), size);
  return out === null ? null : Buffer.from(out).toString("latin1");
}

test("what others have put there stays byte for byte, ours come first, the latch goes", () => {
  assert.is(settled(UBOOT, "a=\xff\xfe\0pv_try=5\0pv_trying=5\0pv_rev=4\0b= c \0\0", "5", 40), `pv_rev=5\0pv_try=\0a=\xff\xfe\0b= c \0${"\0".repeat(12)}`);
  assert.is(settled(GRUB, `${HEAD}# hi\nsaved=x\npv_rev=4\npv_try=5\n##`, "5", 60), `${HEAD}pv_rev=5\n# hi\nsaved=x\n${"#".repeat(13)}`);
});

test("a pv_rev that is not there is not made: the boot loader may have one of its own", () => {
  assert.is(settled(UBOOT, "pv_try=5\0\0", "", 10), "pv_try=\0\0\0");
});

test("what does not fit is refused, U-Boot's with its end", () => {
  assert.is(settled(UBOOT, "\0", "1", 19), "pv_rev=1\0pv_try=\0\0\0");
  assert.is(settled(UBOOT, "\0", "12", 19), "pv_rev=12\0pv_try=\0\0");
  assert.is(settled(UBOOT, "\0", "123", 19), null);
});

test("what is written is read again", () => {
  for (const l of [UBOOT, GRUB]) assert.is(read(l, settled(l, l.head, "locals/web-2", 1024)!), "locals/web-2,");
});

test.run();

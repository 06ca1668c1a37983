import { test } from "uvu";
import * as assert from "uvu/assert";
import { imageHint, imageKind } from "../../../src/volume/image_kind.ts";
import { overlayData } from "../../../src/volume/overlay_data.ts";
import { mountFlags, parseRemountOptions, remountEntries, remountPattern } from "../../../src/volume/remount_plan.ts";
import { hasSwapLabel, isSwapHeader, swapHeader } from "../../../src/volume/swap_format.ts";
import { parseVerityOptions, parseVeritySuperblock, veritySectors, verityTable } from "../../../src/volume/verity_format.ts";

/** A superblock as veritysetup writes it. */
function superblock(changes: { version?: number; algorithm?: string; dataBlock?: number; salt?: number[] } = {}): Uint8Array {
  const b = Buffer.alloc(512);
  b.write("verity", 0, "ascii");
  b.writeUInt32LE(changes.version ?? 1, 8);
  b.writeUInt32LE(1, 12);
  b.write(changes.algorithm ?? "sha256", 32, "ascii");
  b.writeUInt32LE(changes.dataBlock ?? 4096, 64);
  b.writeUInt32LE(4096, 68);
  b.writeBigUInt64LE(300n, 72);
  const salt = changes.salt ?? [0xab, 0x01];
  b.writeUInt16LE(salt.length, 80);
  Buffer.from(salt).copy(b, 88);
  return new Uint8Array(b);
}

test("a verity superblock becomes the table line the kernel takes", () => {
  const p = parseVeritySuperblock(superblock(), 0);
  assert.is(p.why, "");
  assert.is(veritySectors(p.superblock), 2400);
  assert.is(verityTable(p.superblock, "7:0", "7:1", "ff00", ["panic_on_corruption"]), "1 7:0 7:1 4096 4096 300 1 sha256 ff00 ab01 1 panic_on_corruption");
  assert.is(verityTable(parseVeritySuperblock(superblock({ salt: [] }), 0).superblock, "7:0", "7:1", "ff", []), "1 7:0 7:1 4096 4096 300 1 sha256 ff -");
});

test("hashes behind the data start at the block after their superblock", () => {
  assert.is(parseVeritySuperblock(superblock(), 8192).superblock.hashStart, 3);
});

for (const [says, bytes, why] of [
  ["zeros", new Uint8Array(512), "no verity superblock"],
  ["a short read", superblock().subarray(0, 100), "no verity superblock"],
  ["another version", superblock({ version: 2 }), "of version 2"],
  ["an algorithm with a blank", superblock({ algorithm: "sha256 7:9" }), "damaged"],
  ["an odd block size", superblock({ dataBlock: 4095 }), "damaged"],
] as [string, Uint8Array, string][]) {
  test(`no superblock: ${says}`, () => assert.ok(parseVeritySuperblock(bytes, 0).why.includes(why)));
}

test("options of veritysetup are table words; values may follow after a blank; the rest is named", () => {
  assert.equal(parseVerityOptions("--panic-on-corruption --hash-offset 8192  --root-hash-signature=r.sig --fec-roots=2"), {
    words: ["panic_on_corruption"], hashOffset: 8192, signature: "r.sig", unknown: ["--fec-roots=2"],
  });
});

test("an image is named by what it is", () => {
  const text = (s: string): Uint8Array => new Uint8Array(Buffer.from(s));
  assert.is(imageKind(text("hsqs....")), "squashfs");
  assert.is(imageHint("squashfs", text("{}"), 2), "not a squashfs, it looks like JSON");
  assert.is(imageHint("squashfs", text("what is this"), 12), "not a squashfs");
  assert.is(imageHint("squashfs", new Uint8Array(0), 0), "the file is empty");
  assert.is(imageHint("vfat", text("abc"), 3), "");
  const whole = Buffer.alloc(96);
  whole.write("hsqs");
  whole.writeUInt16LE(6, 20);
  whole.writeBigUInt64LE(5000n, 40);
  assert.is(imageHint("squashfs", new Uint8Array(whole), 4096), "cut off: 4096 bytes of a squashfs of 5000");
  assert.match(imageHint("squashfs", new Uint8Array(whole), 8192), /its compression zstd is not built in/);
});

test("overlay text: read-only has no upper; what would need escapes does not fit", () => {
  assert.equal(overlayData({ lowers: ["/a", "/b"], upper: "", work: "", options: [] }), { data: "lowerdir=/a:/b", fits: true });
  assert.equal(overlayData({ lowers: ["/a"], upper: "/u", work: "/w", options: ["volatile"] }), { data: "lowerdir=/a,upperdir=/u,workdir=/w,volatile", fits: true });
  for (const odd of ["/a:b", "/a,b", "/a\\b"]) {
    assert.is(overlayData({ lowers: [odd], upper: "", work: "", options: [] }).fits, false);
    assert.is(overlayData({ lowers: ["/a"], upper: odd, work: "/w", options: [] }).fits, false);
  }
  assert.is(overlayData({ lowers: new Array<string>(400).fill("/a-long-folder"), upper: "", work: "", options: [] }).fits, false);
});

test("a swap header is one, with pages behind it and its label", () => {
  const h = swapHeader(64 * 4096, 4096, "sw", new Uint8Array(16).fill(7));
  assert.is(isSwapHeader(h, 4096), true);
  assert.is(Buffer.from(h).readUInt32LE(1028), 63);
  assert.is(hasSwapLabel(h, "sw"), true);
  assert.is(hasSwapLabel(h, "sw2"), false);
  assert.is(isSwapHeader(new Uint8Array(4096), 4096), false);
});

test("remount: options set and clear, later words win, others are named", () => {
  assert.equal(parseRemountOptions("nosuid,nodev,dev,ro"), { set: 3, clear: 4, unknown: [] });
  assert.equal(parseRemountOptions("remount,subvol=x"), { set: 0, clear: 0, unknown: ["subvol=x"] });
  assert.is(mountFlags("rw,nosuid,noexec,relatime"), 2 + 8 + 0x200000);
});

test("remount: device entries before the container's, only of the policy; the root is the empty path", () => {
  const d = [{ policy: "default", entries: [{ pattern: "/", options: "nosuid" }] }, { policy: "x", entries: [{ pattern: "/y", options: "ro" }] }];
  const c = [{ policy: "default", entries: [{ pattern: "/var/.*", options: "noexec" }] }];
  assert.equal(remountEntries(d, c, "default").map(remountPattern), ["^$", "^/var/.*$"]);
});

test.run();

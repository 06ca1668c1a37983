/** Images behind dm-verity for tests, sound and damaged; hash trees are made by veritysetup. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SALT = "00112233445566778899aabbccddeeff";
const UUID = "6f1a8d3e-0d6c-4a51-9a55-0c9f2f8a7b11";

/** Contents by file name: NAME and NAME.hash; the root hash of all but "appended", whose hashes are in the same file, and a wrong one. */
export type VerityImages = { files: Map<string, Buffer>; hash: string; appendedHash: string; wrong: string };

function format(data: string, hashes: string, more: string[]): string {
  const text = execFileSync("veritysetup", ["format", `--salt=${SALT}`, `--uuid=${UUID}`, ...more, data, hashes], { encoding: "utf8" });
  return /Root hash:\s+([0-9a-f]{64})/.exec(text)![1]!;
}

/** A hash tree for an image, and its root hash. */
export function verityTree(image: Buffer): { tree: Buffer; hash: string } {
  const dir = mkdtempSync(join(tmpdir(), "wherry-verity-"));
  try {
    writeFileSync(join(dir, "image"), image);
    const hash = format(join(dir, "image"), join(dir, "hash"), []);
    return { tree: readFileSync(join(dir, "hash")), hash };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function flipped(data: Buffer, at: number): Buffer {
  const b = Buffer.from(data);
  b[at] = b[at]! ^ 1;
  return b;
}

/**
 * good; flipped: one byte of the superblock's block, which the mount itself
 * reads; headless: no hash tree; cut: half a hash tree; short: less data than
 * its hashes say; treeless: no hash file; worn: sound, for those who damage it.
 */
export function verityImages(): VerityImages {
  const dir = mkdtempSync(join(tmpdir(), "wherry-verity-"));
  try {
    mkdirSync(join(dir, "tree/etc"), { recursive: true });
    writeFileSync(join(dir, "tree/etc/motd"), "verified\n");
    for (let i = 0; i < 40; i++) writeFileSync(join(dir, `tree/etc/noise${i}`), Buffer.alloc(5000, `${i} noise `));
    const image = join(dir, "image");
    execFileSync("mksquashfs", [join(dir, "tree"), image, "-quiet", "-no-progress", "-noI", "-noD", "-noF"], { stdio: "ignore" });
    const data = readFileSync(image);
    const { tree, hash } = verityTree(data);
    const appendedHash = format(image, image, [`--hash-offset=${data.length}`, `--data-blocks=${data.length / 4096}`]);
    const pairs: [string, Buffer, Buffer | null][] = [
      ["good", data, tree], ["flipped", flipped(data, 100), tree], ["headless", data, Buffer.alloc(8192)], ["cut", data, tree.subarray(0, tree.length - 2048)],
      ["short", data.subarray(0, data.length - 8192), tree], ["treeless", data, null], ["worn", data, tree], ["appended", readFileSync(image), null],
    ];
    const files = new Map<string, Buffer>();
    for (const [name, d, h] of pairs) {
      files.set(`${name}.squashfs`, d);
      if (h !== null) files.set(`${name}.squashfs.hash`, h);
    }
    return { files, hash, appendedHash, wrong: `${hash.slice(0, 63)}${hash.endsWith("0") ? "1" : "0"}` };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/**
 * What a demo device boots from, below build/out/<target>/: the binary, the
 * initramfs, the disk. Each is made again when its inputs have changed.
 */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { boardDebs, type Board } from "../qemu/boards.ts";
import { compile } from "../toolchain/compile.ts";
import { outDir, root } from "../toolchain/places.ts";
import type { Target } from "../toolchain/targets.ts";
import { demoRevision } from "./demo.ts";
import { makeDisk, storageTree } from "./disk.ts";
import { keyOf, madeFor } from "./freshness.ts";
import { DEVICE_CONFIG, initramfs } from "./initramfs.ts";

export const STORAGE_LABEL = "storage";
const DISK_MB = 96;

export type Images = { binary: string; initramfs: string; disk: string };

/** The Wherry binary of a target, compiled if src/ or the toolchain has changed. */
export async function ensureBinary(target: Target): Promise<string> {
  const out = join(outDir, target.name, "wherry");
  const inputs = ["src", "toolchain", "package-lock.json"].map((p) => join(root, p));
  await madeFor(keyOf(inputs), out, async () => {
    console.error(`compiling ${target.name}`);
    await compile({ entry: "src/main.ts", out, target, flavor: "release" });
  });
  return out;
}

/** Binary and initramfs of a board, without a disk: tests bring their own. */
export async function ensureInitramfs(board: Board): Promise<{ binary: string; initramfs: string }> {
  const binary = await ensureBinary(board.target);
  const out = join(outDir, board.name, "initramfs.cpio");
  await madeFor(keyOf([...inputs(board), binary]), out, () => {
    writeFileSync(out, initramfs({ debs: boardDebs(board), binary: readFileSync(binary), bootModules: [board.watchdogModule], config: DEVICE_CONFIG }));
  });
  return { binary, initramfs: out };
}

/** All that `npm start` boots. The disk is the factory state: boot a copy of it. */
export async function ensureImages(board: Board): Promise<Images> {
  const made = await ensureInitramfs(board);
  const disk = join(outDir, board.name, "demo.ext4");
  await madeFor(keyOf([...inputs(board), made.binary]), disk, () => {
    const revision = demoRevision({ debs: boardDebs(board), binary: readFileSync(made.binary), listen: "80", link: "eth0" });
    makeDisk({ tree: storageTree({ revisions: { "0": revision }, committed: "0" }), label: STORAGE_LABEL, sizeMb: DISK_MB }, disk);
  });
  return { ...made, disk };
}

/** The packages are told by the notes that the set-up leaves: each names the version it unpacked. */
function inputs(board: Board): string[] {
  const debs = boardDebs(board);
  const notes = readdirSync(debs).filter((f) => f.startsWith(".")).map((f) => join(debs, f));
  return [join(root, "build"), join(root, "qemu/boards.ts"), ...notes];
}

/** Boots a board for one test, from a storage tree, and takes everything away again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDisk, storageTree } from "../../build/disk.ts";
import { ensureInitramfs, STORAGE_LABEL } from "../../build/images.ts";
import { buildRevision, type ContainerSpec, type Json, type Revision } from "../../build/revision.ts";
import type { Tree } from "../../build/tree.ts";
import type { Board } from "../../qemu/boards.ts";
import { bootDevice, type BootOptions, type Device } from "../../qemu/boot.ts";
import { outDir } from "../../toolchain/places.ts";
import { PROBE_PORT, probeContainer } from "./probe.ts";

export type Bench = {
  board: Board;
  /** Names the console log below build/out/test/boot. */
  name: string;
  /** What the disk holds; none: no disk. */
  storage?: Tree;
  diskMb?: number;
} & Partial<BootOptions>;

/** disk: file of the image, there until `use` returns. */
export async function withDevice(b: Bench, use: (d: Device, disk: string) => Promise<void>): Promise<void> {
  const { initramfs } = await ensureInitramfs(b.board);
  const work = mkdtempSync(join(tmpdir(), "wherry-bench-"));
  const disk = join(work, "disk.ext4");
  let device: Device | undefined;
  try {
    if (b.storage !== undefined) makeDisk({ tree: b.storage, label: STORAGE_LABEL, sizeMb: b.diskMb ?? 64 }, disk);
    device = await bootDevice({
      initramfs, disk: b.storage === undefined ? undefined : disk, forward: [PROBE_PORT],
      log: join(outDir, "test/boot", `${b.board.name}-${b.name}.console.log`), ...b,
    });
    await use(device, disk);
  } finally {
    await device?.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Groups for tests: "root" must come up, what is in "tried" may fail without the device rebooting. */
export const TEST_GROUPS: Json = {
  groups: [
    { name: "root", status_goal: "STARTED", restart_policy: "system", timeout: 600 },
    { name: "tried", status_goal: "STARTED", restart_policy: "container", timeout: 600, auto_recovery: { policy: "on-failure", max_retries: 1, retry_delay: 1, backoff_policy: "never" } },
  ],
};

/** The probe and further containers, which are put into group "tried". */
export function probedRevision(board: Board, others: ContainerSpec[]): Revision {
  return buildRevision({ containers: [probeContainer(board), ...others.map((c) => ({ ...c, run: { group: "tried", ...c.run } }))], device: TEST_GROUPS });
}

/** A storage with that revision as the factory one. */
export function factoryStorage(r: Revision): Tree {
  return storageTree({ revisions: { "0": r }, committed: "0" });
}

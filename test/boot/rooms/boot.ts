/** Boots a board with init.ts as PID 1 for a list of programs, and gives what each of them printed. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { cpioArchive } from "../../../build/cpio.ts";
import { makeDisk } from "../../../build/disk.ts";
import { modulesFor } from "../../../build/modules.ts";
import { Tree } from "../../../build/tree.ts";
import { boardDebs, type Board } from "../../../qemu/boards.ts";
import { bootDevice } from "../../../qemu/boot.ts";
import { compile } from "../../../toolchain/compile.ts";
import { outDir } from "../../../toolchain/places.ts";

const BOOT_DEADLINE_MS = 900_000;

export type Rooms = {
  board: Board;
  /** Names the console log below build/out/test/boot. */
  name: string;
  /** Path on the device → TypeScript program. */
  programs: { [path: string]: string };
  /** Kernel modules with their parameters, loaded in this order. */
  modules: string[];
  applets: string[];
  /** What the device's disk holds, on /dev/vda; none: no disk. */
  disk?: Tree;
  /** What else the device has. */
  fill: (t: Tree) => void;
  /** Command lines, one after the other. */
  lines: string[];
  deadlineMs?: number;
};

/** Output of each program by its command line; of one that did not end with 0, how it went wrong. */
export async function runRooms(r: Rooms): Promise<Map<string, string>> {
  const t = new Tree();
  for (const f of ["dev", "proc", "sys", "tmp", "images/volumes"]) t.dir(f);
  t.char("dev/console", 0o600, 5, 1);
  for (const [path, entry] of Object.entries({ ...r.programs, init: "test/boot/rooms/init.ts" })) {
    t.file(path, readFileSync(await compile({ entry, out: join(outDir, "test/rooms", r.board.name, path), target: r.board.target, flavor: "release" })), 0o755);
  }
  t.file("bin/busybox", readFileSync(join(boardDebs(r.board), "bin/busybox")), 0o755);
  for (const a of r.applets) t.link(`bin/${a}`, "busybox");
  const kernel = modulesFor(boardDebs(r.board), r.modules.map((m) => m.split(" ")[0]!));
  for (const f of kernel.files) t.file(`lib/modules/${kernel.release}/${f.path}`, f.data);
  t.file(`lib/modules/${kernel.release}/modules.dep`, kernel.dep);
  t.file(`lib/modules/${kernel.release}/modules.alias`, kernel.alias);
  t.file("etc/rooms/modules", r.modules.map((m) => `${m}\n`).join(""));
  t.file("etc/rooms/programs", r.lines.map((l) => `${l}\n`).join(""));
  r.fill(t);
  mkdirSync(join(outDir, "test/rooms"), { recursive: true });
  const work = mkdtempSync(join(outDir, "test/rooms", `${r.name}-`));
  const initramfs = join(work, "initramfs.cpio");
  writeFileSync(initramfs, cpioArchive(t));
  const disk = r.disk === undefined ? undefined : join(work, "disk.ext4");
  if (disk !== undefined) makeDisk({ tree: r.disk!, label: "rooms", sizeMb: 64 }, disk);
  const device = await bootDevice({ board: r.board, initramfs, disk, memoryMb: 256, log: join(outDir, "test/boot", `${r.board.name}-${r.name}.console.log`) });
  try {
    assert.is(await device.endsWithin(r.deadlineMs ?? BOOT_DEADLINE_MS), "poweroff", device.console.text.slice(-4000));
  } finally {
    await device.stop();
    rmSync(work, { recursive: true });
  }
  const text = device.console.text;
  return new Map(r.lines.map((l) => {
    const from = text.indexOf(`begin ${l}\n`);
    const to = text.indexOf(`end ${l}: 0\n`);
    return [l, from < 0 || to < 0 ? `did not end well:\n${text.slice(from).slice(0, 3000)}` : text.slice(from + l.length + 7, to)];
  }));
}

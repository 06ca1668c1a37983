/**
 * A Raspberry Pi's card: three small FAT partitions with one text file each,
 * and the storage as the fourth. Sources: Microsoft FAT specification (FAT12),
 * MBR partition table.
 */
import { closeSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { run, runResult } from "../../../toolchain/run.ts";

const SECTOR = 512;
/** Of each FAT partition. */
const SECTORS = 128;
const FIRST = 64;
const STORAGE = 2048;
/** Reserved, two tables, the folder. */
const DATA = 1 + 2 + 1;
const FAT12 = 0x01;
const LINUX = 0x83;

/** 8.3, as a FAT has it. */
function shortName(name: string): string {
  const [base, extension] = name.toUpperCase().split(".");
  return base!.padEnd(8) + extension!.padEnd(3);
}

function fat(name: string, text: string): Buffer {
  const b = Buffer.alloc(SECTORS * SECTOR);
  b.set([0xeb, 0x3c, 0x90]);
  b.write("WHERRY  ", 3);
  b.writeUInt16LE(SECTOR, 11);
  b.set([1, 1, 0, 2], 13); // sectors of a cluster, reserved ones, tables
  b.writeUInt16LE(SECTOR / 32, 17);
  b.writeUInt16LE(SECTORS, 19);
  b.set([0xf8, 1, 0], 21);
  b.set([0x55, 0xaa], 510);
  for (const table of [1, 2]) b.set([0xf8, 0xff, 0xff, 0xff, 0x0f], table * SECTOR); // cluster 2 is the file's only one
  const entry = 3 * SECTOR;
  b.write(shortName(name), entry);
  b[entry + 11] = 0x20;
  b.writeUInt16LE(2, entry + 26);
  b.writeUInt32LE(text.length, entry + 28);
  b.write(text, DATA * SECTOR);
  return b;
}

/** Where a partition begins. */
function start(n: number): number {
  return (n === 4 ? STORAGE : FIRST + (n - 1) * SECTORS) * SECTOR;
}

export class Card {
  readonly path: string;

  /** autoboot, lists: texts of the files. storage: an ext4 image. */
  constructor(path: string, autoboot: string, lists: string[], storage: string) {
    this.path = path;
    const size = statSync(storage).size;
    const table = Buffer.alloc(SECTOR);
    for (let n = 1; n <= 4; n++) {
      const at = 446 + 16 * (n - 1);
      table[at + 4] = n === 4 ? LINUX : FAT12;
      table.writeUInt32LE(start(n) / SECTOR, at + 8);
      table.writeUInt32LE(n === 4 ? size / SECTOR : SECTORS, at + 12);
    }
    table.set([0x55, 0xaa], 510);
    run("dd", [`if=${storage}`, `of=${path}`, "bs=1M", `seek=${start(4) / 1048576}`, "conv=sparse", "status=none"]);
    const fd = openSync(path, "r+");
    writeSync(fd, table, 0, SECTOR, 0);
    const parts = [fat("autoboot.txt", autoboot), ...lists.map((l) => fat("pv_rev.txt", l))];
    parts.forEach((p, i) => writeSync(fd, p, 0, p.length, start(i + 1)));
    closeSync(fd);
  }

  /** The one text file of a FAT partition. */
  text(n: number): string {
    const b = Buffer.alloc(SECTORS * SECTOR);
    const fd = openSync(this.path, "r");
    readSync(fd, b, 0, b.length, start(n));
    closeSync(fd);
    return b.subarray(DATA * SECTOR, DATA * SECTOR + b.readUInt32LE(3 * SECTOR + 28)).toString("latin1");
  }

  /** A copy of the storage as it is there, whatever the journal holds. */
  private storage(): string {
    const image = `${this.path}.ext4`;
    run("dd", [`if=${this.path}`, `of=${image}`, "bs=1M", `skip=${start(4) / 1048576}`, "conv=sparse", "status=none"]);
    return image;
  }

  /** A file of the storage, read without the journal: its bitmaps may be ahead of their checksums (-c). */
  stored(path: string): string {
    return run("debugfs", ["-c", "-R", `cat ${path}`, this.storage()]);
  }

  /** The same after what Linux does when it mounts the storage after a power cut. */
  replayed(path: string): string {
    const image = this.storage();
    const r = runResult("e2fsck", ["-f", "-y", image]);
    if (r.status! > 1) throw new Error(`${r.stdout}${r.stderr}`);
    return run("debugfs", ["-R", `cat ${path}`, image]);
  }
}

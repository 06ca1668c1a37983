/**
 * Power cuts at every write of a trial's story, on a disk that keeps only what
 * was synced, all of it, or half of the block that was being written in place
 * (sectors of 512 bytes), and on flash, which is erased by blocks and written
 * by pages. After each the boot loader and the next boots go on: the device
 * must come to rest on a revision that is there, with a progress that says so.
 */
import { crc32 } from "node:zlib";
import { fakeSys } from "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { BootEnvironment } from "../../../src/boot/environment.ts";
import { openBootEnvironment, type BootOptions } from "../../../src/boot/open.ts";
import { raiseCommittedIndex } from "../../../src/storage/rollback_index.ts";
import { StoragePlaces } from "../../../src/storage/places.ts";
import { isDone, readProgress } from "../../../src/update/progress.ts";
import { applySteps } from "../../../src/update/steps.ts";
import { planCommit, planFactory, planFailure, planResume } from "../../../src/update/trial.ts";

const ENOENT = 2;
const SECTOR = 512;
const O_CREAT = 0o100;

class Cut extends Error {}

type Inode = { now: Buffer; synced: Buffer };
type Open = { path: string; inode: Inode | null; flash: Flash | null; at: number };
type Loss = "unsynced" | "none" | "second sectors" | "first sector";

const ERASE_BYTES = 4096;
const PAGE = 512;
const MEMERASE = 0x40084d02;
const MEMGETBADBLOCK = 0x40084d0b;

/** One MTD partition. Writing only clears bits. bad: its second block is. */
class Flash {
  readonly data: Buffer;
  readonly nor: boolean;
  constructor(sizeBytes: number, nor: boolean, content: Buffer) {
    this.data = Buffer.alloc(sizeBytes, 0xff);
    this.nor = nor;
    let at = 0;
    for (let from = 0; from < content.length; from += ERASE_BYTES) {
      if (this.isBad(at)) at += ERASE_BYTES;
      content.copy(this.data, at, from, from + ERASE_BYTES);
      at += ERASE_BYTES;
    }
  }

  isBad(block: number): boolean {
    return !this.nor && block === ERASE_BYTES;
  }

  /** What U-Boot reads. */
  good(length: number): Buffer {
    const blocks: Buffer[] = [];
    for (let at = 0; at < this.data.length; at += ERASE_BYTES) if (!this.isBad(at)) blocks.push(this.data.subarray(at, at + ERASE_BYTES));
    return Buffer.concat(blocks).subarray(0, length);
  }
}

/** Files by path; folders are there when something is below them. */
class Disk {
  private names = new Map<string, Inode>();
  private syncedNames = new Map<string, Inode>();
  private open = new Map<number, Open>();
  private nextFd = 3;
  private sources = new Map<number, string>();
  /** By MTD name, in the order of their devices. */
  readonly flashes = new Map<string, Flash>();
  /** Writes until the power is cut; -1: never. */
  left = -1;

  put(path: string, text: string): void {
    const data = Buffer.from(text, "latin1");
    const inode = { now: data, synced: data };
    this.names.set(path, inode);
    this.syncedNames.set(path, inode);
  }

  flash(name: string, flash: Flash): void {
    const n = this.flashes.size;
    this.flashes.set(name, flash);
    this.put("/proc/mtd", `dev:    size   erasesize  name\n${[...this.flashes.keys()].map((f, i) => `mtd${i}: 00000000 00000000 "${f}"\n`).join("")}`);
    for (const [file, text] of [["size", flash.data.length], ["erasesize", ERASE_BYTES], ["type", flash.nor ? "nor" : "nand"]]) this.put(`/sys/class/mtd/mtd${n}/${file}`, `${text}\n`);
  }

  /** As a boot finds it: the run dir is empty. */
  boot(): void {
    for (const n of [...this.names.keys()]) if (n.startsWith("/run/")) this.names.delete(n);
  }

  text(path: string): string {
    return this.names.get(path)?.now.toString("latin1") ?? "";
  }

  /** What is there when power comes back. */
  lose(loss: Loss): void {
    if (loss === "unsynced") this.names = new Map(this.syncedNames);
    for (const inode of new Set(this.names.values())) {
      const { now, synced } = inode;
      if (loss === "unsynced") inode.now = synced;
      if (loss === "second sectors" && synced.length === now.length) inode.now = Buffer.concat([now.subarray(0, SECTOR), synced.subarray(SECTOR)]);
      if (loss === "first sector" && synced.length === now.length) inode.now = Buffer.concat([synced.subarray(0, SECTOR), now.subarray(SECTOR)]);
      inode.synced = inode.now;
    }
    this.syncedNames = new Map(this.names);
    this.open.clear();
  }

  private isFolder(path: string): boolean {
    return [...this.names.keys()].some((n) => n.startsWith(`${path}/`));
  }

  private write(): void {
    if (this.left === 0) throw new Cut();
    this.left -= 1;
  }

  install(): void {
    const on = (name: string, f: (...args: never[]) => number): void => fakeSys.answer(name, f);
    on("sys_faccessat", (_d: number, path: string) => (this.names.has(path) || this.isFolder(path) ? 0 : -ENOENT));
    on("sys_fsconfig", (fd: number, _c: number, key: string, value: string) => {
      if (key === "source") this.sources.set(fd, value);
      return 0;
    });
    on("sys_fsmount", (fd: number) => {
      this.sources.set(fd + 1000, this.sources.get(fd)!);
      return fd + 1000;
    });
    on("sys_ioctl_buffer", (fd: number, request: number, b: Uint8Array) => {
      const { flash } = this.open.get(fd)!;
      const block = Buffer.from(b).readUInt32LE();
      if (request === MEMGETBADBLOCK) return flash!.isBad(block) ? 1 : 0;
      if (request !== MEMERASE) return 0;
      this.write();
      flash!.data.fill(0xff, block, block + ERASE_BYTES);
      return 0;
    });
    on("sys_openat", (folder: number, name: string, flags: number) => {
      const path = this.sources.has(folder) ? `${this.sources.get(folder)!}/${name}` : name;
      let inode = this.names.get(path) ?? null;
      if (inode === null && (flags & O_CREAT) !== 0) {
        this.write();
        inode = { now: Buffer.alloc(0), synced: Buffer.alloc(0) };
        this.names.set(path, inode);
      }
      const flash = path.startsWith("/dev/mtd") ? [...this.flashes.values()][Number(path.slice(8))]! : null;
      if (inode === null && flash === null && !this.isFolder(path)) return -ENOENT;
      this.nextFd += 1;
      this.open.set(this.nextFd, { path, inode, flash, at: 0 });
      return this.nextFd;
    });
    const taken = (inode: Inode, into: Uint8Array, offset: number, length: number, from: number): number => inode.now.copy(into, offset, from, Math.min(inode.now.length, from + length));
    on("sys_read", (fd: number, into: Uint8Array, offset: number, length: number) => {
      const o = this.open.get(fd)!;
      const n = taken(o.inode!, into, offset, length, o.at);
      o.at += n;
      return n;
    });
    on("sys_pread", (fd: number, into: Uint8Array, offset: number, length: number, position: number) => {
      const o = this.open.get(fd)!;
      return o.flash === null ? taken(o.inode!, into, offset, length, position) : o.flash.data.copy(into, offset, position, position + length);
    });
    const put = (inode: Inode, data: Uint8Array, offset: number, length: number, position: number): number => {
      this.write();
      const next = Buffer.alloc(Math.max(inode.now.length, position + length));
      inode.now.copy(next);
      Buffer.from(data).copy(next, position, offset, offset + length);
      inode.now = next;
      return length;
    };
    on("sys_write", (fd: number, data: Uint8Array, offset: number, length: number) => {
      const o = this.open.get(fd)!;
      o.at += length;
      return put(o.inode!, data, offset, length, o.at - length);
    });
    on("sys_pwrite", (fd: number, data: Uint8Array, offset: number, length: number, position: number) => {
      const o = this.open.get(fd)!;
      if (o.flash === null) return put(o.inode!, data, offset, length, position);
      for (let i = 0; i < length; i++) {
        if (i % PAGE === 0) this.write();
        o.flash.data[position + i]! &= data[offset + i]!;
      }
      return length;
    });
    on("sys_fsync", (fd: number) => {
      this.write();
      const o = this.open.get(fd)!;
      if (o.inode !== null) o.inode.synced = o.inode.now;
      else {
        for (const n of [...this.syncedNames.keys()]) if (n.startsWith(`${o.path}/`) && !this.names.has(n)) this.syncedNames.delete(n);
        for (const [n, i] of this.names) if (n.startsWith(`${o.path}/`)) this.syncedNames.set(n, i);
      }
      return 0;
    });
    on("sys_renameat2", (_a: number, from: string, _b: number, to: string) => {
      this.write();
      this.names.set(to, this.names.get(from)!);
      this.names.delete(from);
      return 0;
    });
    on("sys_unlinkat", (_d: number, path: string) => {
      if (!this.names.has(path)) return -ENOENT;
      this.write();
      this.names.delete(path);
      return 0;
    });
  }
}

/** What a boot loader finds and does before the device's own program runs. */
abstract class Loader {
  abstract readonly options: Partial<BootOptions>;
  /** As it is when the trial begins. */
  abstract prepare(disk: Disk): void;
  /** The revision that it names on the command line, by the rule of lifecycle spec §7; none where it has no word in it. */
  abstract start(disk: Disk): string;
  /** Whether it boots this revision from now on. */
  boots(_disk: Disk, _revision: string): boolean {
    return true;
  }
  /** Whether it boots something else after this boot, unless there is a commit. */
  goesBack(): boolean {
    return true;
  }
}

/** One that keeps pv_rev and pv_try as variables. */
abstract class Script extends Loader {
  private latched = "";
  private readonly latch: boolean;
  constructor(latch: boolean) {
    super();
    this.latch = latch;
  }

  abstract variables(disk: Disk): string[];

  start(disk: Disk): string {
    const value = (name: string): string => this.variables(disk).filter((v) => v.startsWith(`${name}=`)).at(-1)?.slice(name.length + 1) ?? "";
    const [committed, tried] = [value("pv_rev"), value("pv_try")];
    if (tried !== "" && this.latched === tried) {
      this.latched = "";
      return committed;
    }
    if (tried !== "" && this.latch) this.latched = tried;
    return tried !== "" ? tried : committed === "" ? "0" : committed;
  }
}

class FileScript extends Script {
  readonly options: Partial<BootOptions>;
  private readonly file: string;
  private readonly text: string;
  constructor(type: "uboot" | "grub", text: string, latch: boolean = true) {
    super(latch);
    this.options = { type };
    this.file = `/s/boot/${type === "grub" ? "grubenv" : "uboot.txt"}`;
    this.text = text;
  }

  prepare(disk: Disk): void {
    disk.put(this.file, this.text);
  }

  variables(disk: Disk): string[] {
    return disk.text(this.file).split(this.options.type === "grub" ? "\n" : "\0");
  }
}

/** uboot.txt, and pv_trying in flash. */
class FlashLatch extends FileScript {
  prepare(disk: Disk): void {
    super.prepare(disk);
    disk.flash("pv-env", new Flash(4 * ERASE_BYTES, false, Buffer.from("pv_trying=5\0\0")));
  }

  /** The latch of what is committed is gone. */
  boots(disk: Disk, revision: string): boolean {
    return revision !== "5" || disk.flashes.get("pv-env")!.good(2 * ERASE_BYTES).every((b) => b === 0xff);
  }
}

const RAW_BYTES = 65536;

/** PV_BOOTLOADER_MTD_ONLY. */
class RawScript extends Script {
  readonly options = { type: "uboot", mtdOnly: true };
  private readonly text: string;
  constructor(text: string) {
    super(true);
    this.text = text;
  }

  prepare(disk: Disk): void {
    disk.flash("other", new Flash(ERASE_BYTES, false, Buffer.alloc(0)));
    disk.flash("pv-env", new Flash(RAW_BYTES + 2 * ERASE_BYTES, false, Buffer.from(this.text.padEnd(RAW_BYTES, "\0"))));
  }

  variables(disk: Disk): string[] {
    const text = disk.flashes.get("pv-env")!.good(RAW_BYTES).toString("latin1");
    return text.slice(0, text.indexOf("\0\0")).split("\0");
  }
}

const AB_BYTES = 3 * ERASE_BYTES;

function checkedCopy(flag: number[], text: string): Buffer {
  const data = Buffer.from(text.padEnd(AB_BYTES - 4 - flag.length, "\0"));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(crc32(data));
  return Buffer.concat([head, Buffer.from(flag), data]);
}

/** uboot-ab with two copies; flags: of both, null for one that is damaged. */
class RedundantScript extends Script {
  readonly options = { type: "uboot-ab", abNames: ["env", "env-bak"], abBytes: AB_BYTES };
  private readonly flags: (number | null)[];
  private readonly nor: boolean;
  constructor(nor: boolean, first: number | null, second: number | null) {
    super(true);
    this.nor = nor;
    this.flags = [first, second];
  }

  /** The copy that counts has the trial, the other one is older. */
  prepare(disk: Disk): void {
    const counts = this.counts(this.flags[0]!, this.flags[1]!);
    for (const [i, name] of this.options.abNames.entries()) {
      const flag = this.flags[i]!;
      disk.flash(name, new Flash(AB_BYTES + 2 * ERASE_BYTES, this.nor, flag === null ? Buffer.from("damaged") : checkedCopy([flag], i === counts ? "other=1\0pv_rev=4\0pv_try=5\0\0" : "pv_rev=3\0\0")));
    }
  }

  private counts(a: number | null, b: number | null): number {
    if (a === null || b === null) return a === null ? 1 : 0;
    if (this.nor) return a === 0 && b === 1 ? 1 : 0;
    return (a === 255 && b === 0) || (b > a && !(b === 255 && a === 0)) ? 1 : 0;
  }

  variables(disk: Disk): string[] {
    const copies = this.options.abNames.map((n) => disk.flashes.get(n)!.good(AB_BYTES));
    const flags = copies.map((c) => (crc32(c.subarray(5)) === c.readUInt32LE() ? c[4]! : null));
    assert.ok(flags.some((f) => f !== null), "one copy is whole");
    return copies[this.counts(flags[0]!, flags[1]!)]!.subarray(5).toString("latin1").split("\0");
  }
}

/** uboot-ab with a single copy. */
class SingleScript extends Script {
  readonly options = { type: "uboot-ab", abNames: ["env"], abBytes: AB_BYTES };

  prepare(disk: Disk): void {
    disk.flash("env", new Flash(AB_BYTES + 2 * ERASE_BYTES, false, checkedCopy([], "pv_rev=4\0pv_try=5\0\0")));
  }

  variables(disk: Disk): string[] {
    const copy = disk.flashes.get("env")!.good(AB_BYTES);
    return crc32(copy.subarray(4)) === copy.readUInt32LE() ? copy.subarray(4).toString("latin1").split("\0") : [];
  }
}

const MADE = "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n";

/** The firmware of a Raspberry Pi. lists: pv_rev.txt of partitions 2 and 3. */
class Firmware extends Loader {
  readonly options = { type: "rpiab" };
  private armed: boolean;
  private once = false;
  private readonly lists: string[];
  private readonly environment: string;
  private readonly autoboot: string;
  constructor(lists: string[], environment: string, armed: boolean, autoboot: string = MADE) {
    super();
    this.lists = lists;
    this.environment = environment;
    this.armed = armed;
    this.autoboot = autoboot;
  }

  prepare(disk: Disk): void {
    disk.put("/s/boot/rpiab.txt", this.environment);
    disk.put("/dev/mmcblk0p1/autoboot.txt", this.autoboot);
    this.lists.forEach((l, i) => disk.put(`/dev/mmcblk0p${i + 2}/pv_rev.txt`, l));
    disk.put("/proc/device-tree/chosen/bootloader/boot-mode", "\0\0\0\x01");
  }

  private partition(disk: Disk, section: string): string {
    return new RegExp(`\\[${section}\\][^[]*boot_partition=(\\d)\n`).exec(disk.text("/dev/mmcblk0p1/autoboot.txt"))![1]!;
  }

  start(disk: Disk): string {
    disk.put("/proc/device-tree/chosen/bootloader/tryboot", this.armed ? "\0\0\0\x01" : "\0\0\0\0");
    assert.not.equal(this.partition(disk, "all"), this.partition(disk, "tryboot"));
    this.once = this.armed;
    this.armed = false;
    return "none";
  }

  goesBack(): boolean {
    return this.once;
  }

  boots(disk: Disk, revision: string): boolean {
    return disk.text(`/dev/mmcblk0p${this.partition(disk, "all")}/pv_rev.txt`).trim().split(",").includes(revision);
  }
}

type Story = {
  says: string;
  /** A new boot loader, and what it keeps before. */
  loader: () => Loader;
  old: string;
  tried: string;
  /** Is the tried revision one that comes up? dies: the device is reset in the midst of it. */
  fate: "good" | "bad" | "dies";
};

const NO_OPTIONS: BootOptions = { type: "", mountPoint: "/s", runDir: "/run", mtdOnly: false, mtdName: "pv-env", abNames: [], abOffset: 0, abBytes: 0 };

/** The whole story from one boot to rest: a boot loader, and what the manager does at each boot. */
class Telling {
  readonly disk = new Disk();
  readonly places = new StoragePlaces("/s");
  readonly environment: BootEnvironment;
  readonly booted: string[] = [];
  private readonly story: Story;
  private readonly loader: Loader;

  constructor(story: Story) {
    this.story = story;
    this.loader = story.loader();
    this.environment = openBootEnvironment({ ...NO_OPTIONS, ...this.loader.options });
    this.loader.prepare(this.disk);
    for (const r of ["0", story.old, story.tried]) this.disk.put(`/s/trails/${r}/.pvr/json`, "{}");
    for (const r of ["0", story.old]) {
      this.disk.put(`/s/trails/${r}/.pv/progress`, "{\"status\":\"DONE\",\"status-msg\":\"x\",\"progress\":100,\"retries\":0}");
      this.disk.put(`/s/trails/${r}/.pv/done`, "");
    }
    this.disk.put(`/s/trails/${story.tried}/.pv/progress`, "{\"status\":\"INPROGRESS\",\"status-msg\":\"Rebooting\",\"progress\":50,\"retries\":1}");
    this.disk.put("/s/wherry/rollback-index", "3\n");
    fakeSys.reset();
    this.disk.install();
  }

  /** One boot; true when the device stays up. */
  private boot(): boolean {
    this.disk.boot();
    const named = this.loader.start(this.disk);
    const booted = this.environment.choose(named);
    this.booted.push(booted);
    const e = this.environment.read();
    assert.is(e.why, "", "the environment can be read");
    const r = planResume({
      booted, committed: e.committed, tried: e.tried, standing: e.standing, again: false, done: isDone(this.places, booted),
      bootedStatus: readProgress(this.places, booted).status, triedStatus: e.tried === "" ? "" : readProgress(this.places, e.tried).status,
    });
    applySteps(this.environment, this.places, r.now);
    if (r.verdict === "refuse") return false;
    if (isDone(this.places, booted)) raiseCommittedIndex(this.places, booted === this.story.tried ? 7 : 3); // as loading a revision does
    if (r.verdict === "trial") {
      assert.ok(this.loader.goesBack(), "a trial that the boot loader ends by itself");
      if (this.story.fate === "dies") return false;
      const good = this.story.fate === "good";
      assert.is(applySteps(this.environment, this.places, good ? planCommit(booted, 7) : planFailure(booted, "A container could not be started", "")), "");
      return good;
    }
    if (r.loaded !== "") applySteps(this.environment, this.places, r.loaded === "factory" ? planFactory(booted, 7) : planCommit(booted, 7));
    return true;
  }

  /** Boots until the device stays up, or the power is cut (true). */
  goOn(): boolean {
    try {
      for (let i = 0; i < 6; i++) if (this.boot()) return false;
    } catch (e) {
      if (e instanceof Cut) return true;
      throw e;
    }
    throw new Error(`the device never comes to rest: ${this.booted.join(" ")}`);
  }

  check(): void {
    const { old, tried } = this.story;
    const e = this.environment.read();
    const runs = this.booted.at(-1)!;
    assert.is(e.tried, "", "nothing is left to try");
    assert.is(e.committed, runs, "what runs is what boots next");
    assert.ok(this.loader.boots(this.disk, runs), "from the partition that has it");
    const status = readProgress(this.places, tried).status;
    assert.is(status, runs === tried ? "DONE" : "ERROR");
    assert.is(readProgress(this.places, old).status, "DONE");
    assert.is(isDone(this.places, tried), runs === tried);
    assert.is(this.disk.text("/s/wherry/rollback-index"), runs === tried ? "7\n" : "3\n");
    if (this.story.fate === "bad") assert.is(runs, old);
  }
}

const PADDED = `pv_rev=4\0pv_try=5\0other=${"x".repeat(600)}\0\0`.padEnd(4096, "\0");
const GRUBENV = "# GRUB Environment Block\nother=1\npv_rev=4\npv_try=5\npv_trying=5\n".padEnd(1024, "#");

const PLAIN = "pv_rev=4\0pv_try=5\0\0";
const UPDATE = { old: "4", tried: "5" };

const STORIES: Story[] = [
  { says: "a good trial", loader: () => new FileScript("uboot", PLAIN), ...UPDATE, fate: "good" },
  { says: "a good trial of a local revision, from the factory's", loader: () => new FileScript("uboot", "pv_rev=0\0pv_try=locals/web-2\0\0"), old: "0", tried: "locals/web-2", fate: "good" },
  { says: "a good trial with an environment of many sectors", loader: () => new FileScript("uboot", PADDED), ...UPDATE, fate: "good" },
  { says: "a good trial under GRUB", loader: () => new FileScript("grub", GRUBENV), ...UPDATE, fate: "good" },
  { says: "a bad trial", loader: () => new FileScript("uboot", PLAIN), ...UPDATE, fate: "bad" },
  { says: "a bad trial under GRUB", loader: () => new FileScript("grub", GRUBENV), ...UPDATE, fate: "bad" },
  { says: "a bad trial without a latch (UBI)", loader: () => new FileScript("uboot", PLAIN, false), ...UPDATE, fate: "bad" },
  { says: "a trial that resets the device", loader: () => new FileScript("uboot", PLAIN), ...UPDATE, fate: "dies" },
  { says: "a good trial with the latch in flash", loader: () => new FlashLatch("uboot", PLAIN), ...UPDATE, fate: "good" },
  { says: "a good trial with the environment in flash", loader: () => new RawScript(PLAIN), ...UPDATE, fate: "good" },
  { says: "a bad trial with the environment in flash", loader: () => new RawScript(PLAIN), ...UPDATE, fate: "bad" },
  { says: "a good trial with two copies in NAND", loader: () => new RedundantScript(false, 4, 3), ...UPDATE, fate: "good" },
  { says: "a good trial with two copies in NAND, the second counts and its flag comes around", loader: () => new RedundantScript(false, 254, 255), ...UPDATE, fate: "good" },
  { says: "a good trial with one of two copies damaged", loader: () => new RedundantScript(false, null, 7), ...UPDATE, fate: "good" },
  { says: "a good trial with two copies in NOR", loader: () => new RedundantScript(true, 1, 0), ...UPDATE, fate: "good" },
  { says: "a good trial with two copies in NOR, the second counts", loader: () => new RedundantScript(true, 0, 1), ...UPDATE, fate: "good" },
  { says: "a bad trial with two copies in NOR", loader: () => new RedundantScript(true, 1, 0), ...UPDATE, fate: "bad" },
  { says: "a good trial with a single copy in flash", loader: () => new SingleScript(true), ...UPDATE, fate: "good" },
  { says: "a good trial of a Raspberry Pi", loader: () => new Firmware(["4\n", "5\n"], PLAIN, true), ...UPDATE, fate: "good" },
  { says: "a good trial of a Raspberry Pi whose partition has held another one before", loader: () => new Firmware(["4\n", "locals/x,5\n"], PLAIN, true), ...UPDATE, fate: "good" },
  { says: "a good trial of a Raspberry Pi that was on its second partition", loader: () => new Firmware(["5\n", "4\n"], PLAIN, true, "[all]\ntryboot_a_b=1\nboot_partition=3\n[tryboot]\nboot_partition=2\n"), ...UPDATE, fate: "good" },
  { says: "a bad trial of a Raspberry Pi", loader: () => new Firmware(["4\n", "5\n"], PLAIN, true), ...UPDATE, fate: "bad" },
  { says: "a trial that resets a Raspberry Pi", loader: () => new Firmware(["4\n", "5\n"], PLAIN, true), ...UPDATE, fate: "dies" },
  { says: "a Raspberry Pi whose trial boot was never asked for", loader: () => new Firmware(["4\n", "5\n"], PLAIN, false), ...UPDATE, fate: "bad" },
];
const LOSSES: Loss[] = ["unsynced", "none", "second sectors", "first sector"];

for (const story of STORIES) {
  test(`${story.says}: the device comes to rest, whichever write the power is cut at`, () => {
    const whole = new Telling(story);
    assert.is(whole.goOn(), false);
    whole.check();
    assert.is(whole.booted.at(-1), story.fate === "good" ? story.tried : story.old);
    let cuts = 0;
    for (const loss of whole.disk.flashes.size > 0 ? LOSSES.slice(0, 2) : LOSSES) {
      for (let n = 0; ; n++) {
        const t = new Telling(story);
        t.disk.left = n;
        if (!t.goOn()) break;
        cuts += 1;
        t.disk.left = -1;
        t.disk.lose(loss);
        try {
          assert.is(t.goOn(), false);
          t.check();
        } catch (e) {
          throw new Error(`cut before write ${n + 1}, ${loss} lost, booted ${t.booted.join(" ")}: ${e instanceof Error ? e.message : String(e)}`, { cause: e });
        }
      }
    }
    assert.ok(cuts >= 4 * 4, `${cuts} cuts`);
  });
}

test.run();

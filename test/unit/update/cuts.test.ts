/**
 * Power cuts at every write of a trial's story, on a disk that keeps only what
 * was synced, all of it, or half of the block that was being written in place
 * (sectors of 512 bytes). After each the boot loader and the next boots go on:
 * the device must come to rest on a revision that is there, with a progress
 * that says so.
 */
import { fakeSys } from "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BootEnvironment } from "../../../src/boot/environment.ts";
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
type Open = { path: string; inode: Inode | null; at: number };
type Loss = "unsynced" | "none" | "second sectors" | "first sector";

/** Files by path; folders are there when something is below them. */
class Disk {
  private names = new Map<string, Inode>();
  private syncedNames = new Map<string, Inode>();
  private open = new Map<number, Open>();
  private nextFd = 3;
  /** Writes until the power is cut; -1: never. */
  left = -1;

  put(path: string, text: string): void {
    const data = Buffer.from(text, "latin1");
    const inode = { now: data, synced: data };
    this.names.set(path, inode);
    this.syncedNames.set(path, inode);
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
    on("sys_openat", (_d: number, path: string, flags: number) => {
      let inode = this.names.get(path) ?? null;
      if (inode === null && (flags & O_CREAT) !== 0) {
        this.write();
        inode = { now: Buffer.alloc(0), synced: Buffer.alloc(0) };
        this.names.set(path, inode);
      }
      if (inode === null && !this.isFolder(path)) return -ENOENT;
      this.nextFd += 1;
      this.open.set(this.nextFd, { path, inode, at: 0 });
      return this.nextFd;
    });
    const taken = (inode: Inode, into: Uint8Array, offset: number, length: number, from: number): number => inode.now.copy(into, offset, from, Math.min(inode.now.length, from + length));
    on("sys_read", (fd: number, into: Uint8Array, offset: number, length: number) => {
      const o = this.open.get(fd)!;
      const n = taken(o.inode!, into, offset, length, o.at);
      o.at += n;
      return n;
    });
    on("sys_pread", (fd: number, into: Uint8Array, offset: number, length: number, position: number) => taken(this.open.get(fd)!.inode!, into, offset, length, position));
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
    on("sys_pwrite", (fd: number, data: Uint8Array, offset: number, length: number, position: number) => put(this.open.get(fd)!.inode!, data, offset, length, position));
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

type Story = {
  says: string;
  /** The boot loader's kind, and its file before. */
  bootloader: "uboot" | "grub";
  environment: string;
  old: string;
  tried: string;
  /** Is the tried revision one that comes up? dies: the device is reset in the midst of it. */
  fate: "good" | "bad" | "dies";
  /** Can the boot loader remember that it has tried? */
  latch: boolean;
};

/** The whole story from one boot to rest: a boot loader by the rule of lifecycle spec §7, and what the manager does at each boot. */
class Telling {
  readonly disk = new Disk();
  readonly places = new StoragePlaces("/s");
  readonly environment: BootEnvironment;
  readonly booted: string[] = [];
  private readonly story: Story;
  private latched = "";

  constructor(story: Story) {
    this.story = story;
    this.environment = new BootEnvironment("/s", story.bootloader);
    this.disk.put(this.environment.path, story.environment);
    for (const r of [story.old, story.tried]) this.disk.put(`/s/trails/${r}/.pvr/json`, "{}");
    this.disk.put(`/s/trails/${story.old}/.pv/progress`, "{\"status\":\"DONE\",\"status-msg\":\"x\",\"progress\":100,\"retries\":0}");
    this.disk.put(`/s/trails/${story.old}/.pv/done`, "");
    this.disk.put(`/s/trails/${story.tried}/.pv/progress`, "{\"status\":\"INPROGRESS\",\"status-msg\":\"Rebooting\",\"progress\":50,\"retries\":1}");
    this.disk.put("/s/wherry/rollback-index", "3\n");
    fakeSys.reset();
    this.disk.install();
  }

  private chosen(): string {
    const e = this.environment.read();
    assert.is(e.why, "", "the boot loader can read its environment");
    if (e.tried !== "" && this.latched === e.tried) {
      this.latched = "";
      return e.committed;
    }
    if (e.tried !== "" && this.story.latch) this.latched = e.tried;
    return e.tried !== "" ? e.tried : e.committed;
  }

  /** One boot; true when the device stays up. */
  private boot(): boolean {
    const booted = this.chosen();
    this.booted.push(booted);
    const e = this.environment.read();
    const r = planResume({
      booted, committed: e.committed, tried: e.tried, again: false, done: isDone(this.places, booted),
      bootedStatus: readProgress(this.places, booted).status, triedStatus: e.tried === "" ? "" : readProgress(this.places, e.tried).status,
    });
    applySteps(this.environment, this.places, r.now);
    if (r.verdict === "refuse") return false;
    if (isDone(this.places, booted)) raiseCommittedIndex(this.places, booted === this.story.tried ? 7 : 3); // as loading a revision does
    if (r.verdict === "trial") {
      if (this.story.fate === "dies") return false;
      const good = this.story.fate === "good";
      applySteps(this.environment, this.places, good ? planCommit(booted, 7) : planFailure(booted, "A container could not be started", ""));
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

const STORIES: Story[] = [
  { says: "a good trial", bootloader: "uboot", environment: "pv_rev=4\0pv_try=5\0\0", old: "4", tried: "5", fate: "good", latch: true },
  { says: "a good trial of a local revision, from the factory's", bootloader: "uboot", environment: "pv_rev=0\0pv_try=locals/web-2\0\0", old: "0", tried: "locals/web-2", fate: "good", latch: true },
  { says: "a good trial with an environment of many sectors", bootloader: "uboot", environment: PADDED, old: "4", tried: "5", fate: "good", latch: true },
  { says: "a good trial under GRUB", bootloader: "grub", environment: GRUBENV, old: "4", tried: "5", fate: "good", latch: true },
  { says: "a bad trial", bootloader: "uboot", environment: "pv_rev=4\0pv_try=5\0\0", old: "4", tried: "5", fate: "bad", latch: true },
  { says: "a bad trial under GRUB", bootloader: "grub", environment: GRUBENV, old: "4", tried: "5", fate: "bad", latch: true },
  { says: "a bad trial without a latch (UBI)", bootloader: "uboot", environment: "pv_rev=4\0pv_try=5\0\0", old: "4", tried: "5", fate: "bad", latch: false },
  { says: "a trial that resets the device", bootloader: "uboot", environment: "pv_rev=4\0pv_try=5\0\0", old: "4", tried: "5", fate: "dies", latch: true },
];
const LOSSES: Loss[] = ["unsynced", "none", "second sectors", "first sector"];

for (const story of STORIES) {
  test(`${story.says}: the device comes to rest, whichever write the power is cut at`, () => {
    const whole = new Telling(story);
    assert.is(whole.goOn(), false);
    whole.check();
    assert.is(whole.booted.at(-1), story.fate === "good" ? story.tried : story.old);
    let cuts = 0;
    for (const loss of LOSSES) {
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
    assert.ok(cuts >= 4 * 5, `${cuts} cuts`);
  });
}

test.run();

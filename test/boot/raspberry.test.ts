/**
 * Trial boots of a Raspberry Pi with two boot partitions: this file is the
 * firmware, which follows autoboot.txt of the card and tells the device by its
 * device tree what it has done. The board is QEMU's, the card a SCSI disk
 * (boot-mode says USB); kernel and initramfs are not taken from the card.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { makeDisk, storageTree } from "../../build/disk.ts";
import { ensureBinary, STORAGE_LABEL } from "../../build/images.ts";
import { DEVICE_CONFIG, initramfs } from "../../build/initramfs.ts";
import type { Revision } from "../../build/revision.ts";
import { boardDebs, boardNamed } from "../../qemu/boards.ts";
import { bootDevice, type Device } from "../../qemu/boot.ts";
import { outDir } from "../../toolchain/places.ts";
import { Card } from "./raspberry/card.ts";
import { boardTree, withBootloader } from "./raspberry/device_tree.ts";
import { checkedRevision } from "./trial/revision.ts";

const DEADLINE_MS = 300_000;
const MEMORY_MB = 128;
const USB = 4;
const board = boardNamed("aarch64");

function autoboot(normal: number, trial: number): string {
  return `[all]\ntryboot_a_b=1\nboot_partition=${normal}\n[tryboot]\nboot_partition=${trial}\n`;
}

class Pi {
  readonly card: Card;
  private readonly work = mkdtempSync(join(tmpdir(), "wherry-pi-"));
  private readonly initramfs: string;
  private device: Device | undefined;
  private boots = 0;

  /** As after an installation: "4" runs from partition 2, "locals/next" is in partition 3. */
  constructor(binary: string, next: Revision) {
    const storage = join(this.work, "storage.ext4");
    const tree = storageTree({ revisions: { 4: checkedRevision(board, "old", "/bin/true"), "locals/next": next }, committed: "4" });
    tree.file("boot/rpiab.txt", "pv_rev=4\0pv_try=locals/next\0\0");
    makeDisk({ tree, label: STORAGE_LABEL, sizeMb: 64 }, storage);
    this.card = new Card(join(this.work, "card"), autoboot(2, 3), ["4\n", "locals/x,locals/next\n"], storage);
    this.initramfs = join(this.work, "initramfs.cpio");
    const config = DEVICE_CONFIG.replace("PV_BOOTLOADER_TYPE=uboot\n", "PV_BOOTLOADER_TYPE=rpiab\n");
    writeFileSync(this.initramfs, initramfs({ debs: boardDebs(board), binary: readFileSync(binary), bootModules: [board.watchdogModule, "virtio_scsi", "sd_mod"], modules: ["vfat", "nls_cp437", "nls_ascii"], config }));
  }

  /** tryboot: the one-shot flag is set. */
  async boot(name: string, tryboot: boolean): Promise<Device> {
    this.boots += 1;
    const dtb = join(this.work, "dtb");
    writeFileSync(dtb, withBootloader(boardTree(board, MEMORY_MB), { tryboot: tryboot ? 1 : 0, "boot-mode": USB }));
    this.device = await bootDevice({
      board, initramfs: this.initramfs, memoryMb: MEMORY_MB, revision: "none", append: ["PV_UPDATER_COMMIT_DELAY=1"],
      qemu: ["-dtb", dtb, "-drive", `file=${this.card.path},if=none,id=card,format=raw,cache=writeback`, "-device", "virtio-scsi-device", "-device", "scsi-hd,drive=card"],
      log: join(outDir, "test/boot", `${board.name}-raspberry-${name}-${this.boots}.console.log`),
    });
    return this.device;
  }

  async end(): Promise<void> {
    await this.device?.stop();
    rmSync(this.work, { recursive: true, force: true });
  }
}

async function tried(command: string, body: (p: Pi) => Promise<void>): Promise<void> {
  const p = new Pi(await ensureBinary(board.target), checkedRevision(board, "next", command));
  try {
    await body(p);
  } finally {
    await p.end();
  }
}

test("a good trial of a Raspberry Pi is committed: the firmware boots its partition from now on", async () => {
  await tried("/bin/true", async (p) => {
    const first = await p.boot("good", true);
    await first.waitFor(/update: committed revision=locals\/next/, DEADLINE_MS);
    await first.cut();
    assert.is(p.card.text(1), autoboot(3, 2));
    assert.equal([p.card.text(2), p.card.text(3).trim()], ["4\n", "locals/next"]);
    assert.match(p.card.stored("/boot/rpiab.txt"), /^pv_rev=locals\/next\0pv_try=\0\0/);

    const second = await p.boot("good", false);
    await second.waitFor(/container: started name=next/, DEADLINE_MS);
    await second.cut();
    assert.is(JSON.parse(p.card.replayed("/trails/locals/next/.pv/progress")).status, "DONE");
  });
});

test("a bad trial of a Raspberry Pi goes back by itself", async () => {
  await tried("/bin/false", async (p) => {
    const first = await p.boot("bad", true);
    assert.is(await first.endsWithin(DEADLINE_MS), "reboot");
    assert.match(p.card.stored("/boot/rpiab.txt"), /^pv_rev=4\0pv_try=locals\/next\0/);

    const second = await p.boot("bad", false);
    await second.waitFor(/update: back from locals\/next revision=4/, DEADLINE_MS);
    await second.waitFor(/container: started name=old/, DEADLINE_MS);
    await second.cut();
    assert.is(p.card.text(1), autoboot(2, 3));
    assert.match(p.card.stored("/boot/rpiab.txt"), /^pv_rev=4\0pv_try=\0/);
    assert.is(JSON.parse(p.card.replayed("/trails/locals/next/.pv/progress"))["status-msg"], "A container could not be started");
  });
});

test.run();

/**
 * Trial boots of a device: this file is the boot loader. It reads uboot.txt
 * from the disk as U-Boot does, without replaying the journal, follows the boot
 * script's rule and boots what that says.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { makeDisk, storageTree } from "../../build/disk.ts";
import { ensureInitramfs, STORAGE_LABEL } from "../../build/images.ts";
import type { Revision } from "../../build/revision.ts";
import { BOARDS, type Board } from "../../qemu/boards.ts";
import { bootDevice, type Device } from "../../qemu/boot.ts";
import { outDir } from "../../toolchain/places.ts";
import { run, runResult } from "../../toolchain/run.ts";
import { BootScript, variable } from "../native/trial/boot_script.ts";
import { checkedRevision } from "./trial/revision.ts";

const DEADLINE_MS = 300_000;

class Trial {
  readonly disk: string;
  private readonly work = mkdtempSync(join(tmpdir(), "wherry-trial-"));
  private readonly script = new BootScript();
  private device: Device | undefined;
  private boots = 0;
  private readonly board: Board;

  constructor(board: Board, next: Revision) {
    this.board = board;
    this.disk = join(this.work, "disk.ext4");
    makeDisk({ tree: storageTree({ revisions: { 4: checkedRevision(board, "old", "/bin/true"), "locals/next": next }, committed: "4", trying: "locals/next" }), label: STORAGE_LABEL, sizeMb: 64 }, this.disk);
  }

  /** A file of the disk as it is there, whatever the journal holds: bitmaps may be ahead of their checksums (-c). */
  text(path: string): string {
    return run("debugfs", ["-c", "-R", `cat ${path}`, this.disk]);
  }

  progress(name: string): { status: string; "status-msg": string; logs?: string } {
    return JSON.parse(this.text(`/trails/${name}/.pv/progress`));
  }

  /** What Linux does when it mounts the disk after a power cut. */
  replay(): void {
    const r = runResult("e2fsck", ["-f", "-y", this.disk]);
    assert.ok(r.status <= 1, `${r.stdout}${r.stderr}`);
  }

  /** Boots what the environment says; names the console log. */
  async boot(name: string): Promise<{ device: Device; revision: string }> {
    const chosen = this.script.choose(this.text("/boot/uboot.txt"));
    const { initramfs } = await ensureInitramfs(this.board);
    this.boots += 1;
    this.device = await bootDevice({
      board: this.board, initramfs, disk: this.disk, revision: chosen.revision, trying: chosen.tried, append: ["PV_UPDATER_COMMIT_DELAY=1"],
      log: join(outDir, "test/boot", `${this.board.name}-trial-${name}-${this.boots}.console.log`),
    });
    return { device: this.device, revision: chosen.revision };
  }

  async end(): Promise<void> {
    await this.device?.stop();
    rmSync(this.work, { recursive: true, force: true });
  }
}

async function tried(board: Board, next: Revision, body: (t: Trial) => Promise<void>): Promise<void> {
  const t = new Trial(board, next);
  try {
    await body(t);
  } finally {
    await t.end();
  }
}

for (const board of BOARDS) {
  test(`${board.name}: a good trial is committed, and a boot loader that replays no journal sees it at once`, async () => {
    await tried(board, checkedRevision(board, "next", "/bin/true"), async (t) => {
      const { device, revision: booted } = await t.boot("good");
      assert.is(booted, "locals/next");
      await device.waitFor(/update: committed revision=locals\/next/, DEADLINE_MS);
      await device.cut();
      const environment = t.text("/boot/uboot.txt");
      assert.equal([variable(environment, "pv_rev"), variable(environment, "pv_try")], ["locals/next", ""]);
      t.replay();
      assert.is(t.progress("locals/next")["status-msg"], "Update finished, revision set as rollback point");
      assert.is(t.text("/trails/locals/next/.pv/done"), "");
    });
  });

  test(`${board.name}: a revision whose health check fails goes back by itself to the one before, and says why`, async () => {
    await tried(board, checkedRevision(board, "sick", "/bin/false"), async (t) => {
      const first = await t.boot("sick");
      assert.is(first.revision, "locals/next");
      assert.is(await first.device.endsWithin(DEADLINE_MS), "reboot");
      assert.is(variable(t.text("/boot/uboot.txt"), "pv_try"), "locals/next");
      const said = t.progress("locals/next");
      assert.equal([said.status, said["status-msg"]], ["ERROR", "A container could not be started"]);
      assert.match(said.logs!, /unhealthy name=sick .*exec \/bin\/false: exit status 1/);

      const second = await t.boot("sick");
      assert.is(second.revision, "4");
      await second.device.waitFor(/update: back from locals\/next/, DEADLINE_MS);
      await second.device.waitFor(/container: started name=old/, DEADLINE_MS);
      await second.device.cut();
      const environment = t.text("/boot/uboot.txt");
      assert.equal([variable(environment, "pv_rev"), variable(environment, "pv_try")], ["4", ""]);
      assert.is(t.progress("locals/next").status, "ERROR");
    });
  });
}

test.run();

/** The demo on an emulated board: a fresh copy of the factory disk, booted. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Board } from "../qemu/boards.ts";
import { bootDevice, type Device } from "../qemu/boot.ts";
import type { Console } from "../qemu/console.ts";
import { run } from "../toolchain/run.ts";
import { checkDisk } from "./disk.ts";
import { ensureImages } from "./images.ts";
import { DemoMachine, type Check } from "./machine.ts";

export class DemoBoard extends DemoMachine {
  readonly name: string;
  readonly isBooted = true;
  readonly console: Console;
  readonly url: string;
  readonly ended: Promise<string>;
  private readonly device: Device;
  private readonly work: string;

  private constructor(device: Device, work: string) {
    super();
    this.device = device;
    this.work = work;
    this.name = device.board.name;
    this.console = device.console;
    this.url = `http://127.0.0.1:${device.port(80)}/`;
    this.ended = device.ended;
  }

  static async start(board: Board, onConsole: (chunk: string) => void): Promise<DemoBoard> {
    const images = await ensureImages(board);
    const work = mkdtempSync(join(tmpdir(), "wherry-demo-"));
    try {
      const disk = join(work, "disk.ext4");
      run("cp", ["--sparse=always", images.disk, disk]);
      const device = await bootDevice({ board, initramfs: images.initramfs, disk, forward: [80], onConsole });
      return new DemoBoard(device, work);
    } catch (e) {
      rmSync(work, { recursive: true, force: true });
      throw e;
    }
  }

  async kill(): Promise<void> {
    await this.device.stop();
    rmSync(this.work, { recursive: true, force: true });
  }

  checksAfterEnd(): Check[] {
    const disk = checkDisk(join(this.work, "disk.ext4"));
    return [
      { says: "the kernel never panicked", ok: this.console.find("Kernel panic") === undefined, detail: "" },
      { says: "the disk is clean (e2fsck -fn)", ok: disk.clean, detail: disk.clean ? "" : disk.report },
    ];
  }
}

/**
 * Boots a board: starts QEMU, reads the serial console, forwards ports, tells
 * how the device ended. Never leaves an emulator behind: it dies with this
 * process, whatever ends it. Builds no images.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { kernelFile, type Board } from "./boards.ts";
import { Console, type Pattern } from "./console.ts";
import { Qmp, type QmpEvent } from "./qmp.ts";

export type BootOptions = {
  board: Board;
  /** File of the initramfs. */
  initramfs: string;
  /** File of the disk image, written to by the device; none: a device without a disk. */
  disk?: string;
  /** Revision, as the boot loader passes it (pv_rev). */
  revision?: string;
  /** pv_try as the boot loader passes it. */
  trying?: string;
  /** Further words for the kernel command line. */
  append?: string[];
  /** Ports of the device to reach from here: see Device.port(). */
  forward?: number[];
  memoryMb?: number;
  cpus?: number;
  /** Let a reboot boot again in the same emulator; otherwise a reboot ends it. */
  staysOnReboot?: boolean;
  /** What the drive does with the guest's flushes (QEMU "cache="); "writeback" honours them. */
  cache?: "writeback" | "writethrough" | "unsafe";
  /** Further QEMU arguments. */
  qemu?: string[];
  /** Also gets every piece of console text. */
  onConsole?: (chunk: string) => void;
  /** File that keeps the console. */
  log?: string;
};

/**
 * poweroff, reboot: the device did it. panic: the kernel reported one.
 * watchdog: its hardware reset it. cut: this side ended it. failed: the
 * emulator gave up by itself.
 */
export type Ending = "poweroff" | "reboot" | "panic" | "watchdog" | "cut" | "failed";

export class Device {
  readonly console = new Console();
  readonly board: Board;
  /** Resolves when the device has ended, never rejects. */
  readonly ended: Promise<Ending>;
  /** The emulator's control socket, for what has no method here. */
  qmp!: Qmp;
  private readonly child: ChildProcess;
  private readonly workDir: string;
  private readonly ports = new Map<number, number>();
  private reason: Ending | undefined;
  private isOver = false;
  private complaint = "";

  /** Use bootDevice(). */
  constructor(o: BootOptions) {
    this.board = o.board;
    this.workDir = mkdtempSync(join(tmpdir(), "wherry-boot-"));
    const tidy = (): void => rmSync(this.workDir, { recursive: true, force: true });
    process.once("exit", tidy);
    // setpriv: the kernel ends the emulator with us, also when we are killed.
    this.child = spawn("setpriv", ["--pdeathsig", "KILL", o.board.emulator, ...emulatorArguments(o, this.socketPath())], { stdio: ["pipe", "pipe", "pipe"] });
    const log = o.log === undefined ? undefined : openLog(o.log);
    this.child.stdout!.setEncoding("latin1").on("data", (d: string) => {
      this.console.add(d);
      log?.write(d);
      o.onConsole?.(d);
    });
    this.child.stderr!.setEncoding("utf8").on("data", (d: string) => { this.complaint += d; });
    this.child.stdin!.on("error", () => undefined);
    this.ended = new Promise((done) => {
      const over = (): void => {
        if (this.isOver) return;
        this.isOver = true;
        const how = this.reason ?? "failed";
        log?.end();
        this.qmp?.close();
        process.off("exit", tidy);
        tidy();
        this.console.close(`the device ended (${how})${this.complaint === "" ? "" : `: ${this.complaint.trim()}`}`);
        done(how);
      };
      this.child.on("error", (e) => { this.complaint += e.message; over(); });
      this.child.on("close", over);
    });
  }

  /** @internal Connects to the stopped machine, learns the ports, lets it run. */
  async run(forward: number[]): Promise<void> {
    this.qmp = await Qmp.open(this.socketPath(), (e) => this.onEvent(e), () => this.isOver);
    if (forward.length > 0) {
      const table = String(await this.qmp.command("human-monitor-command", { "command-line": "info usernet" }));
      for (const p of forward) {
        const found = new RegExp(`TCP\\[HOST_FORWARD\\]\\s+\\d+\\s+127\\.0\\.0\\.1\\s+(\\d+)\\s+\\S+\\s+${p}\\s`).exec(table);
        if (found === null) throw new Error(`port ${p} is not forwarded:\n${table}`);
        this.ports.set(p, Number(found[1]));
      }
    }
    await this.qmp.command("cont");
  }

  /** The loopback port of this machine that reaches a forwarded port of the device. */
  port(guest: number): number {
    const p = this.ports.get(guest);
    if (p === undefined) throw new Error(`port ${guest} is not forwarded`);
    return p;
  }

  /** See Console.waitFor(). */
  waitFor(pattern: Pattern, deadlineMs: number, from: number = 0): Promise<string> {
    return this.console.waitFor(pattern, deadlineMs, from);
  }

  /** Types on the serial console. */
  send(text: string): void {
    this.child.stdin!.write(text, "latin1");
  }

  /** How the device ended, if it does within the deadline; rejects otherwise, with the end of the console. */
  async endsWithin(deadlineMs: number): Promise<Ending> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((done) => { timer = setTimeout(() => done(undefined), deadlineMs); });
    const how = await Promise.race([this.ended, late]);
    clearTimeout(timer);
    if (how === undefined) throw new Error(`the device did not end within ${deadlineMs} ms\n${this.console.text.split("\n").slice(-40).join("\n")}`);
    return how;
  }

  /** Power cut: the emulator is killed at once, nothing it holds is written. */
  async cut(): Promise<void> {
    if (!this.isOver) {
      this.reason ??= "cut";
      this.child.kill("SIGKILL");
    }
    await this.ended;
  }

  /** Ends the device if it still runs; for `finally`. */
  async stop(): Promise<void> {
    await this.cut();
  }

  private socketPath(): string {
    return join(this.workDir, "qmp");
  }

  private onEvent(e: QmpEvent): void {
    if (e.event === "GUEST_PANICKED") this.reason = "panic";
    // comes before the reset
    if (e.event === "WATCHDOG") this.reason = "watchdog";
    if (e.event !== "SHUTDOWN") return;
    const why = e.data?.reason;
    if (why === "guest-shutdown") this.reason ??= "poweroff";
    else if (why === "guest-reset") this.reason ??= this.console.text.includes("Kernel panic") ? "panic" : "reboot";
  }
}

/** Starts a board and returns once it runs. Always stop() it in a `finally`. */
export async function bootDevice(o: BootOptions): Promise<Device> {
  const d = new Device(o);
  try {
    await d.run(o.forward ?? []);
  } catch (e) {
    await d.stop();
    throw e;
  }
  return d;
}

function openLog(file: string): NodeJS.WritableStream {
  mkdirSync(dirname(file), { recursive: true });
  return createWriteStream(file, { encoding: "latin1" });
}

/** The kernel command line: what a boot loader of a device passes, and a panic that ends the boot soon. */
export function commandLine(o: BootOptions): string {
  return [
    "console=ttyAMA0", "panic=2", "quiet", "loglevel=4", "cma=4M",
    `pv_try=${o.trying ?? ""}`, `pv_rev=${o.revision ?? "0"}`,
    ...(o.append ?? []),
  ].join(" ");
}

function emulatorArguments(o: BootOptions, socket: string): string[] {
  const forwards = (o.forward ?? []).map((p) => `,hostfwd=tcp:127.0.0.1:0-:${p}`).join("");
  return [
    ...o.board.machine, ...o.board.watchdog,
    "-m", String(o.memoryMb ?? 128), "-smp", String(o.cpus ?? 1),
    "-nodefaults", "-display", "none", "-serial", "stdio", "-qmp", `unix:${socket},server=on,wait=off`, "-S",
    ...(o.staysOnReboot === true ? [] : ["-no-reboot"]),
    "-kernel", kernelFile(o.board), "-initrd", o.initramfs, "-append", commandLine(o),
    "-netdev", `user,id=net0${forwards}`, "-device", "virtio-net-device,netdev=net0",
    ...(o.disk === undefined ? [] : ["-drive", `file=${o.disk},if=none,id=disk0,format=raw,cache=${o.cache ?? "writeback"}`, "-device", "virtio-blk-device,drive=disk0"]),
    ...(o.qemu ?? []),
  ];
}

/**
 * The demo on this machine: `wherry daemon` with all of its folders below a
 * temporary one, which is taken away again. The network is this machine's;
 * the page is served on a loopback port.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Console } from "../qemu/console.ts";
import { debsDir } from "../toolchain/places.ts";
import { runResult } from "../toolchain/run.ts";
import { targetNamed } from "../toolchain/targets.ts";
import { demoRevision } from "./demo.ts";
import { storageTree } from "./disk.ts";
import { ensureBinary } from "./images.ts";
import { DemoMachine, type Check } from "./machine.ts";

/** Text of the daemon's configuration when everything it owns is below one folder. */
export function daemonConfig(top: string): string {
  return [
    "PV_SYSTEM_INIT_MODE=appengine", `PV_STORAGE_MNTPOINT=${top}/storage`,
    `PV_SYSTEM_RUNDIR=${top}/run`, `PV_SYSTEM_CONFDIR=${top}/configs`, `PV_SYSTEM_MEDIADIR=${top}/media`,
    `PV_SYSTEM_DISKSDIR=${top}/disks`, `PV_SYSTEM_LIBDIR=${top}/lib`, `PV_SYSTEM_USRDIR=${top}/usr`, `PV_SYSTEM_ETCDIR=${top}/etc`,
    `PV_CACHE_USRMETADIR=${top}/storage/cache/usrmeta`, `PV_CACHE_DEVMETADIR=${top}/storage/cache/devmeta`,
    `PV_DISK_VOLDIR=${top}/volumes`, `PV_DISK_EXPORTSDIR=${top}/exports`, `PV_DISK_WRITABLEDIR=${top}/writable`,
    `PV_LOG_DIR=${top}/storage/logs`, "PV_LOG_LEVEL=3", "PV_LOG_SERVER_OUTPUTS=filetree,stdout", "PV_LOG_CAPTURE_DMESG=0",
    "PV_SECUREBOOT_HANDLERS=0", "PV_CONTROL_REMOTE=0", "PV_DEBUG_SHELL=0", "PV_DEBUG_SSH=0", "PV_WDT_MODE=disabled",
  ].map((l) => `${l}\n`).join("");
}

export class DemoHost extends DemoMachine {
  readonly name = "this machine";
  readonly isBooted = false;
  readonly console = new Console();
  readonly url: string;
  readonly ended: Promise<string>;
  private readonly child: ChildProcess;
  private readonly top: string;
  private isOver = false;

  private constructor(top: string, port: number, binary: string, onConsole: (chunk: string) => void) {
    super();
    this.top = top;
    this.url = `http://127.0.0.1:${port}/`;
    // setpriv: the daemon is told to end when we are gone, however that came.
    this.child = spawn("setpriv", ["--pdeathsig", "TERM", binary, "daemon", "--config", join(top, "wherry.config")], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding("utf8").on("data", (d: string) => {
        this.console.add(d);
        onConsole(d);
      });
    }
    this.ended = new Promise((done) => {
      const over = (how: string): void => {
        this.isOver = true;
        this.console.close(`the daemon ended (${how})`);
        done(how);
      };
      this.child.on("error", (e) => over(e.message));
      this.child.on("exit", (status, signal) => over(endingOf(status, signal)));
    });
  }

  static async start(onConsole: (chunk: string) => void): Promise<DemoHost> {
    if (process.getuid?.() !== 0) throw new Error("containers on this machine need root");
    const binary = await ensureBinary(targetNamed("x86_64"));
    const top = mkdtempSync(join(tmpdir(), "wherry-host-"));
    const port = await freePort();
    const revision = demoRevision({
      debs: debsDir("amd64"), binary: readFileSync(binary), listen: `127.0.0.1:${port}`, link: "", volumesDir: join(top, "volumes"),
    });
    storageTree({ revisions: { "0": revision }, committed: "0", mountPoint: join(top, "storage") }).stage(join(top, "storage"));
    for (const d of ["run", "configs", "media", "disks", "lib", "usr/lib/lxc/rootfs", "etc", "volumes", "exports", "writable"]) mkdirSync(join(top, d), { recursive: true });
    writeFileSync(join(top, "wherry.config"), daemonConfig(top));
    return new DemoHost(top, port, binary, onConsole);
  }

  async kill(): Promise<void> {
    if (!this.isOver) {
      this.child.kill("SIGTERM");
      const timer = setTimeout(() => this.child.kill("SIGKILL"), 15_000);
      await this.ended;
      clearTimeout(timer);
    }
    for (const m of this.mounts().reverse()) runResult("umount", ["-l", m]);
    // What is still mounted may be anything of this machine: it isn't deleted through.
    if (this.mounts().length > 0) throw new Error(`still mounted, left alone: ${this.mounts().join(" ")}`);
    rmSync(this.top, { recursive: true, force: true });
  }

  checksAfterEnd(): Check[] {
    const mounts = this.mounts();
    const loops = runResult("losetup", ["-l", "-n", "-O", "BACK-FILE"]).stdout.split("\n").filter((l) => l.includes(this.top));
    return [
      { says: "nothing stays mounted", ok: mounts.length === 0, detail: mounts.join(" ") },
      { says: "no loop device stays attached", ok: loops.length === 0, detail: loops.join(" ") },
    ];
  }

  private mounts(): string[] {
    return readFileSync("/proc/self/mountinfo", "utf8").split("\n").map((l) => l.split(" ")[4] ?? "").filter((p) => p.startsWith(`${this.top}/`));
  }
}

/** Status of the daemon in words: 0 reboot, 3 poweroff (lifecycle.md 1). */
function endingOf(status: number | null, signal: string | null): string {
  if (signal !== null) return signal;
  return status === 3 ? "poweroff" : status === 0 ? "reboot" : `status ${status}`;
}

function freePort(): Promise<number> {
  return new Promise((done, refuse) => {
    const s = createServer();
    s.on("error", refuse);
    s.listen(0, "127.0.0.1", () => {
      const a = s.address();
      s.close(() => done(typeof a === "object" && a !== null ? a.port : 0));
    });
  });
}

/**
 * `wherry daemon` on a storage that was stored before, with everything it owns
 * below one folder, and what can be seen of it from outside: the notes of its
 * containers' payloads, its own processes, their memory, time and switches.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { storageTree } from "../../build/disk.ts";
import { daemonConfig } from "../../build/host.ts";
import { buildRevision, type ContainerSpec, type Json } from "../../build/revision.ts";
import { squashfs } from "../../build/rootfs.ts";
import { Tree } from "../../build/tree.ts";
import { runResult } from "../../toolchain/run.ts";
import type { Programs } from "./programs.ts";

export type Payload = "leave" | "stay" | "ready";
export type Note = { name: string; what: string; atNs: number };
/** Of all our processes together. KiB; switches are voluntary ones. */
export type Footprint = { processes: number; pssKib: number; privateKib: number; peakKib: number; switches: number; cpuMs: number };

const TICK_MS = 10;

export class Daemon {
  private readonly top: string;
  private readonly programs: Programs;
  private child: ChildProcess | null = null;
  private words = "";

  /** Stores a revision of `count` containers that all run the payload in a squashfs of their own, with an overlay and a cgroup limit. */
  constructor(top: string, programs: Programs, count: number, payload: Payload, run: { [key: string]: Json } = {}) {
    this.top = top;
    this.programs = programs;
    const root = new Tree();
    for (const d of ["dev", "proc", "sys", "run", "etc", "bench", "pantavisor"]) root.dir(d);
    root.file("etc/resolv.conf", "").file("bin/payload", readFileSync(programs.payload), 0o755);
    const image = squashfs(root);
    const containers = Array.from({ length: count }, (_, i): ContainerSpec => {
      const name = `c${String(i).padStart(3, "0")}`;
      return {
        name, root: image, init: ["/bin/payload", name, "/bench/notes", payload], volumesDir: join(top, "volumes"),
        extra: [`lxc.mount.entry = ${join(top, "notes")} bench none bind,rw,create=dir 0 0`, "lxc.cgroup.pids.max = 64"],
        run: { status_goal: payload === "ready" ? "READY" : "STARTED", restart_policy: "container", group: "app", ...run },
      };
    });
    const device: Json = { groups: [{ name: "app", status_goal: "STARTED", restart_policy: "container", timeout: 60 }] };
    const revision = buildRevision({ containers, device });
    storageTree({ revisions: { "0": revision }, committed: "0", mountPoint: join(top, "storage") }).stage(join(top, "storage"));
    for (const d of ["notes", "run", "configs", "media", "disks", "lib", "usr/lib/lxc/rootfs", "etc", "volumes", "exports", "writable"]) mkdirSync(join(top, d), { recursive: true });
    copyFileSync("/dev/null", join(top, "notes/notes"));
    writeFileSync(join(top, "wherry.config"), daemonConfig(top).replace("filetree,stdout", "filetree"));
  }

  /** Starts the daemon and returns at once. tracer: words before its command line. */
  start(tracer: string[] = []): void {
    writeFileSync(this.notesFile(), "");
    this.words = "";
    const command = [...tracer, this.programs.wherry, "daemon", "--config", join(this.top, "wherry.config")];
    // setpriv: it is told to end when the benchmark is gone, however that came.
    this.child = spawn("setpriv", ["--pdeathsig", "TERM", this.programs.stopwatch, "-e", join(this.top, "begin"), ...command], { stdio: ["ignore", "pipe", "pipe"] });
    for (const s of [this.child.stdout!, this.child.stderr!]) s.setEncoding("utf8").on("data", (d: string) => { this.words += d; });
  }

  /** Monotonic clock right before the daemon's exec. */
  beginNs(): number {
    return Number(readFileSync(join(this.top, "begin"), "utf8"));
  }

  notes(): Note[] {
    return readFileSync(this.notesFile(), "utf8").split("\n").filter((l) => l !== "").map((l) => {
      const [name, what, at] = l.split(" ");
      return { name: name!, what: what!, atNs: Number(at) };
    });
  }

  /** Waits until so many notes of a kind are there, and returns them. */
  async waitFor(what: string, count: number, deadlineMs: number = 60_000): Promise<Note[]> {
    const end = Date.now() + deadlineMs;
    for (;;) {
      const found = this.notes().filter((n) => n.what === what);
      if (found.length >= count) return found;
      if (this.hasEnded()) throw new Error(`the daemon has ended before ${count} containers were "${what}":\n${this.words.slice(-3000)}`);
      if (Date.now() > end) throw new Error(`${found.length} of ${count} containers were "${what}" within ${deadlineMs / 1000} s:\n${this.words.slice(-3000)}`);
      await pause(TICK_MS);
    }
  }

  /** The daemon and its descendants that are still Wherry; containers are not counted. */
  footprint(): Footprint {
    const sum: Footprint = { processes: 0, pssKib: 0, privateKib: 0, peakKib: 0, switches: 0, cpuMs: 0 };
    for (const pid of this.ourProcesses()) {
      const memory = fields(`/proc/${pid}/smaps_rollup`);
      const status = fields(`/proc/${pid}/status`);
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ").map(Number);
      sum.processes += 1;
      sum.pssKib += memory.get("Pss") ?? 0;
      sum.privateKib += (memory.get("Private_Clean") ?? 0) + (memory.get("Private_Dirty") ?? 0) + (memory.get("Private_Hugetlb") ?? 0);
      sum.peakKib += status.get("VmHWM") ?? 0;
      sum.switches += status.get("voluntary_ctxt_switches") ?? 0;
      // utime, stime, cutime, cstime: fields 14 to 17; a tick is 10 ms.
      sum.cpuMs += (stat[11]! + stat[12]! + stat[13]! + stat[14]!) * 10;
    }
    return sum;
  }

  async stop(): Promise<void> {
    if (this.child === null) return;
    const child = this.child;
    if (!this.hasEnded()) {
      const over = new Promise((done) => child.on("exit", done));
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
      await over;
      clearTimeout(timer);
    }
    this.child = null;
  }

  /** Stops, and takes the folder away; what is still mounted is named and left alone. */
  async remove(): Promise<void> {
    await this.stop();
    for (const m of this.mounts().reverse()) runResult("umount", ["-l", m]);
    const left = this.mounts();
    if (left.length > 0) throw new Error(`still mounted, left alone: ${left.join(" ")}`);
    rmSync(this.top, { recursive: true, force: true });
  }

  private hasEnded(): boolean {
    return this.child === null || this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private notesFile(): string {
    return join(this.top, "notes/notes");
  }

  private mounts(): string[] {
    return readFileSync("/proc/self/mountinfo", "utf8").split("\n").map((l) => l.split(" ")[4] ?? "").filter((p) => p.startsWith(`${this.top}/`));
  }

  private ourProcesses(): number[] {
    const binary = realpathSync(this.programs.wherry);
    const parents = new Map<number, number>();
    for (const d of readdirSync("/proc")) {
      if (!/^\d+$/.test(d) || !existsSync(`/proc/${d}/stat`)) continue;
      try {
        parents.set(Number(d), Number(readFileSync(`/proc/${d}/stat`, "utf8").split(") ")[1]!.split(" ")[1]));
      } catch {
        continue; // it has ended meanwhile
      }
    }
    const isBelow = (pid: number): boolean => pid === this.child!.pid || (parents.has(pid) && isBelow(parents.get(pid)!));
    return [...parents.keys()].filter((pid) => isBelow(pid) && exeOf(pid) === binary);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((done) => { setTimeout(done, ms); });
}

function exeOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}

/** "Name: number unit" lines of a file of /proc. */
function fields(path: string): Map<string, number> {
  return new Map(readFileSync(path, "utf8").split("\n").map((l) => l.split(":")).filter((p) => p.length === 2).map(([k, v]) => [k!, Number.parseInt(v!.trim(), 10)]));
}

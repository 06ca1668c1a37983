/**
 * The daemon of the benchmark: a revision of so many equal containers, the
 * notes of their payloads, and what can be seen of the daemon's own processes:
 * memory, time, switches.
 */
import { copyFileSync, mkdirSync, readFileSync, readdirSync, readlinkSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildRevision, type ContainerSpec, type Json, type Revision } from "../../build/revision.ts";
import { squashfs } from "../../build/rootfs.ts";
import { Tree } from "../../build/tree.ts";
import { run as mustRun } from "../../toolchain/run.ts";
import { HostedDaemon } from "../native/hosted.ts";
import type { Programs } from "./programs.ts";

export type Payload = "leave" | "stay" | "ready";
export type Note = { name: string; what: string; atNs: number };
/** Of all our processes together. KiB; switches are voluntary ones. */
export type Footprint = { processes: number; pssKib: number; privateKib: number; peakKib: number; switches: number; cpuMs: number };

/** utime, stime, cutime, cstime of /proc/PID/stat count these. */
const TICK_MS = 10;

/** As on a device, whose root is in memory, and on a host, whose /run is: only the storage is on a disk. */
const IN_MEMORY = ["run", "configs", "volumes", "exports", "usr/lib/lxc/rootfs"];

/** What every container's folder of notes is bound on. */
export const NOTES = "/bench";

/** run: members of every container's run.json over the usual ones. config: its whole LXC configuration, from its name, the folder of its volumes and that of the notes. files: further ones of the revision. */
export type Special = { run?: { [key: string]: Json }; config?: (name: string, volumes: string, notes: string) => string; files?: { [key: string]: string } };

export class Daemon extends HostedDaemon {
  private readonly programs: Programs;

  constructor(top: string, programs: Programs, count: number, payload: Payload, special: Special = {}) {
    super(top, programs.wherry, (volumesDir) => equalContainers(readFileSync(programs.payload), volumesDir, join(top, "notes"), count, payload, special), ["PV_LOG_SERVER_OUTPUTS=filetree"]);
    this.programs = programs;
    for (const d of IN_MEMORY) mustRun("mount", ["-t", "tmpfs", "tmpfs", join(top, d)]);
    mkdirSync(join(top, "notes"));
    copyFileSync("/dev/null", join(top, "notes/notes"));
  }

  override start(before: string[] = []): void {
    writeFileSync(this.notesFile(), "");
    super.start([this.programs.stopwatch, "-e", join(this.top, "begin"), ...before]);
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
  async waitFor(what: string, count: number): Promise<Note[]> {
    return this.until(`${count} containers noted "${what}"`, () => {
      const found = this.notes().filter((n) => n.what === what);
      return found.length >= count ? found : null;
    });
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
      sum.cpuMs += stat.slice(11, 15).reduce((a, b) => a + b, 0) * TICK_MS;
    }
    return sum;
  }

  private notesFile(): string {
    return join(this.top, "notes/notes");
  }

  private ourProcesses(): number[] {
    const binary = realpathSync(this.programs.wherry);
    const parents = new Map<number, number>();
    for (const d of readdirSync("/proc")) {
      const parent = /^\d+$/.test(d) ? parentOf(Number(d)) : 0;
      if (parent > 0) parents.set(Number(d), parent);
    }
    const isBelow = (pid: number): boolean => pid === this.pid() || (parents.has(pid) && isBelow(parents.get(pid)!));
    return [...parents.keys()].filter((pid) => isBelow(pid) && exeOf(pid) === binary);
  }
}

/** Every container has its squashfs on a loop device of its own, an overlay and a cgroup limit. */
function equalContainers(program: Buffer, volumesDir: string, notes: string, count: number, payload: Payload, special: Special): Revision {
  const root = new Tree();
  for (const d of ["dev", "proc", "sys", "run", "etc", "bench", "pantavisor", "pantavisor/logs", "pantavisor/user-meta", "pantavisor/device-meta"]) root.dir(d);
  root.file("etc/resolv.conf", "").file("pantavisor/pv-ctrl", "").file("bin/payload", program, 0o755);
  const image = squashfs(root);
  const containers = Array.from({ length: count }, (_, i): ContainerSpec => {
    const name = `c${String(i).padStart(3, "0")}`;
    return {
      name, root: image, init: ["/bin/payload", name, `${NOTES}/notes`, payload], volumesDir,
      extra: [`lxc.mount.entry = ${notes} bench none bind,rw,create=dir 0 0`, "lxc.cgroup.pids.max = 64"],
      run: { status_goal: payload === "ready" ? "READY" : "STARTED", restart_policy: "container", group: "app", ...special.run },
      ...(special.config === undefined ? {} : { config: special.config(name, join(volumesDir, name), notes) }),
    };
  });
  return buildRevision({ containers, files: special.files ?? {}, device: { groups: [{ name: "app", status_goal: "STARTED", restart_policy: "container", timeout: 60 }] } });
}

/** 0 when it has ended meanwhile. */
function parentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[1]);
  } catch {
    return 0;
  }
}

/** "" when it has ended meanwhile. */
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

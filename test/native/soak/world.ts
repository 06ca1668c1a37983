/**
 * What the soak and the fault tests share: a revision whose containers use
 * every kind of thing a start makes (overlay, squashfs on loop devices, a
 * bridge and veth, limits), a daemon below a keeper that starts it again, and
 * a look at everything either of them may leave. Needs root.
 */
import { existsSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureCProgram } from "../../../build/cprogram.ts";
import { buildRevision, type ContainerSpec, type Json, type Revision } from "../../../build/revision.ts";
import { squashfs } from "../../../build/rootfs.ts";
import { Tree } from "../../../build/tree.ts";
import { outDir } from "../../../toolchain/places.ts";
import { runResult } from "../../../toolchain/run.ts";
import { targetNamed } from "../../../toolchain/targets.ts";
import { HostedDaemon } from "../hosted.ts";

const target = targetNamed("x86_64");

/** A program of this folder or of another one here, compiled. */
export function program(name: string, room = "soak"): Promise<string> {
  return ensureCProgram(`test/native/${room}/${name}.c`, target, join(outDir, "test", `${room}-${name}`));
}

/** The root filesystem of all containers. payload: the compiled program. */
export function payloadRoot(payload: Buffer): Tree {
  const root = new Tree();
  for (const d of ["dev", "proc", "sys", "run", "etc", "lib/modules", "lib/firmware", "pantavisor", "srv", "data"]) root.dir(d);
  return root.file("etc/resolv.conf", "").file("bin/payload", payload, 0o755);
}

/** Lines that limit memory and processes with whatever this machine has. */
export function limitLines(): string[] {
  const one = existsSync("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  return one ? ["lxc.cgroup.pids.max = 64", "lxc.cgroup.memory.limit_in_bytes = 67108864"] : ["lxc.cgroup2.pids.max = 64", "lxc.cgroup2.memory.max = 67108864"];
}

const POOL = { bridge: "wsoak0", subnet: "10.213.0.0/24", gateway: "10.213.0.1", nat: false };

/**
 * prefix: of the containers' names, so that they are nobody else's. The
 * containers: plain, net (pool), limits (cgroup limits, bound volume, network
 * of its own), two (a second squashfs), and with `looper` loop, which ends and
 * is started again.
 */
export function soakRevision(prefix: string, payload: Buffer, volumesDir: string, looper: boolean): Revision {
  const root = squashfs(payloadRoot(payload));
  const extra = squashfs(new Tree().file("hello", "second volume\n"));
  const container = (name: string, mode: string, more: Partial<ContainerSpec> = {}, run: { [key: string]: Json } = {}): ContainerSpec => ({
    name: `${prefix}${name}`, root, init: ["/bin/payload", `${prefix}${name}`, mode], volumesDir, ...more,
    run: { status_goal: mode === "ready" ? "READY" : "STARTED", restart_policy: "container", group: "app", ...run },
  });
  const recovers = { policy: "always", max_retries: 0, retry_delay: 0, backoff_factor: 1, backoff_policy: "never" };
  const two = `${prefix}two`;
  const containers = [
    container("plain", "ready"),
    container("net", "ready", {}, { network: { pool: "soak" } }),
    container("limits", "ready", { extra: [...limitLines(), "lxc.net.0.type = empty"], keep: "user ipc", binds: { data: "data" } }),
    container("two", "stay", { extra: [`lxc.mount.entry = ${volumesDir}/${two}/extra.squashfs srv none bind,ro 0 0`] }, { volumes: ["extra.squashfs"] }),
  ];
  if (looper) containers.push(container("loop", "leave", {}, { auto_recovery: recovers }));
  return buildRevision({
    containers, files: { [`${two}/extra.squashfs`]: extra },
    device: {
      groups: [{ name: "app", status_goal: "STARTED", restart_policy: "container", timeout: 600 }],
      network: { pools: { soak: POOL } },
    },
  });
}

/** One container that uses all of it at once: pool, limits, two squashfs volumes, a bound one; with `mapped` a user namespace. Nothing starts it again. */
export function wholeRevision(prefix: string, payload: Buffer, volumesDir: string, mapped: boolean): Revision {
  const name = `${prefix}all`;
  return buildRevision({
    containers: [{
      name, root: squashfs(payloadRoot(payload)), init: ["/bin/payload", name, "stay"], volumesDir, binds: { data: "data" }, ...(mapped ? { keep: "ipc" } : {}),
      extra: [...(mapped ? ["lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 200000 65536"] : []), ...limitLines(), `lxc.mount.entry = ${volumesDir}/${name}/extra.squashfs srv none bind,ro 0 0`],
      run: { status_goal: "STARTED", restart_policy: "container", group: "app", network: { pool: "soak" }, volumes: ["extra.squashfs"] },
    }],
    files: { [`${name}/extra.squashfs`]: squashfs(new Tree().file("hello", "second volume\n")) },
    device: { groups: [{ name: "app", status_goal: "STARTED", restart_policy: "container", timeout: 600 }], network: { pools: { soak: { ...POOL, nat: true } } } },
  });
}

export type Event = { what: "started" | "ended" | "orphan" | "empty"; pid: number; how: number };

/** "utime"-independent identity of a process: its start in clock ticks; -1 when it is gone or a zombie. */
export function startOf(pid: number): number {
  try {
    const f = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return f[0] === "Z" ? -1 : Number(f[19]);
  } catch {
    return -1;
  }
}

/** The daemon below a keeper: killed, it comes back. */
export class KeptDaemon extends HostedDaemon {
  private readonly keeper: string;
  readonly prefix: string;

  constructor(top: string, binary: string, keeper: string, prefix: string, revisionOf: (volumesDir: string) => Revision, config: string[] = []) {
    super(top, binary, revisionOf, config);
    this.keeper = keeper;
    this.prefix = prefix;
  }

  override start(before: string[] = []): void {
    rmSync(this.eventsFile(), { force: true });
    super.start([this.keeper, this.eventsFile(), ...before]);
  }

  events(): Event[] {
    if (!existsSync(this.eventsFile())) return [];
    return readFileSync(this.eventsFile(), "utf8").split("\n").slice(0, -1).map((l) => {
      const [what, pid, how] = l.split(" ");
      return { what: what as Event["what"], pid: Number(pid ?? 0), how: Number(how ?? 0) };
    });
  }

  private eventsFile(): string {
    return join(this.top, "events");
  }

  /** The daemon has ended by itself or in order: it isn't started again. */
  isOver(): boolean {
    return this.events().some((e) => e.what === "ended" && e.how !== -9);
  }

  /** The daemon's process as it is now, 0 before the first. */
  manager(): number {
    return this.events().filter((e) => e.what === "started").at(-1)?.pid ?? 0;
  }

  /** All processes below the keeper, with their states and names: "12 S wherry". */
  processes(): { pid: number; state: string; name: string }[] {
    const all = new Map<number, { parent: number; state: string; name: string }>();
    for (const d of readdirSync("/proc")) {
      const s = /^\d+$/.test(d) ? statOf(Number(d)) : null;
      if (s !== null) all.set(Number(d), s);
    }
    const below = (pid: number): boolean => {
      const s = all.get(pid);
      return s !== undefined && (s.parent === this.pid() || below(s.parent));
    };
    return [...all].filter(([pid]) => below(pid)).map(([pid, s]) => ({ pid, state: s.state, name: s.name }));
  }

  /** Descriptors of a process. */
  descriptors(pid: number): string[] {
    return readdirSync(`/proc/${pid}/fd`).map((n) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${n}`).replace(/\d+/g, "N");
      } catch {
        return "";
      }
    }).filter((l) => l !== "").sort();
  }

  /** The program file of a process, "(deleted)" behind it when it was replaced. */
  runsFrom(pid: number): string {
    return readlinkSync(`/proc/${pid}/exe`);
  }

  /** Asks it to end for good and waits until it and every process below the keeper is gone. */
  async end(deadlineMs: number = 180_000): Promise<Event> {
    if (!this.isOver()) process.kill(this.pid(), "SIGTERM");
    await this.until("every process has ended", () => (this.events().some((e) => e.what === "empty") ? true : null), deadlineMs);
    return this.events().filter((e) => e.what === "ended").at(-1)!;
  }

  /** Ends the keeper, which would start it again, and what is still there below it. */
  kill(): void {
    const below = this.processes().map((p) => p.pid);
    for (const pid of below.length > 0 ? [this.pid(), ...below] : []) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (e) {
        if ((e as NodeJS.ErrnoException).code !== "ESRCH") throw e;
      }
    }
  }

  /** What is there of the daemon and its containers in the keeper's namespaces and on the machine. */
  remains(): string[] {
    return [
      ...mountsOf(this.pid()).filter((m) => m.startsWith(`${this.top}/`)).map((m) => `mount ${m}`),
      ...loopsOf(`${this.top}/`), ...cgroupsOf(this.prefix), ...linksOf(this.pid()).map((l) => `link ${l}`), ...tablesOf(this.pid()),
    ];
  }
}

function statOf(pid: number): { parent: number; state: string; name: string } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const f = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: f[0]!, parent: Number(f[1]), name: text.slice(text.indexOf("(") + 1, text.lastIndexOf(")")) };
  } catch {
    return null;
  }
}

/** Mount points as a process sees them. */
export function mountsOf(pid: number | "self"): string[] {
  return readFileSync(`/proc/${pid}/mountinfo`, "utf8").split("\n").map((l) => l.split(" ")[4] ?? "").filter((p) => p !== "");
}

/** Loop devices of files below a folder. */
export function loopsOf(folder: string): string[] {
  const listed = runResult("losetup", ["-l", "-n", "-O", "NAME,BACK-FILE"]).stdout.split("\n").map((l) => l.trim());
  return listed.filter((l) => l.includes(folder)).map((l) => `loop ${l}`);
}

/** The groups above all containers' groups that are there, one a hierarchy. */
export function cgroupParents(): string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n").filter((l) => l.includes(" - cgroup")).map((l) => l.split(" ")[4]!);
  return mounts.map((m) => join(m, "lxc")).filter((p) => existsSync(p));
}

/** Entries of a folder that may go at any moment. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw e;
  }
}

/** Cgroups of containers whose name begins so, in every hierarchy. */
export function cgroupsOf(prefix: string): string[] {
  return cgroupParents().flatMap((p) => namesIn(p).filter((d) => d.startsWith(prefix)).map((d) => `cgroup ${join(p, d)}`));
}

/** Links of a process's network namespace other than those the kernel makes itself. */
export function linksOf(pid: number): string[] {
  const r = runResult("nsenter", ["-t", String(pid), "-n", "ip", "-o", "link"]);
  return r.stdout.split("\n").map((l) => l.split(": ")[1] ?? "").filter((n) => n !== "" && !/^(lo|ifb\d|dummy\d|sit0|tunl0|gre0|gretap0|erspan0|ip6tnl0|ip6gre0|ip_vti0|ip6_vti0)(@|$)/.test(n));
}

/** Wherry's NAT in a process's network namespace. */
function tablesOf(pid: number): string[] {
  return runResult("nsenter", ["-t", String(pid), "-n", "nft", "list", "tables"]).stdout.split("\n").filter((l) => l.endsWith(" wherry"));
}

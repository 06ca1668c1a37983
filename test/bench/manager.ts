/**
 * What the resident manager takes: from its exec on a stored revision to the
 * first payload and to ten READY containers, a hundred in one go, a container
 * restarted again and again, and standing still with 1, 10 and 100 containers.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, type Footprint, type Payload } from "./daemon.ts";
import type { Programs } from "./programs.ts";

/** Milliseconds, one entry a start. peakKib: of all our processes, summed. */
export type ColdStart = { containers: number; firstMs: number[]; lastMs: number[]; lastIs: "running" | "READY"; cpuMs: number[]; peakKib: number[] };
/** syncs: calls before the first payload's exec, by name. */
export type Syncs = { byName: Map<string, number>; total: number };
/** wallMs: from one start of the payload to the next; cpuMs: of our processes, a container. */
export type Restarts = { count: number; wallMs: number[]; cpuMs: number };
export type Idle = Footprint & { containers: number; seconds: number };

const SYNC_CALLS = ["fsync", "fdatasync", "sync", "syncfs", "sync_file_range"];

function pause(ms: number): Promise<void> {
  return new Promise((done) => { setTimeout(done, ms); });
}

/** Starts and stops a manager with so many containers, `times` times on the same storage. */
export async function measureColdStarts(programs: Programs, top: string, containers: number, payload: Payload, times: number): Promise<ColdStart> {
  const r: ColdStart = { containers, firstMs: [], lastMs: [], lastIs: payload === "ready" ? "READY" : "running", cpuMs: [], peakKib: [] };
  const d = new Daemon(top, programs, containers, payload);
  try {
    for (let i = 0; i < times; i += 1) {
      d.start();
      const last = await d.waitFor(payload === "ready" ? "ready" : "runs", containers);
      const used = d.footprint();
      const begin = d.beginNs();
      r.firstMs.push((Math.min(...d.notes().filter((n) => n.what === "runs").map((n) => n.atNs)) - begin) / 1e6);
      r.lastMs.push((Math.max(...last.map((n) => n.atNs)) - begin) / 1e6);
      r.cpuMs.push(used.cpuMs);
      r.peakKib.push(used.peakKib);
      await d.stop();
    }
  } finally {
    await d.remove();
  }
  return r;
}

/** Counts calls that wait for the storage, from the manager's exec to the first payload's, with ten containers. */
export async function countSyncs(programs: Programs, top: string): Promise<Syncs> {
  const d = new Daemon(top, programs, 10, "stay");
  const trace = join(top, "trace");
  try {
    // -D: the daemon stays our child, which stop() tells to end.
    d.start(["strace", "-D", "-f", "-qq", "-e", `trace=execve,${SYNC_CALLS.join(",")}`, "-o", trace]);
    await d.waitFor("runs", 10);
    await d.stop();
    const byName = new Map<string, number>();
    for (const line of readFileSync(trace, "utf8").split("\n")) {
      if (line.includes("execve(\"/bin/payload\"")) break;
      const name = /^\d+ +(\w+)\(/.exec(line)?.[1] ?? "";
      if (SYNC_CALLS.includes(name)) byName.set(name, (byName.get(name) ?? 0) + 1);
    }
    return { byName, total: [...byName.values()].reduce((a, b) => a + b, 0) };
  } finally {
    await d.remove();
  }
}

/** One container whose payload leaves at once and which is always started again without delay, for so many seconds. */
export async function measureRestarts(programs: Programs, top: string, seconds: number): Promise<Restarts> {
  const d = new Daemon(top, programs, 1, "leave", { run: { auto_recovery: { policy: "always", max_retries: 0, retry_delay: 0, backoff_policy: "never" } } });
  try {
    d.start();
    await d.waitFor("runs", 3);
    const before = { count: d.notes().length, cpuMs: d.footprint().cpuMs };
    await pause(seconds * 1000);
    const after = { notes: d.notes(), cpuMs: d.footprint().cpuMs };
    const starts = after.notes.map((n) => n.atNs).slice(before.count - 1);
    return { count: starts.length - 1, wallMs: starts.slice(1).map((at, i) => (at - starts[i]!) / 1e6), cpuMs: (after.cpuMs - before.cpuMs) / (starts.length - 1) };
  } finally {
    await d.remove();
  }
}

/** What our processes are when nothing happens; switches are counted for so many seconds after three quiet ones. */
export async function measureIdle(programs: Programs, top: string, containers: number, seconds: number): Promise<Idle> {
  const d = new Daemon(top, programs, containers, "stay");
  try {
    d.start();
    await d.waitFor("runs", containers);
    await pause(3000);
    const before = d.footprint();
    await pause(seconds * 1000);
    const after = d.footprint();
    return { ...after, switches: after.switches - before.switches, cpuMs: after.cpuMs - before.cpuMs, containers, seconds };
  } finally {
    await d.remove();
  }
}

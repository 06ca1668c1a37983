/**
 * Measurements → the text that is printed, and kept as docs/benchmarks.md.
 * Pure but for the description of the machine, which names nobody.
 */
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import type { ColdStart, Idle, Restarts, Syncs } from "./manager.ts";
import type { Resident } from "./resident.ts";
import type { Samples } from "./starts.ts";
import type { StateCheck } from "./state.ts";
import { figure, median, spread, table } from "./statistics.ts";

export type Results = {
  starts: Samples[];
  /** The floor comes first. */
  residents: Resident[];
  coldStarts: ColdStart[];
  syncs: Syncs | null;
  restarts: Restarts | null;
  idle: Idle[];
  checks: StateCheck[];
  /** Parts that could not be measured, with the reason. */
  failures: string[];
};

const FLOOR = "floor";
const PEER = "crun";

export function startsTable(samples: Samples[]): string {
  const of = (name: string): Samples | undefined => samples.find((s) => s.name === name);
  const ratio = (a: number[], b: number[] | undefined): string => figure(median(a) / median(b ?? []));
  const floor = of(FLOOR);
  const peer = of(PEER);
  return table(["`true` to exit", "runs", "wall ms (p10-p90)", `x ${FLOOR}`, `x ${PEER}`, "CPU ms", `x ${FLOOR}`, `x ${PEER}`, "peak RSS KiB"], samples.map((s) => {
    const failed = s.statuses.find((x) => x !== 0);
    if (failed !== undefined) return [s.name, String(s.wall.length), `failed: status ${failed}`, "-", "-", "-", "-", "-", "-"];
    return [
      s.name, String(s.wall.length), spread(s.wall), ratio(s.wall, floor?.wall), ratio(s.wall, peer?.wall),
      figure(median(s.cpu)), ratio(s.cpu, floor?.cpu), ratio(s.cpu, peer?.cpu), figure(median(s.peakKib), 0),
    ];
  }));
}

export function residentsTable(rows: Resident[]): string {
  const floor = rows[0]!;
  const kept = rows[1]!;
  return table(["from an image, again and again", "starts", "wall ms (p10-p90)", "x floor", "x kept", "CPU ms", "x floor", "x kept", "peak RSS KiB"], rows.map((r) => [
    r.name, String(r.wallMs.length), spread(r.wallMs), figure(median(r.wallMs) / median(floor.wallMs)), figure(median(r.wallMs) / median(kept.wallMs)),
    figure(r.cpuMs), figure(r.cpuMs / floor.cpuMs), figure(r.cpuMs / kept.cpuMs), r.peakKib > 0 ? figure(r.peakKib, 0) : "-",
  ]));
}

function coldStartsTable(rows: ColdStart[]): string {
  return table(["from exec of the manager", "starts", "first payload runs, ms", "all of them", "ms", "CPU ms", "peak RSS KiB"], rows.map((r) => [
    `${r.containers} ${r.containers === 1 ? "container" : "containers"}`, String(r.firstMs.length), spread(r.firstMs, 1), r.lastIs, spread(r.lastMs, 1),
    figure(median(r.cpuMs), 0), figure(median(r.peakKib), 0),
  ]));
}

function idleTable(rows: Idle[]): string {
  return table(["idle containers", "our processes", "PSS KiB", "private KiB", "voluntary switches", "CPU ms", "in"], rows.map((r) => [
    String(r.containers), String(r.processes), String(r.pssKib), String(r.privateKib), String(r.switches), String(r.cpuMs), `${r.seconds} s`,
  ]));
}

export function checksTable(rows: StateCheck[]): string {
  return table(["`wherry check` of", "items", "KB", "runs", "CPU ms (p10-p90)", "wall ms", "least wall ms", "peak RSS KiB"], rows.map((r) => [
    `${r.containers} containers`, String(r.items), figure(r.bytes / 1000, 0), String(r.wall.length), spread(r.cpu, 1), spread(r.wall, 1), figure(Math.min(...r.wall), 1), figure(median(r.peakKib), 0),
  ]));
}

/** All of it as Markdown, without a title. */
export function reportText(r: Results): string {
  const parts: string[] = [];
  if (r.starts.length > 0) parts.push(startsTable(r.starts));
  if (r.residents.length > 0) parts.push(residentsTable(r.residents));
  if (r.coldStarts.length > 0) parts.push(coldStartsTable(r.coldStarts));
  if (r.syncs !== null) {
    const names = [...r.syncs.byName].map(([k, v]) => `${k} ${v}`).join(", ");
    parts.push(`Calls that wait for the storage before the first payload's exec, ten containers: ${r.syncs.total}${names === "" ? "" : ` (${names})`}.`);
  }
  if (r.restarts !== null) {
    parts.push(`One container that leaves at once, started again by the resident manager (end noticed, unmounted, mounted, started): ${spread(r.restarts.wallMs)} ms from payload to payload, ${figure(r.restarts.cpuMs)} ms of our CPU each, ${r.restarts.count} times.`);
  }
  if (r.idle.length > 0) parts.push(idleTable(r.idle));
  if (r.checks.length > 0) parts.push(checksTable(r.checks));
  if (r.failures.length > 0) parts.push(r.failures.map((f) => `Not measured: ${f}`).join("\n"));
  return `${parts.join("\n\n")}\n`;
}

/** The machine in words: architecture, processors, memory, kernel, cgroup layout. */
export function machineText(): string {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const v1 = mounts.some((l) => l.includes(" - cgroup "));
  const v2 = mounts.some((l) => l.includes(" - cgroup2 "));
  const isVirtual = readFileSync("/proc/cpuinfo", "utf8").includes(" hypervisor ");
  const kernel = release().split(".").slice(0, 2).join(".");
  return `${process.arch}${isVirtual ? " virtual machine" : ""}, ${cpus().length} processors, ${Math.round(totalmem() / 2 ** 30)} GiB of memory, Linux ${kernel}, cgroup ${v1 && v2 ? "v1 with a v2 mount beside it" : v1 ? "v1" : "v2"}`;
}

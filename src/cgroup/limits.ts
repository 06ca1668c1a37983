/**
 * Limits → the files that hold them, for both cgroup versions. One row per
 * limit and version; nothing here knows where a hierarchy is mounted.
 * Sources: kernel admin-guide/cgroup-v2.rst, cgroup-v1/{memory,blkio-controller,
 * pids}.rst, scheduler/sched-bwc.rst; OCI runtime-spec config-linux.
 */
import type { IoLimit, Limits } from "../state/model.ts";
import { NOT_SET, UNLIMITED } from "../state/model.ts";

/** One value for one file of one controller. optional: the kernel may lack the file without harm. */
export type LimitWrite = { controller: string; file: string; value: string; optional: boolean };

/** Limits that ask for nothing. */
export function noLimits(): Limits {
  return {
    memoryHigh: NOT_SET, memoryMax: NOT_SET, memorySwap: NOT_SET, cpuWeight: NOT_SET, cpuQuota: NOT_SET, cpuPeriod: NOT_SET,
    pidsMax: NOT_SET, ioWeight: NOT_SET, io: [],
  };
}

function clamp(n: number, low: number, high: number): number {
  return Math.min(Math.max(Math.round(n), low), high);
}

/**
 * v1 cpu.shares of a v2 weight, so that both defaults meet: 100 is 1024.
 * Result 2..262144. Source: kernel sched/core.c, cpu_weight_write_u64.
 */
export function sharesOfWeight(weight: number): number {
  return clamp(weight * 1024 / 100, 2, 262144);
}

/** v2 weight of v1 shares: 1..10000; 0 means "not set" and stays 0. The reverse of sharesOfWeight. */
export function weightOfShares(shares: number): number {
  return shares === 0 ? 0 : clamp(shares * 100 / 1024, 1, 10000);
}

/** v1 blkio.weight (10..1000, usual 500; bfq: 1..1000, usual 100) of a v2 io.weight. */
export function blkioOfWeight(weight: number): number {
  return clamp(weight <= 100 ? weight * 5 : 500 + (weight - 100) * 500 / 9900, 10, 1000);
}

const DEFAULT_PERIOD_US = 100000;

class Rows {
  readonly list: LimitWrite[] = [];
  private readonly unlimited: string;

  /** unlimited: how this version spells it. */
  constructor(unlimited: string) {
    this.unlimited = unlimited;
  }

  add(controller: string, file: string, value: string, optional: boolean = false): void {
    this.list.push({ controller, file, value, optional });
  }

  /** When `n` was asked for. */
  number(controller: string, file: string, n: number, optional: boolean = false): void {
    if (n !== NOT_SET) this.add(controller, file, this.value(n), optional);
  }

  value(n: number): string {
    return n === UNLIMITED ? this.unlimited : String(n);
  }
}

function period(l: Limits): number {
  return l.cpuPeriod > 0 ? l.cpuPeriod : DEFAULT_PERIOD_US;
}

/** A device's rate for its v1 file; a rate of 0 lifts the limit there. */
function rate1(rows: Rows, device: string, word: string, n: number): void {
  if (n !== NOT_SET) rows.add("blkio", `blkio.throttle.${word}_device`, `${device} ${n === UNLIMITED ? 0 : n}`);
}

/** v1 files; memory comes before memory+swap, which must not be below it. */
export function limitRows1(l: Limits): LimitWrite[] {
  const rows = new Rows("-1");
  rows.number("memory", "memory.limit_in_bytes", l.memoryMax);
  if (l.memorySwap !== NOT_SET && l.memoryMax >= 0) rows.number("memory", "memory.memsw.limit_in_bytes", l.memorySwap === UNLIMITED ? UNLIMITED : l.memoryMax + l.memorySwap, true);
  rows.number("memory", "memory.soft_limit_in_bytes", l.memoryHigh);
  if (l.cpuWeight > 0) rows.add("cpu", "cpu.shares", String(sharesOfWeight(l.cpuWeight)));
  // a group is made with the usual one
  if (period(l) !== DEFAULT_PERIOD_US) rows.add("cpu", "cpu.cfs_period_us", String(l.cpuPeriod));
  rows.number("cpu", "cpu.cfs_quota_us", l.cpuQuota);
  if (l.pidsMax !== NOT_SET) rows.add("pids", "pids.max", l.pidsMax === UNLIMITED ? "max" : String(l.pidsMax));
  if (l.ioWeight > 0) rows.add("blkio", "blkio.weight", String(blkioOfWeight(l.ioWeight)), true);
  for (const d of l.io) {
    rate1(rows, d.device, "read_bps", d.readBytes);
    rate1(rows, d.device, "write_bps", d.writeBytes);
    rate1(rows, d.device, "read_iops", d.readOps);
    rate1(rows, d.device, "write_iops", d.writeOps);
  }
  return rows.list;
}

/** "rbps=1000 wbps=max": only what was asked for. */
function rates2(l: IoLimit): string {
  const words = ["rbps", "wbps", "riops", "wiops"];
  const values = [l.readBytes, l.writeBytes, l.readOps, l.writeOps];
  const out: string[] = [];
  for (let i = 0; i < words.length; i++) {
    if (values[i]! !== NOT_SET) out.push(`${words[i]!}=${values[i]! === UNLIMITED ? "max" : values[i]!}`);
  }
  return out.join(" ");
}

/** v2 files. */
export function limitRows2(l: Limits): LimitWrite[] {
  const rows = new Rows("max");
  rows.number("memory", "memory.max", l.memoryMax);
  rows.number("memory", "memory.high", l.memoryHigh);
  rows.number("memory", "memory.swap.max", l.memorySwap, true);
  if (l.cpuWeight > 0) rows.add("cpu", "cpu.weight", String(clamp(l.cpuWeight, 1, 10000)));
  if (l.cpuQuota !== NOT_SET || l.cpuPeriod > 0) rows.add("cpu", "cpu.max", `${l.cpuQuota > 0 ? String(l.cpuQuota) : "max"} ${period(l)}`);
  rows.number("pids", "pids.max", l.pidsMax);
  if (l.ioWeight > 0) rows.add("io", "io.weight", `default ${clamp(l.ioWeight, 1, 10000)}`, true);
  for (const d of l.io) {
    const rates = rates2(d);
    if (rates !== "") rows.add("io", "io.max", `${d.device} ${rates}`);
  }
  return rows.list;
}

/**
 * Limits → the files that hold them, for both cgroup versions. One row per
 * limit and version; nothing here knows where a hierarchy is mounted.
 * Sources: kernel admin-guide/cgroup-v2.rst, cgroup-v1/{memory,blkio-controller,
 * pids,cpusets}.rst, scheduler/sched-bwc.rst; OCI runtime-spec config-linux.
 */

/** Throttling of one block device; 0 = unlimited. */
export type IoLimit = { major: number; minor: number; readBytesPerSecond: number; writeBytesPerSecond: number; readsPerSecond: number; writesPerSecond: number };

/** What a container may use. -1 (or "") = no limit asked for. */
export type CgroupLimits = {
  memoryBytes: number;
  /** Throttled and reclaimed above this; v1: the soft limit. */
  memoryHighBytes: number;
  memoryLowBytes: number;
  /** Swap beyond the memory; 0 = none. */
  swapBytes: number;
  /** An out-of-memory kill ends the whole container (v2 only). */
  oomGroup: boolean;
  /** Share of the processor against siblings, 1..10000, 100 is usual. */
  cpuWeight: number;
  /** Processor time of each period; 100000 of 100000 is one processor. */
  cpuQuotaUs: number;
  cpuPeriodUs: number;
  /** "0-2,4" as the kernel writes it. */
  cpus: string;
  memoryNodes: string;
  pids: number;
  /** 1..10000, 100 is usual. */
  ioWeight: number;
  io: IoLimit[];
};

/** One value for one file of one controller. optional: the kernel may lack the file without harm. */
export type LimitWrite = { controller: string; file: string; value: string; optional: boolean };

/** Limits that ask for nothing. */
export function noLimits(): CgroupLimits {
  return {
    memoryBytes: -1, memoryHighBytes: -1, memoryLowBytes: -1, swapBytes: -1, oomGroup: false,
    cpuWeight: -1, cpuQuotaUs: -1, cpuPeriodUs: -1, cpus: "", memoryNodes: "", pids: -1, ioWeight: -1, io: [],
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

function period(l: CgroupLimits): number {
  return l.cpuPeriodUs > 0 ? l.cpuPeriodUs : DEFAULT_PERIOD_US;
}

class Rows {
  readonly list: LimitWrite[] = [];

  add(controller: string, file: string, value: string, optional: boolean = false): void {
    this.list.push({ controller, file, value, optional });
  }

  /** When `n` was asked for. */
  number(controller: string, file: string, n: number, optional: boolean = false): void {
    if (n >= 0) this.add(controller, file, String(n), optional);
  }

  text(controller: string, file: string, text: string): void {
    if (text !== "") this.add(controller, file, text);
  }
}

function ioRows1(rows: Rows, l: IoLimit): void {
  const device = `${l.major}:${l.minor}`;
  if (l.readBytesPerSecond > 0) rows.add("blkio", "blkio.throttle.read_bps_device", `${device} ${l.readBytesPerSecond}`);
  if (l.writeBytesPerSecond > 0) rows.add("blkio", "blkio.throttle.write_bps_device", `${device} ${l.writeBytesPerSecond}`);
  if (l.readsPerSecond > 0) rows.add("blkio", "blkio.throttle.read_iops_device", `${device} ${l.readsPerSecond}`);
  if (l.writesPerSecond > 0) rows.add("blkio", "blkio.throttle.write_iops_device", `${device} ${l.writesPerSecond}`);
}

/** v1 files; memory comes before memory+swap, which must not be below it. */
export function limitRows1(l: CgroupLimits): LimitWrite[] {
  const rows = new Rows();
  rows.text("cpuset", "cpuset.mems", l.memoryNodes);
  rows.text("cpuset", "cpuset.cpus", l.cpus);
  rows.number("memory", "memory.limit_in_bytes", l.memoryBytes);
  if (l.swapBytes >= 0 && l.memoryBytes >= 0) rows.add("memory", "memory.memsw.limit_in_bytes", String(l.memoryBytes + l.swapBytes), true);
  rows.number("memory", "memory.soft_limit_in_bytes", l.memoryHighBytes >= 0 ? l.memoryHighBytes : l.memoryLowBytes);
  if (l.cpuWeight > 0) rows.add("cpu", "cpu.shares", String(sharesOfWeight(l.cpuWeight)));
  if (l.cpuQuotaUs > 0) {
    rows.add("cpu", "cpu.cfs_period_us", String(period(l)));
    rows.add("cpu", "cpu.cfs_quota_us", String(l.cpuQuotaUs));
  }
  rows.number("pids", "pids.max", l.pids);
  if (l.ioWeight > 0) rows.add("blkio", "blkio.weight", String(blkioOfWeight(l.ioWeight)), true);
  for (const d of l.io) ioRows1(rows, d);
  return rows.list;
}

function orMax(n: number): string {
  return n > 0 ? String(n) : "max";
}

/** v2 files. */
export function limitRows2(l: CgroupLimits): LimitWrite[] {
  const rows = new Rows();
  rows.text("cpuset", "cpuset.mems", l.memoryNodes);
  rows.text("cpuset", "cpuset.cpus", l.cpus);
  rows.number("memory", "memory.max", l.memoryBytes);
  rows.number("memory", "memory.high", l.memoryHighBytes);
  rows.number("memory", "memory.low", l.memoryLowBytes);
  rows.number("memory", "memory.swap.max", l.swapBytes, true);
  if (l.oomGroup) rows.add("memory", "memory.oom.group", "1", true);
  if (l.cpuWeight > 0) rows.add("cpu", "cpu.weight", String(clamp(l.cpuWeight, 1, 10000)));
  if (l.cpuQuotaUs > 0) rows.add("cpu", "cpu.max", `${l.cpuQuotaUs} ${period(l)}`);
  rows.number("pids", "pids.max", l.pids);
  if (l.ioWeight > 0) rows.add("io", "io.weight", `default ${clamp(l.ioWeight, 1, 10000)}`, true);
  for (const d of l.io) {
    rows.add("io", "io.max", `${d.major}:${d.minor} rbps=${orMax(d.readBytesPerSecond)} wbps=${orMax(d.writeBytesPerSecond)} riops=${orMax(d.readsPerSecond)} wiops=${orMax(d.writesPerSecond)}`);
  }
  return rows.list;
}

/**
 * What a container uses now and how much it waits (PSI), from whichever
 * hierarchy knows. Reads only. Sources: cgroup-v2.rst, accounting/psi.rst,
 * cgroup-v1/{memory,cpuacct,pids}.rst.
 */
import { readNumber, readTextOr } from "../sys/files.ts";
import { parseDecimal } from "../sys/text.ts";
import { keyedNumber } from "./kill.ts";
import type { CgroupPlace } from "./plan.ts";

/** -1: this machine can't say. */
export type CgroupUsage = { memoryBytes: number; memoryPeakBytes: number; cpuUs: number; processes: number };

function numberIn(places: CgroupPlace[], controller: string, file1: string, file2: string): number {
  for (const p of places) {
    if (p.controllers.includes(controller)) return readNumber(`${p.directory}/${p.version === 1 ? file1 : file2}`);
  }
  return -1;
}

/** Processor time: v2 counts it in every group, controller or not. */
function cpuUs(places: CgroupPlace[]): number {
  for (const p of places) {
    if (p.controllers.includes("cpuacct")) return Math.floor(readNumber(`${p.directory}/cpuacct.usage`) / 1000);
  }
  for (const p of places) if (p.version === 2) return keyedNumber(readTextOr(`${p.directory}/cpu.stat`, ""), "usage_usec");
  return -1;
}

export function readUsage(places: CgroupPlace[]): CgroupUsage {
  return {
    memoryBytes: numberIn(places, "memory", "memory.usage_in_bytes", "memory.current"),
    memoryPeakBytes: numberIn(places, "memory", "memory.max_usage_in_bytes", "memory.peak"),
    cpuUs: cpuUs(places),
    processes: numberIn(places, "pids", "pids.current", "pids.current"),
  };
}

/** Share of time in percent over 10, 60 and 300 s in which some (or all: full) processes waited; total in microseconds. */
export type Pressure = { some: PressureLine; full: PressureLine };
export type PressureLine = { avg10: number; avg60: number; avg300: number; totalUs: number };

/** "0.35" → 0.35; -1 for anything else. */
function percent(s: string): number {
  const dot = s.indexOf(".");
  if (dot < 0) return parseDecimal(s);
  const whole = parseDecimal(s.slice(0, dot));
  const digits = s.slice(dot + 1);
  const fraction = parseDecimal(digits);
  return whole < 0 || fraction < 0 ? -1 : whole + fraction / 10 ** digits.length;
}

function pressureLine(text: string, kind: string): PressureLine {
  const out = { avg10: 0, avg60: 0, avg300: 0, totalUs: 0 };
  for (const line of text.split("\n")) {
    if (!line.startsWith(`${kind} `)) continue;
    for (const pair of line.split(" ")) {
      const value = pair.slice(pair.indexOf("=") + 1);
      if (pair.startsWith("avg10=")) out.avg10 = percent(value);
      else if (pair.startsWith("avg60=")) out.avg60 = percent(value);
      else if (pair.startsWith("avg300=")) out.avg300 = percent(value);
      else if (pair.startsWith("total=")) out.totalUs = parseDecimal(value);
    }
  }
  return out;
}

/** Text of a *.pressure file as numbers. */
export function parsePressure(text: string): Pressure {
  return { some: pressureLine(text, "some"), full: pressureLine(text, "full") };
}

/** Pressure of one resource; null where there is no cgroup2 or no PSI in this kernel. */
export function readPressure(places: CgroupPlace[], resource: "cpu" | "memory" | "io"): Pressure | null {
  for (const p of places) {
    if (p.version !== 2) continue;
    const text = readTextOr(`${p.directory}/${resource}.pressure`, "");
    return text === "" ? null : parsePressure(text);
  }
  return null;
}

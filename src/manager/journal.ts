/**
 * What a new manager must know of the containers an old one left: one small
 * file each in the run dir, written as a whole, gone when the container is
 * down. On a tmpfs, so a power cut takes journal and containers together.
 * A container counts as taken over only when pid and start time still match.
 */
import { CLOCK_BOOTTIME, O_CREAT, O_WRONLY } from "../sys/constants.ts";
import { closeFd, makeDirectories, listDirectory, openFile, readTextOr, tryUnlink, writeAll } from "../sys/files.ts";
import { clockMs } from "../sys/loop.ts";
import { parseDecimal, toUtf8, words } from "../sys/text.ts";
import type { Ending, Unit, Wish } from "../supervisor/unit.ts";

/** wish: what was asked to follow the end that is under way. retryMs: monotonic moment of the next start of one in RECOVERING, else 0. end…: of the last run that is over. */
export type Entry = {
  name: string; revision: string; phase: string; wish: Wish; pid: number; startTicks: number; retries: number; userStopped: boolean; settled: boolean; startedMs: number;
  starts: number; stable: boolean; retryMs: number; healthFailures: number; endKind: Ending["kind"]; endCode: number; outOfMemory: boolean; endReason: string;
};

const WISHES: Wish[] = ["none", "stop", "restart", "discard"];
const END_KINDS: Ending["kind"][] = ["none", "exited", "killed", "refused", "unknown"];

export function formatEntry(e: Entry): string {
  return [
    `name ${e.name}\nrevision ${e.revision}\nphase ${e.phase}`, `wish ${e.wish}\npid ${e.pid}\nstart ${e.startTicks}`,
    `retries ${e.retries}\nstopped ${e.userStopped ? "1" : "0"}\nsettled ${e.settled ? "1" : "0"}`, `since ${Math.round(e.startedMs)}\nstarts ${e.starts}\nstable ${e.stable ? "1" : "0"}`,
    `retry ${Math.round(e.retryMs)}\nunhealthy ${e.healthFailures}\nend ${e.endKind}`, `code ${e.endCode}\nmemory ${e.outOfMemory ? "1" : "0"}\nreason ${e.endReason.split("\n").join(" ")}\n`,
  ].join("\n");
}

/** The entry of a journal file's text, or null when it is cut or not one. */
export function parseEntry(text: string): Entry | null {
  const value = new Map<string, string>();
  for (const line of text.split("\n")) {
    const blank = line.indexOf(" ");
    if (blank > 0) value.set(line.slice(0, blank), line.slice(blank + 1));
  }
  const number = (key: string): number => parseDecimal(value.get(key) ?? "");
  const e: Entry = {
    name: value.get("name") ?? "", revision: value.get("revision") ?? "", phase: value.get("phase") ?? "", wish: WISHES.find((w) => w === value.get("wish")) ?? "none", pid: number("pid"),
    startTicks: number("start"), retries: number("retries"), userStopped: number("stopped") === 1, settled: number("settled") === 1, startedMs: number("since"),
    starts: Math.max(0, number("starts")), stable: number("stable") === 1, retryMs: Math.max(0, number("retry")), healthFailures: Math.max(0, number("unhealthy")), endKind: END_KINDS.find((k) => k === value.get("end")) ?? "none", endCode: number("code"),
    outOfMemory: number("memory") === 1, endReason: value.get("reason") ?? "",
  };
  if (!value.has("reason")) return null;
  if (e.name === "" || e.revision === "" || e.phase === "" || e.pid < 0 || e.startTicks < 0 || e.retries < 0 || e.startedMs < 0) return null;
  return e;
}

/** Start time in clock ticks out of a text of /proc/<pid>/stat, 0 when it is none. */
export function startTicksOf(stat: string): number {
  const after = stat.slice(stat.lastIndexOf(")") + 1);
  const f = words(after);
  return f.length < 20 ? 0 : Math.max(0, parseDecimal(f[19]!));
}

/** Length of a clock tick as /proc counts them, on all machines of ours. */
const TICK_MS = 10;

/** Clock ticks since boot. */
export function ticksNow(): number {
  return Math.floor(clockMs(CLOCK_BOOTTIME) / TICK_MS);
}

/** Start time of a process that was made after `before` (ticksNow): looked up only where that is not the tick it is now. */
export function startedSince(before: number, pid: number): number {
  return ticksNow() === before ? before : processStart(pid);
}

/** Start time of a process, 0 when there is none. */
export function processStart(pid: number): number {
  return startTicksOf(readTextOr(`/proc/${pid}/stat`, ""));
}

/**
 * Size of every file: one write over the one before, which a kill can't cut
 * since it stays within a page. What is too long loses the end of its reason.
 */
const ENTRY_BYTES = 2048;

export class Journal {
  private readonly folder: string;
  private readonly page: Uint8Array = new Uint8Array(ENTRY_BYTES);
  private readonly passing: Unit[] = [];
  private readonly newlines: Uint8Array = toUtf8("\n".repeat(ENTRY_BYTES));

  constructor(runDir: string) {
    this.folder = `${runDir}/wherry/containers`;
    makeDirectories(this.folder);
  }

  /**
   * After a change of the unit: what a new manager must know of it, nothing
   * while it only waits for its first start. One that is down and about to be
   * started again waits for what follows in the same turn, or for late().
   */
  follow(unit: Unit): void {
    const passes = unit.phase === "INSTALLED" || (unit.phase === "STOPPED" && !unit.settled);
    if (passes && !this.passing.includes(unit)) this.passing.push(unit);
    else if (!passes) this.write(unit);
  }

  /** The turn is over for units whose phase did not pass. */
  late(): void {
    while (this.passing.length > 0) this.write(this.passing[0]!);
  }

  private write(unit: Unit): void {
    const at = this.passing.indexOf(unit);
    if (at >= 0) this.passing.splice(at, 1);
    const waits = unit.phase === "INSTALLED" || unit.phase === "BLOCKED" || unit.phase === "NONE";
    if (waits && unit.starts === 0 && unit.retries === 0 && unit.healthFailures === 0) this.forget(unit.name());
    else this.record(unit);
  }

  private record(unit: Unit): void {
    const end = unit.lastEnding();
    const e: Entry = {
      name: unit.name(), revision: unit.revision, phase: unit.phase, wish: unit.wish, pid: unit.pid, startTicks: unit.startTicks,
      retries: unit.retries, userStopped: unit.userStopped, settled: unit.settled, startedMs: unit.startedMs,
      starts: unit.starts, stable: unit.stable, retryMs: unit.retryTimer.armed ? unit.retryTimer.deadline : 0, healthFailures: unit.healthFailures, endKind: end.kind, endCode: end.code, outOfMemory: end.outOfMemory, endReason: end.reason,
    };
    const path = `${this.folder}/${e.name}`;
    const text = toUtf8(formatEntry(e)).subarray(0, ENTRY_BYTES);
    this.page.set(text, 0);
    this.page.set(this.newlines.subarray(text.length), text.length);
    const fd = openFile(path, O_WRONLY | O_CREAT, 0o644);
    try {
      writeAll(fd, this.page, path);
    } finally {
      closeFd(fd);
    }
  }

  forget(name: string): void {
    tryUnlink(`${this.folder}/${name}`);
  }

  /** Nothing runs any more: the next manager begins as the first one did. */
  forgetAll(): void {
    this.passing.length = 0;
    for (const name of listDirectory(this.folder)) tryUnlink(`${this.folder}/${name}`);
  }

  /** Every entry there is; files that are none are removed. */
  read(): Entry[] {
    const entries: Entry[] = [];
    for (const name of listDirectory(this.folder)) {
      const e = parseEntry(readTextOr(`${this.folder}/${name}`, "", 4096));
      if (e !== null && e.name === name) entries.push(e);
      else tryUnlink(`${this.folder}/${name}`);
    }
    return entries;
  }
}

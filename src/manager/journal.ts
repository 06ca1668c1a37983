/**
 * What a new manager must know of the containers an old one left: one small
 * file each in the run dir, replaced as a whole, gone when the container is
 * down. On a tmpfs, so a power cut takes journal and containers together.
 * A container counts as taken over only when pid and start time still match.
 */
import { makeDirectories, listDirectory, readTextOr, renameFile, tryUnlink, writeFile } from "../sys/files.ts";
import { parseDecimal, toUtf8, words } from "../sys/text.ts";
import type { Unit } from "../supervisor/unit.ts";

/** phase: MOUNTED, STARTED or READY is taken over; any other one is cleaned up and started anew. */
export type Entry = {
  name: string; revision: string; phase: string; pid: number; startTicks: number; retries: number; userStopped: boolean; startedMs: number;
};

export function formatEntry(e: Entry): string {
  return [
    `name ${e.name}`, `revision ${e.revision}`, `phase ${e.phase}`, `pid ${e.pid}`, `start ${e.startTicks}`, `retries ${e.retries}`,
    `stopped ${e.userStopped ? 1 : 0}`, `since ${Math.round(e.startedMs)}`, "",
  ].join("\n");
}

/** The entry of a journal file's text, or null when it is cut or not one. */
export function parseEntry(text: string): Entry | null {
  const value = new Map<string, string>();
  for (const line of text.split("\n")) {
    const w = words(line);
    if (w.length === 2) value.set(w[0]!, w[1]!);
  }
  const number = (key: string): number => parseDecimal(value.get(key) ?? "");
  const e: Entry = {
    name: value.get("name") ?? "", revision: value.get("revision") ?? "", phase: value.get("phase") ?? "", pid: number("pid"),
    startTicks: number("start"), retries: number("retries"), userStopped: number("stopped") === 1, startedMs: number("since"),
  };
  if (e.name === "" || e.revision === "" || e.phase === "" || e.pid < 0 || e.startTicks < 0 || e.retries < 0 || e.startedMs < 0) return null;
  return e;
}

/** Start time in clock ticks out of a text of /proc/<pid>/stat, 0 when it is none. */
export function startTicksOf(stat: string): number {
  const after = stat.slice(stat.lastIndexOf(")") + 1);
  const f = words(after);
  return f.length < 20 ? 0 : Math.max(0, parseDecimal(f[19]!));
}

/** Start time of a process, 0 when there is none. */
export function processStart(pid: number): number {
  return startTicksOf(readTextOr(`/proc/${pid}/stat`, ""));
}

export class Journal {
  private readonly folder: string;

  constructor(runDir: string) {
    this.folder = `${runDir}/wherry/containers`;
    makeDirectories(this.folder);
  }

  record(unit: Unit): void {
    const e: Entry = {
      name: unit.name(), revision: unit.revision, phase: unit.phase, pid: unit.pid, startTicks: unit.startTicks,
      retries: unit.retries, userStopped: unit.userStopped, startedMs: unit.startedMs,
    };
    const path = `${this.folder}/${e.name}`;
    writeFile(`${path}.new`, toUtf8(formatEntry(e)));
    renameFile(`${path}.new`, path);
  }

  forget(name: string): void {
    tryUnlink(`${this.folder}/${name}`);
  }

  /** Every entry there is; files that are none are removed. */
  read(): Entry[] {
    const entries: Entry[] = [];
    for (const name of listDirectory(this.folder)) {
      const e = name.endsWith(".new") ? null : parseEntry(readTextOr(`${this.folder}/${name}`, "", 4096));
      if (e !== null && e.name === name) entries.push(e);
      else tryUnlink(`${this.folder}/${name}`);
    }
    return entries;
  }
}

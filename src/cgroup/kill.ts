/**
 * Ends, freezes and counts everything in a container's cgroups, sub-groups
 * included. One hierarchy is asked: cgroup2 where there is one, else the v1
 * freezer, else any. Sources: cgroup-v2.rst "cgroup.kill", "cgroup.freeze";
 * cgroup-v1/freezer-subsystem.rst.
 */
import { SIGKILL } from "../sys/constants.ts";
import { EOPNOTSUPP } from "../sys/errno.ts";
import { errnoOf } from "../sys/error.ts";
import { listFolders, readTextOr, tryPutText } from "../sys/files.ts";
import { trySignal } from "../sys/processes.ts";
import { parseDecimal } from "../sys/text.ts";
import type { CgroupPlace } from "./plan.ts";

/** The place that knows all processes of the container best; null when there is none. */
export function trackingPlace(places: CgroupPlace[]): CgroupPlace | null {
  for (const p of places) if (p.version === 2) return p;
  for (const p of places) if (p.controllers.includes("freezer")) return p;
  return places.length > 0 ? places[0]! : null;
}

/** A threaded sub-group refuses to list processes (EOPNOTSUPP); the group above lists them. */
function processText(directory: string): string {
  try {
    return readTextOr(`${directory}/cgroup.procs`, "");
  } catch (e) {
    if (errnoOf(e) === EOPNOTSUPP) return "";
    throw e;
  }
}

function collect(directory: string, into: number[]): void {
  const text = processText(directory);
  for (const line of text.split("\n")) {
    const pid = parseDecimal(line);
    if (pid > 0) into.push(pid);
  }
  for (const name of listFolders(directory)) collect(`${directory}/${name}`, into);
}

/** Every process of the container that we can see. */
export function cgroupProcesses(places: CgroupPlace[]): number[] {
  const pids: number[] = [];
  const p = trackingPlace(places);
  if (p !== null) collect(p.directory, pids);
  return pids;
}

/** The value of `key` in a flat keyed file such as cgroup.events; -1 when it is not there. */
export function keyedNumber(text: string, key: string): number {
  for (const line of text.split("\n")) {
    if (line.startsWith(`${key} `)) return parseDecimal(line.slice(key.length + 1));
  }
  return -1;
}

/** Whether any process is left. A group that is gone has none. */
export function isPopulated(places: CgroupPlace[]): boolean {
  const p = trackingPlace(places);
  if (p === null) return false;
  if (p.version === 2) return keyedNumber(readTextOr(`${p.directory}/cgroup.events`, ""), "populated") === 1;
  return cgroupProcesses(places).length > 0;
}

/** Passes over the list until nobody new appears; a fork bomb without any freezer could go on for ever. */
const MAX_PASSES = 64;

function killOneByOne(places: CgroupPlace[]): void {
  const freezer = freezePlace(places);
  if (freezer !== null) setFrozen(freezer, true);
  let known: number[] = [];
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const now = cgroupProcesses(places);
    const fresh = now.filter((pid) => !known.includes(pid));
    if (fresh.length === 0) break;
    for (const pid of fresh) trySignal(pid, SIGKILL);
    known = now;
  }
  if (freezer !== null) setFrozen(freezer, false);
}

/** SIGKILL for everything in the container. It ends soon after: CgroupMonitor tells when. */
export function killCgroup(places: CgroupPlace[]): void {
  const p = trackingPlace(places);
  if (p === null) return;
  if (p.version === 2 && tryPutText(`${p.directory}/cgroup.kill`, "1") === 0) return;
  killOneByOne(places);
}

/** Where the container can be frozen: cgroup2 (kernel 5.2) or the v1 freezer; null when it can't. */
function freezePlace(places: CgroupPlace[]): CgroupPlace | null {
  for (const p of places) if (p.version === 2 && readTextOr(`${p.directory}/cgroup.freeze`, "") !== "") return p;
  for (const p of places) if (p.version === 1 && p.controllers.includes("freezer")) return p;
  return null;
}

function setFrozen(p: CgroupPlace, frozen: boolean): number {
  return p.version === 2 ? tryPutText(`${p.directory}/cgroup.freeze`, frozen ? "1" : "0") : tryPutText(`${p.directory}/freezer.state`, frozen ? "FROZEN" : "THAWED");
}

/** Begins to freeze or thaw; false when this machine has no freezer or the group is gone. */
export function freezeCgroup(places: CgroupPlace[], frozen: boolean): boolean {
  const p = freezePlace(places);
  return p !== null && setFrozen(p, frozen) === 0;
}

export type FreezeState = "thawed" | "freezing" | "frozen" | "unavailable";

/** How far freezing is. On cgroup2 a change makes CgroupMonitor call; a v1 freezer moves on when it is asked. */
export function freezeState(places: CgroupPlace[]): FreezeState {
  const p = freezePlace(places);
  if (p === null) return "unavailable";
  if (p.version === 2) {
    if (keyedNumber(readTextOr(`${p.directory}/cgroup.events`, ""), "frozen") === 1) return "frozen";
    return readTextOr(`${p.directory}/cgroup.freeze`, "").trim() === "1" ? "freezing" : "thawed";
  }
  const state = readTextOr(`${p.directory}/freezer.state`, "").trim();
  return state === "FROZEN" ? "frozen" : state === "FREEZING" ? "freezing" : "thawed";
}

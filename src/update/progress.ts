/**
 * Where a revision stands: trails/<revision>/.pv/progress, which clients read
 * and the hub gets as it is, and .pv/done of one that was committed.
 * Rules: lifecycle spec §4 (texts are exact).
 */
import { quoted } from "../json/text.ts";
import { rootOf } from "../json/value.ts";
import { scan, SMALL } from "../json/scanner.ts";
import { writeDurably } from "../storage/install.ts";
import type { StoragePlaces } from "../storage/places.ts";
import { exists, makeDirectories, readBytes, syncDirectory } from "../sys/files.ts";
import { toUtf8 } from "../sys/text.ts";

export type UpdateStatus = "INPROGRESS" | "TESTING" | "DONE" | "WONTGO" | "ERROR";

/** logs: lines of JSON that say more, "" for none; bounded by whoever collects them. */
export type Progress = { status: UpdateStatus; message: string; logs: string };

export const TRYING = "Trying new revision";
export const AWAITING = "Awaiting to set rollback point if update is stable";
export const UNSTABLE = "Waiting for all containers to become stable";
export const COMMITTED = "Update finished, revision set as rollback point";
export const FACTORY = "Factory revision";
export const UNEXPECTED = "Unexpected rollback";
export const GOAL_MISSED = "Status goal not reached";
export const CONTAINER_FAILED = "A container could not be started";
export const STATE_MISSING = "State JSON not found";
export const OBJECT_WRONG = "Object validation went wrong";
export const INTERNAL = "Internal error";

/** Percent that clients show. */
function percentOf(status: UpdateStatus): number {
  return status === "INPROGRESS" ? 50 : status === "TESTING" ? 75 : 100;
}

/** retries: of the revision so far. */
export function formatProgress(p: Progress, retries: number): string {
  const logs = p.logs === "" ? "" : `,"logs":${quoted(p.logs)}`;
  return `{"status":${quoted(p.status)},"status-msg":${quoted(p.message)},"progress":${percentOf(p.status)},"retries":${retries}${logs}}`;
}

/** What a progress file says; status "" where it says nothing that can be read. */
export function parseProgress(bytes: Uint8Array): { status: string; retries: number } {
  const parsed = scan(bytes, SMALL);
  if (!parsed.ok) return { status: "", retries: 0 };
  const root = rootOf(parsed.document);
  return { status: root.getString("status", ""), retries: Math.max(0, root.getInteger("retries", 0)) };
}

/** A progress file has logs of 4096 bytes at most. */
const MAX_BYTES = 65536;

function pathOf(places: StoragePlaces, revision: string, file: string): string {
  return `${places.trail(revision)}/.pv/${file}`;
}

export function readProgress(places: StoragePlaces, revision: string): { status: string; retries: number } {
  const path = pathOf(places, revision, "progress");
  return exists(path) ? parseProgress(readBytes(path, MAX_BYTES)) : { status: "", retries: 0 };
}

/** Of a revision that is on the storage; what was never there gets no progress. */
export function writeProgress(places: StoragePlaces, revision: string, p: Progress): void {
  if (!exists(places.trail(revision))) return;
  const retries = readProgress(places, revision).retries;
  const folder = `${places.trail(revision)}/.pv`;
  if (!exists(folder)) {
    makeDirectories(folder);
    syncDirectory(places.trail(revision));
  }
  writeDurably(pathOf(places, revision, "progress"), toUtf8(formatProgress(p, retries)));
}

export function isDone(places: StoragePlaces, revision: string): boolean {
  return exists(pathOf(places, revision, "done"));
}

export function markDone(places: StoragePlaces, revision: string): void {
  if (!isDone(places, revision)) writeDurably(pathOf(places, revision, "done"), new Uint8Array(0));
}

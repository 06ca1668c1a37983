/**
 * Makes a revision's trail complete: every object linked under its key, every
 * inline document written, durable before anyone relies on it. Missing
 * objects are all named; nothing is replaced that is there.
 * Rules: state format spec §1.3, §9; promises of the design ("nothing is lost").
 */
import { O_CREAT, O_EXCL, O_WRONLY } from "../sys/constants.ts";
import { EEXIST, ENOENT } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { closeFd, exists, makeDirectories, openFile, readBytes, renameFile, syncDirectory, syncFd, tryLink, tryUnlink, writeAll } from "../sys/files.ts";
import type { Artifact, State } from "../state/model.ts";
import type { StoragePlaces } from "./places.ts";

/** What keeps a trail from being complete. */
export type Missing = { name: string; why: string };

/** Folder part of a path. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** Writes a file so that it is there whole or not at all, also after a power cut: temporary file, fsync, rename, fsync of the folder. */
export function writeDurably(path: string, data: Uint8Array): void {
  const temporary = `${path}.tmp`;
  tryUnlink(temporary);
  const fd = openFile(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o644);
  try {
    writeAll(fd, data, temporary);
    syncFd(fd, temporary);
  } catch (e) {
    tryUnlink(temporary);
    throw e;
  } finally {
    closeFd(fd);
  }
  renameFile(temporary, path);
  syncDirectory(folderOf(path));
}

/** Containers may write to these: the object itself must not change. */
const COPIED = ".bind";
const MAX_COPIED_BYTES = 16 * 1048576;

/**
 * Links, copies and writes what the trail lacks. Folders are made only for what is
 * written; one fsync a folder, at the end.
 */
export function completeTrail(places: StoragePlaces, revision: string, state: State): Missing[] {
  const missing: Missing[] = [];
  const touched = new Set<string>();
  for (const a of state.artifacts) {
    const path = `${places.trail(revision)}/${a.name}`;
    if (exists(path)) continue;
    const why = a.kind !== "object" ? writeInline(state, a, path) : a.name.endsWith(COPIED) ? copyObject(places, a, path) : linkObject(places, a, path, touched);
    if (why !== "") missing.push({ name: a.name, why });
  }
  for (const folder of touched) syncDirectory(folder);
  return missing;
}

function linkObject(places: StoragePlaces, a: Artifact, path: string, touched: Set<string>): string {
  const object = places.object(a.id);
  makeDirectories(folderOf(path));
  const r = tryLink(object, path);
  if (r === 0) touched.add(folderOf(path));
  if (r === -ENOENT) return `object ${a.id} is not on the storage`;
  if (r < 0 && r !== -EEXIST) throw new SysError("link", `${object} to ${path}`, -r);
  return "";
}

function copyObject(places: StoragePlaces, a: Artifact, path: string): string {
  const object = places.object(a.id);
  if (!exists(object)) return `object ${a.id} is not on the storage`;
  makeDirectories(folderOf(path));
  writeDurably(path, readBytes(object, MAX_COPIED_BYTES));
  return "";
}

function writeInline(state: State, a: Artifact, path: string): string {
  makeDirectories(folderOf(path));
  writeDurably(path, state.bytes.subarray(a.start, a.end));
  return "";
}

/**
 * Checks the files of a revision against a plan. Reads only: a link that is
 * missing is answered, and storage/ makes it. Meant for a worker process,
 * since hashing everything takes as long as reading everything.
 */
import { O_NOFOLLOW, O_RDONLY } from "../sys/constants.ts";
import { sha256OfFd } from "../sys/crypto.ts";
import { errnoName, ENOENT } from "../sys/errno.ts";
import { reason } from "../sys/error.ts";
import { closeFd, readBytes, statPath, tryOpen, type FileStat } from "../sys/files.ts";
import type { ChecksumPlan, InlineCheck, ObjectCheck } from "./checksum.ts";

export type FileProblem = { at: string; why: string };

/** A file of the revision that isn't there: to be linked to (or copied from) the object `id`, which is good. */
export type MissingFile = { key: string; id: string; copy: boolean };

export type ChecksumResult = {
  /** Empty: every file is what the state says, once the missing ones are back. */
  problems: FileProblem[];
  missing: MissingFile[];
};

/** What clients are told when a file is not what the state says. */
export const CHECKSUM_FAILED = "Object validation went wrong";

/** Why the object is not what its name says, or "". */
function checkObject(path: string, id: string): string {
  const fd = tryOpen(path, O_RDONLY | O_NOFOLLOW);
  if (fd === -ENOENT) return "object is missing";
  if (fd < 0) return `open ${path}: ${errnoName(-fd)}`;
  try {
    const found = sha256OfFd(fd, path);
    return found === id ? "" : `object has sha256 ${found}`;
  } catch (e) {
    return reason(e);
  } finally {
    closeFd(fd);
  }
}

/** Checks objects alone: of a checkout or an export, whose files are no links. */
export function checkObjects(plan: ChecksumPlan, objectsDir: string): FileProblem[] {
  const problems: FileProblem[] = [];
  for (const o of plan.objects) {
    const why = checkObject(`${objectsDir}/${o.id}`, o.id);
    if (why === "") continue;
    for (const key of o.links.concat(o.copies)) problems.push({ at: key, why });
  }
  return problems;
}

function sameFile(a: FileStat, b: FileStat): boolean {
  return a.inode === b.inode && a.deviceMajor === b.deviceMajor && a.deviceMinor === b.deviceMinor;
}

function checkOne(check: ObjectCheck, trailDir: string, objectsDir: string, result: ChecksumResult): void {
  const path = `${objectsDir}/${check.id}`;
  const why = checkObject(path, check.id);
  if (why !== "") {
    for (const key of check.links.concat(check.copies)) result.problems.push({ at: key, why });
    return;
  }
  const object = statPath(path);
  for (const key of check.links) {
    const file = statPath(`${trailDir}/${key}`);
    if (file === null) result.missing.push({ key, id: check.id, copy: false });
    else if (object === null || !sameFile(file, object)) result.problems.push({ at: key, why: `not a link to object ${check.id}` });
  }
  for (const key of check.copies) {
    if (statPath(`${trailDir}/${key}`) === null) result.missing.push({ key, id: check.id, copy: true });
  }
}

/** Why the file's bytes are not those of the state, or "". */
function checkInline(check: InlineCheck, bytes: Uint8Array, trailDir: string): string {
  const size = check.end - check.start;
  try {
    const found = readBytes(`${trailDir}/${check.key}`, size);
    if (found.length !== size) return `file has ${String(found.length)} bytes, the state ${String(size)}`;
    for (let i = 0; i < size; i++) {
      if (found[i] !== bytes[check.start + i]) return `file differs from the state at byte ${String(i)}`;
    }
    return "";
  } catch (e) {
    return reason(e);
  }
}

/** Performs the plan on a revision's folder. `bytes`: the state's text that the plan was made from. */
export function checkFiles(plan: ChecksumPlan, bytes: Uint8Array, trailDir: string, objectsDir: string): ChecksumResult {
  const result: ChecksumResult = { problems: [], missing: [] };
  for (const o of plan.objects) checkOne(o, trailDir, objectsDir, result);
  for (const i of plan.inline) {
    const why = checkInline(i, bytes, trailDir);
    if (why !== "") result.problems.push({ at: i.key, why });
  }
  return result;
}

/**
 * Carries out a volume plan and takes it down: each step acquires, the same
 * step releases, in reverse. Releasing tolerates whatever of it is missing,
 * so it serves after a failed start and after a crash as well.
 */
import { MS_BIND, MS_RDONLY, MS_REC, MS_REMOUNT, MNT_DETACH, O_CREAT, O_RDONLY, S_IFDIR, S_IFMT, UMOUNT_NOFOLLOW } from "../sys/constants.ts";
import { EBUSY, EEXIST, EINVAL, ENOENT } from "../sys/errno.ts";
import { reason, SysError } from "../sys/error.ts";
import { closeFd, isCached, makeDirectories, openFile, removeTree, statFilesystem, statPath, tryMakeDirectory, tryRemoveDirectory, tryUnlink } from "../sys/files.ts";
import { mountAt, tryMount, tryUnmount } from "../sys/mounts.ts";
import { copyTree, emptyFolder, entriesLeft } from "./copy.ts";
import { mountImage } from "./image.ts";
import type { BindStep, VolumeOptions, VolumePlan, VolumeStep } from "./plan.ts";
import { closeVerity, mountVerity } from "./verity.ts";

/** How it went. why: "" or the first failure, naming part, volume, call, file and errno; then nothing is left mounted. */
export type VolumesDone = { ok: boolean; why: string; warnings: string[] };

const TMPFS_DATA = "mode=755";

/** How often the same place may be mounted over: a crash between two starts can leave one a start. */
const MAX_STACKED = 32;

/** Unmounts everything that lies on a path; a warning when something had to be left to its last user, "" else. */
function clearMounts(target: string): string {
  for (let i = 0; i < MAX_STACKED; i++) {
    const r = tryUnmount(target, UMOUNT_NOFOLLOW);
    if (r === -EINVAL || r === -ENOENT) return "";
    if (r === -EBUSY) {
      const detached = tryUnmount(target, UMOUNT_NOFOLLOW + MNT_DETACH);
      return new SysError("umount", target, EBUSY, detached < 0 ? "still mounted" : "in use, detached").message;
    }
    if (r < 0) return new SysError("umount", target, -r).message;
  }
  return "";
}

/** A fresh folder to mount on; what an earlier run left mounted there is taken away. */
function makeTarget(target: string): void {
  const r = tryMakeDirectory(target, 0o755);
  if (r === 0) return;
  if (r === -EEXIST) {
    const s = statPath(target);
    if (s !== null && s.isMountRoot) clearMounts(target);
    return;
  }
  makeDirectories(target);
}

function makeFileTarget(target: string): void {
  makeDirectories(target.slice(0, target.lastIndexOf("/")));
  const s = statPath(target);
  if (s !== null && s.isMountRoot) clearMounts(target);
  closeFd(openFile(target, O_RDONLY + O_CREAT, 0o644));
}

function bindFolder(s: BindStep): void {
  if (s.makeSource) makeDirectories(s.source);
  if (s.wipe) emptyFolder(s.source);
  mountAt(s.source, s.target, "", MS_BIND + (s.recursive ? MS_REC : 0));
  if (s.readOnly) mountAt("", s.target, "", MS_BIND + MS_REMOUNT + MS_RDONLY);
}

function isFolder(path: string): boolean {
  const s = statPath(path, true);
  return s !== null && (s.mode & S_IFMT) === S_IFDIR;
}

function acquire(s: VolumeStep, options: VolumeOptions): void {
  if (s.kind === "copy") {
    removeTree(s.target);
    makeDirectories(s.target);
    // every document of the overlay may be one that is no file
    if (isFolder(s.source)) copyTree(s.source, s.target);
    return;
  }
  if (s.kind === "bind-file") {
    makeFileTarget(s.target);
    mountAt(s.source, s.target, "", MS_BIND);
    return;
  }
  makeTarget(s.target);
  if (s.kind === "image") mountImage(s, options.loopBase);
  else if (s.kind === "verity") mountVerity(s, options.loopBase);
  else if (s.kind === "bind") bindFolder(s);
  else mountAt("tmpfs", s.target, "tmpfs", 0, TMPFS_DATA);
}

/** Releases one step, whatever of it there is; returns a warning or "". */
function release(s: VolumeStep): string {
  if (s.kind === "copy") {
    removeTree(s.target);
    return "";
  }
  const busy = clearMounts(s.target);
  const still = s.kind === "verity" ? closeVerity(s.device) : "";
  if (busy === "") {
    if (s.kind === "bind-file") tryUnlink(s.target);
    else if (s.kind !== "bind" || !s.readOnly) tryRemoveDirectory(s.target);
  }
  return busy === "" ? still : busy;
}

function releaseAll(steps: VolumeStep[], warnings: string[]): void {
  for (let i = steps.length - 1; i >= 0; i--) {
    try {
      const w = release(steps[i]!);
      if (w !== "") warnings.push(w);
    } catch (e) {
      warnings.push(reason(e));
    }
  }
}

/** Mounts all of a plan, or nothing. */
export function mountVolumes(plan: VolumePlan, options: VolumeOptions): VolumesDone {
  const warnings = [...plan.warnings];
  if (plan.problems.length > 0) {
    return { ok: false, why: plan.problems.map((p) => `${p.at}: ${p.why}`).join("; "), warnings };
  }
  for (let i = 0; i < plan.steps.length; i++) {
    const s = plan.steps[i]!;
    try {
      acquire(s, options);
    } catch (e) {
      releaseAll(plan.steps.slice(0, i + 1), warnings);
      return { ok: false, why: `${plan.part}: volume ${s.volume}: ${reason(e)}`, warnings };
    }
  }
  return { ok: true, why: "", warnings };
}

/** So much in a tmpfs is given back at once. */
const SMALL_BYTES = 16 * 1048576;

/** Of a copy that is made, or removed, in no time: files and folders, and the bytes of each. */
const SMALL_ENTRIES = 16;
const SMALL_ENTRY_BYTES = 16384;

function isSmall(target: string): boolean {
  const size = statFilesystem(target);
  return size.total - size.free < SMALL_BYTES;
}

/** What is mounted there may stay, or is gone in no time. */
function isRenewable(s: VolumeStep): boolean {
  const there = statPath(s.target);
  if (there === null || !there.isMountRoot || s.kind === "copy" || (s.kind === "bind" && s.wipe)) return false;
  return s.kind !== "tmpfs" || isSmall(s.target);
}

/** Whether what is mounted can be taken down, and mounted once more, in no time: nothing to be written back, checked, or emptied on storage. */
export function isQuick(plan: VolumePlan): boolean {
  let quick = plan.disks.length === 0;
  for (const s of plan.steps) {
    if (s.kind === "verity" || (s.kind === "bind" && s.wipe)) quick = false;
    else if (s.kind === "image") quick = quick && s.readOnly && (s.fstype === "squashfs" || s.fstype === "erofs");
    else if (s.kind === "tmpfs") quick = quick && isSmall(s.target);
    else if (s.kind === "copy") quick = quick && entriesLeft(s.target, SMALL_ENTRIES, SMALL_ENTRY_BYTES) >= 0;
  }
  return quick;
}

/** Whether what the kernel reads of the images in order to mount them is in memory. */
export function isInMemory(plan: VolumePlan): boolean {
  for (const s of plan.steps) if (s.kind === "image" && !isCached(s.source)) return false;
  return true;
}

/**
 * Makes ready for another run at once what one has left: boot storage is new,
 * all else stays mounted. False where that would take time, wait for storage,
 * or was refused: then it has to be taken down and mounted anew.
 */
export function renewVolumes(plan: VolumePlan): boolean {
  if (!plan.steps.every((s) => isRenewable(s))) return false;
  return plan.steps.every((s) => s.kind !== "tmpfs" || (tryUnmount(s.target, UMOUNT_NOFOLLOW) === 0 && tryMount("tmpfs", s.target, "tmpfs", 0, TMPFS_DATA) === 0));
}

/** Takes down all of a plan, whatever of it is up. Returns what could not be, in words. */
export function unmountVolumes(plan: VolumePlan): string[] {
  const warnings: string[] = [];
  releaseAll(plan.steps, warnings);
  return warnings;
}

/**
 * A container's root: put together on its mountpoint, then made "/".
 * Runs in the container's first process, in its own mount namespace.
 * Rules: runtime spec §5 (overlay root), §15 (root switch).
 */
import {
  AT_RECURSIVE, MNT_DETACH, MS_BIND, MS_MOVE, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, MS_REMOUNT, O_DIRECTORY, O_PATH, O_RDONLY, S_IFDIR, S_IFMT,
} from "../sys/constants.ts";
import { EINVAL, ENOENT } from "../sys/errno.ts";
import { errnoOf, SysError } from "../sys/error.ts";
import { changeDirectory, closeFd, currentDirectory, makeDirectories, makeDirectory, openFile, readAt, readText, statPath } from "../sys/files.ts";
import { attachMount, mountAt, tryMount, tryPivotRoot, tryUnmount, unmount } from "../sys/mounts.ts";
import { chroot } from "../sys/processes.ts";
import { tryChangeDirectoryFd } from "../sys/relative.ts";
import { mountImage } from "../volume/image.ts";
import { imageKind, IMAGE_HEAD_BYTES } from "../volume/image_kind.ts";
import { mountOverlay } from "../volume/overlay.ts";
import type { Overlay } from "../volume/overlay_data.ts";
import type { RootPlan } from "./plan.ts";
import { fdPath } from "./resolve.ts";
import { Shift } from "./shift.ts";

const IMAGE_TYPES = ["squashfs", "ext4", "erofs"];
const RESTRICTIONS = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

function bindRoot(path: string, target: string, flags: number, shift: Shift | null): void {
  if (shift === null || !attachShifted(path, target, shift)) {
    const r = tryMount(path, target, "", MS_BIND | MS_REC);
    if (r < 0) throw new SysError("bind", `${path} on ${target}`, -r, r === -ENOENT ? "the root filesystem is not there" : "");
  }
  if ((flags & RESTRICTIONS) !== 0) mountAt("", target, "", (MS_BIND | MS_REMOUNT | (flags & RESTRICTIONS)) >>> 0);
}

function attachShifted(path: string, target: string, shift: Shift): boolean {
  const trees = shift.open([path], AT_RECURSIVE);
  for (const t of trees) {
    if (path === target) tryUnmount(target, MNT_DETACH); // it lives on as the copy
    attachMount(t, target);
    closeFd(t);
  }
  return trees.length > 0;
}

/**
 * The overlay. With shift by the real root, without device nodes, as one of
 * the container's own would be. base: folder that upper and work lie in, ""
 * when they are ours alone.
 */
function stack(r: RootPlan, o: Overlay, base: string, target: string, shift: Shift | null): void {
  const flags = ((r.flags & RESTRICTIONS) | (shift === null ? 0 : MS_NODEV)) >>> 0;
  if (shift !== null && stackShifted(o, base, target, flags, shift)) return;
  if (shift !== null && base !== "") for (const folder of [base, o.upper]) shift.handOver(folder);
  mountOverlay(o, target, flags);
}

/** False where it can't be. overlayfs takes layers from places in the mount tree only: each lies over itself until it is made. */
function stackShifted(o: Overlay, base: string, target: string, flags: number, shift: Shift): boolean {
  const folders = base === "" ? o.lowers : [base, ...o.lowers];
  const trees = shift.open(folders, 0);
  if (trees.length === 0) return false;
  const paths = trees.map((t) => fdPath(t));
  const shown = (path: string): string => (base === "" ? path : `${paths[0]!}${path.slice(base.length)}`);
  try {
    for (let i = 0; i < trees.length; i++) attachMount(trees[i]!, folders[i]!);
    mountOverlay({ lowers: base === "" ? paths : paths.slice(1), upper: shown(o.upper), work: shown(o.work), options: o.options }, target, flags);
    return true;
  } catch (e) {
    if (errnoOf(e) !== EINVAL) throw e;
    shift.refused(folders[0]!, EINVAL, "overlayfs takes such layers since kernel 5.19");
    return false;
  } finally {
    for (let i = trees.length - 1; i >= 0; i--) {
      tryUnmount(paths[i]!, MNT_DETACH);
      closeFd(trees[i]!);
    }
  }
}

/** Where a container's root is mounted until it is switched to. */
export function rootPath(r: RootPlan): string {
  if (r.kind === "host") return "/";
  return r.scratchBytes >= 0 ? `${r.mountpoint}/root` : r.mountpoint;
}

/** The layers over a tmpfs that nobody else sees and that ends with the container. Returns where the root is. */
function mountOverScratch(r: RootPlan, shift: Shift | null): string {
  const image = r.kind === "image" || (r.kind === "auto" && !isFolder(r.path));
  const own = image ? `${r.mountpoint}/image` : r.path;
  const lowers = r.kind === "overlay" ? r.lowers : [...r.lowers, own];
  const size = r.scratchBytes > 0 ? `,size=${r.scratchBytes}` : "";
  const e = tryMount("tmpfs", r.mountpoint, "tmpfs", MS_NOSUID | MS_NODEV, `mode=755${size}`);
  if (e < 0) throw new SysError("mount tmpfs on", r.mountpoint, -e);
  makeDirectory(rootPath(r));
  if (image) {
    makeDirectory(own);
    mountImageRoot(r.path, own, true);
  }
  stack(r, { lowers, upper: `${r.mountpoint}/upper`, work: `${r.mountpoint}/work`, options: [] }, "", rootPath(r), shift);
  return rootPath(r);
}

function isFolder(path: string): boolean {
  const s = statPath(path, true);
  if (s === null) throw new SysError("open", path, ENOENT, "the root filesystem is not there");
  return (s.mode & S_IFMT) === S_IFDIR;
}

/** isLayer: nothing is written to it. An image file by its content, or a block device with each filesystem this kernel has. */
function mountImageRoot(path: string, target: string, isLayer: boolean): void {
  const fd = openFile(path, O_RDONLY);
  const kind = imageKind(readAt(fd, 0, IMAGE_HEAD_BYTES));
  closeFd(fd);
  if (!IMAGE_TYPES.includes(kind)) throw new SysError("mount", path, EINVAL, kind === "" ? "neither a folder nor an image of a filesystem" : `this is a ${kind}, not a filesystem`);
  mountImage({ kind: "image", volume: "root", source: path, target, fstype: kind, readOnly: isLayer || kind !== "ext4", attempts: isLayer && kind === "ext4" ? ["", "noload"] : [""] }, -1);
}

/** Mounts the root and returns its path. */
function mountRoot(r: RootPlan, shift: Shift | null): string {
  if (r.kind === "host") return "/";
  makeDirectories(r.mountpoint);
  if (r.scratchBytes >= 0) return mountOverScratch(r, shift);
  if (r.kind === "overlay") {
    stack(r, { lowers: r.lowers, upper: r.upper, work: r.work, options: [] }, r.upper.slice(0, r.upper.lastIndexOf("/")), r.mountpoint, shift);
  } else if (r.kind === "dir" || isFolder(r.path)) {
    bindRoot(r.path, r.mountpoint, r.flags, shift);
  } else {
    mountImageRoot(r.path, r.mountpoint, false);
    if (shift !== null) attachShifted(r.mountpoint, r.mountpoint, shift);
  }
  return r.mountpoint;
}

/** Puts the root together; the descriptor of its folder is the one that everything in it is named from. shift: it is a user namespace's, made by the real root. */
export function openRoot(r: RootPlan, shift: Shift | null): number {
  return openFile(mountRoot(r, shift), O_PATH | O_DIRECTORY);
}

function enter(root: number): void {
  const r = tryChangeDirectoryFd(root);
  if (r < 0) throw new SysError("chdir", "the container's root", -r);
}

/** The root becomes "/" and what was there before is gone. */
export function switchRoot(root: number): void {
  enter(root);
  const r = tryPivotRoot(".", ".");
  if (r === -EINVAL) {
    leaveInitramfs();
    return;
  }
  if (r < 0) throw new SysError("pivot_root", "", -r);
  // the old root now lies over the new one; its mounts have been slaves since the first steps, so the host's stay
  unmount(".", MNT_DETACH);
  changeDirectory("/");
}

/** Mount points of a mountinfo text that a container must not keep, the last mounted first. */
export function inheritedMounts(mountinfo: string, root: string): string[] {
  const points: string[] = [];
  for (const line of mountinfo.split("\n")) {
    const fields = line.split(" ");
    if (fields.length < 5) continue;
    const point = fields[4]!;
    if (point === "/" || point === root || point.startsWith(`${root}/`) || point === "/exports" || point.startsWith("/exports/")) continue;
    points.push(point);
  }
  points.reverse();
  return points;
}

/**
 * The initramfs can't be pivoted away (EINVAL): the new root, our working
 * directory, is moved over it. Mounts that came from the host are detached,
 * or they would keep its volumes busy for as long as the container runs; only
 * after the move, since the new root may lie on one of them. Until chroot,
 * absolute paths lead below the old root.
 */
function leaveInitramfs(): void {
  const inherited = inheritedMounts(readText("/proc/self/mountinfo"), currentDirectory());
  mountAt(".", "/", "", MS_MOVE);
  for (const point of inherited) tryUnmount(point, MNT_DETACH);
  chroot(".");
  changeDirectory("/");
}

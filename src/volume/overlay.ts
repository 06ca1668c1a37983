/**
 * Stacks folders into one overlay, whatever their names and however many.
 * Short plain names take one mount(2); others are named by open descriptors:
 * through the new mount interface (lowerdir+, kernel 6.8), else as numbers
 * seen from /proc/self/fd. Source: kernel filesystems/overlayfs.rst.
 */
import { MS_BIND, MS_RDONLY, MS_REMOUNT, O_DIRECTORY, O_PATH } from "../sys/constants.ts";
import { EINVAL, ENOENT, EXDEV } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { changeDirectory, closeFd, exists, makeDirectories, openFile } from "../sys/files.ts";
import {
  configureFilesystem, FSCONFIG_CMD_CREATE, FSCONFIG_SET_FLAG, FSCONFIG_SET_STRING, mountAt, mountFilesystem, attachMount, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY, tryConfigureFilesystem, tryMount, tryOpenFilesystem,
} from "../sys/mounts.ts";
import { tryChangeDirectoryFd } from "../sys/relative.ts";
import { overlayData, type Overlay } from "./overlay_data.ts";

/** What every errno of an overlay mount means in plain words. */
function hint(errno: number, o: Overlay): string {
  if (errno === ENOENT) for (const l of o.lowers) if (!exists(l)) return `lower folder ${l} is not there`;
  if (errno === EXDEV || errno === EINVAL) {
    return o.upper === "" ? "a lower folder is nested in another, or there are too many (500)" : "upper and work must lie on one writable filesystem that can hold extended attributes, apart from the lowers; at most 500 lowers";
  }
  return "";
}

function refused(o: Overlay, target: string, errno: number): SysError {
  return new SysError("mount overlay on", target, errno, hint(errno, o));
}

/** MS_* of a mount as MOUNT_ATTR_*: the first four have the same bits. */
const ATTRIBUTES = MOUNT_ATTR_RDONLY + MOUNT_ATTR_NOSUID + MOUNT_ATTR_NODEV + MOUNT_ATTR_NOEXEC;

/** All folders of an overlay, opened for mountNumbered; the caller closes them: lowers, then upper and work when there are any. */
export function openLayers(o: Overlay): number[] {
  const fds: number[] = [];
  try {
    for (const path of [...o.lowers, ...(o.upper === "" ? [] : [o.upper, o.work])]) fds.push(openFile(path, O_PATH + O_DIRECTORY));
  } catch (e) {
    for (const fd of fds) closeFd(fd);
    throw e;
  }
  return fds;
}

/** By lowerdir+; false when this kernel does not know it. */
function mountAppending(o: Overlay, fds: number[], target: string, flags: number): boolean {
  const fs = tryOpenFilesystem("overlay");
  if (fs < 0) return false;
  try {
    tryConfigureFilesystem(fs, FSCONFIG_SET_STRING, "source", "overlay");
    for (let i = 0; i < o.lowers.length; i++) {
      const r = tryConfigureFilesystem(fs, FSCONFIG_SET_STRING, "lowerdir+", `/proc/self/fd/${fds[i]!}`);
      if (r === -EINVAL && i === 0) return false;
      if (r < 0) throw new SysError("fsconfig overlay lowerdir+", o.lowers[i]!, -r);
    }
    if (o.upper !== "") {
      configureFilesystem(fs, FSCONFIG_SET_STRING, "upperdir", `/proc/self/fd/${fds[o.lowers.length]!}`, "overlay");
      configureFilesystem(fs, FSCONFIG_SET_STRING, "workdir", `/proc/self/fd/${fds[o.lowers.length + 1]!}`, "overlay");
    }
    for (const option of o.options) {
      const at = option.indexOf("=");
      if (at < 0) configureFilesystem(fs, FSCONFIG_SET_FLAG, option, "", "overlay");
      else configureFilesystem(fs, FSCONFIG_SET_STRING, option.slice(0, at), option.slice(at + 1), "overlay");
    }
    const made = tryConfigureFilesystem(fs, FSCONFIG_CMD_CREATE, "", "");
    if (made < 0) throw refused(o, target, -made);
    const mount = mountFilesystem(fs, flags & ATTRIBUTES, "overlay");
    try {
      attachMount(mount, target);
    } finally {
      closeFd(mount);
    }
    return true;
  } finally {
    closeFd(fs);
  }
}

/** By mount(2) from inside /proc/self/fd, where every folder's name is a number. */
export function mountNumbered(o: Overlay, fds: number[], target: string, flags: number): void {
  const here = openFile(".", O_PATH + O_DIRECTORY);
  const place = openFile(target, O_PATH + O_DIRECTORY);
  try {
    changeDirectory("/proc/self/fd");
    const n = o.lowers.length;
    const names = fds.map((fd) => String(fd));
    const numbered: Overlay = { lowers: names.slice(0, n), upper: o.upper === "" ? "" : names[n]!, work: o.upper === "" ? "" : names[n + 1]!, options: o.options };
    const r = tryMount("overlay", `/proc/self/fd/${place}`, "overlay", flags, overlayData(numbered).data);
    if (r < 0) throw refused(o, target, -r);
  } finally {
    tryChangeDirectoryFd(here);
    closeFd(place);
    closeFd(here);
  }
}

/** Mounts the overlay on `target`. flags: MS_* of the mount. Upper and work are made; one lower without upper is bound read-only. */
export function mountOverlay(o: Overlay, target: string, flags: number): void {
  if (o.upper !== "") {
    makeDirectories(o.upper);
    makeDirectories(o.work);
  } else if (o.lowers.length === 1) {
    mountAt(o.lowers[0]!, target, "", MS_BIND);
    mountAt("", target, "", (MS_BIND | MS_REMOUNT | MS_RDONLY | flags) >>> 0);
    return;
  }
  const plain = overlayData(o);
  if (plain.fits) {
    const r = tryMount("overlay", target, "overlay", flags, plain.data);
    if (r < 0) throw refused(o, target, -r);
    return;
  }
  const fds = openLayers(o);
  try {
    if (!mountAppending(o, fds, target, flags)) mountNumbered(o, fds, target, flags);
  } finally {
    for (const fd of fds) closeFd(fd);
  }
}

/**
 * Mounts an image file: erofs directly where the kernel can, everything else
 * by a loop device. Errors say what is wrong with the file. Detaching is the
 * kernel's work: the device goes with its mount.
 */
import { MS_RDONLY, O_RDONLY } from "../sys/constants.ts";
import { EACCES, EINVAL, ENODEV, EPERM, EROFS } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { closeFd, readAt, statPath, tryOpen } from "../sys/files.ts";
import { tryMount } from "../sys/mounts.ts";
import { imageHint, IMAGE_HEAD_BYTES } from "./image_kind.ts";
import { attachLoop } from "./loop_device.ts";
import type { ImageStep } from "./plan.ts";

/** Errnos by which mount(2) says that it does not understand what it found. */
const EUCLEAN = 117;

/** Why mounting a file failed, looked up in the file. */
export function whyNotMounted(fstype: string, file: string, errno: number): string {
  if (errno === ENODEV) return `filesystem ${fstype} is not in this kernel`;
  if (errno === EACCES || errno === EPERM) return "";
  const size = statPath(file, true);
  const fd = tryOpen(file, O_RDONLY);
  if (size === null || fd < 0) return "";
  const head = readAt(fd, 0, IMAGE_HEAD_BYTES);
  closeFd(fd);
  const hint = imageHint(fstype, head, size.size);
  return hint === "" && errno === EUCLEAN ? "the filesystem is damaged" : hint;
}

/** Mounts with flags MS_* and each of the data strings until one is taken; 0 or the last -errno. EROFS: a journal would have to be replayed. */
export function mountDevice(device: string, target: string, fstype: string, flags: number, attempts: string[]): number {
  let r = -EINVAL;
  for (const data of attempts) {
    r = tryMount(device, target, fstype, flags, data);
    if (r >= 0) return 0;
    if (r !== -EINVAL && r !== -EROFS) return r;
  }
  return r;
}

function mountByLoop(s: ImageStep, readOnly: boolean, base: number): number {
  const loop = attachLoop(s.source, readOnly, base);
  try {
    return mountDevice(loop.path, s.target, s.fstype, readOnly ? MS_RDONLY : 0, s.attempts);
  } finally {
    closeFd(loop.fd);
  }
}

/** Mounts an image on its target, which is there. base: first loop device to try, -1 for any. */
export function mountImage(s: ImageStep, base: number): void {
  if (statPath(s.source, true) === null) throw new SysError("open", s.source, 2, "the object of this file is missing");
  // kernel 6.12 reads an erofs from the file itself
  if (s.fstype === "erofs" && tryMount(s.source, s.target, "erofs", MS_RDONLY) === 0) return;
  let r = -EROFS;
  try {
    r = mountByLoop(s, s.readOnly, base);
  } catch (e) {
    if (s.readOnly || !(e instanceof SysError) || e.errno !== EROFS) throw e;
  }
  // the storage itself is read-only
  if (r === -EROFS && !s.readOnly) r = mountByLoop(s, true, base);
  if (r < 0) throw new SysError(`mount ${s.fstype}`, s.source, -r, whyNotMounted(s.fstype, s.source, -r));
}

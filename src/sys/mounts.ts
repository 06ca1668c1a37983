/// <reference path="./sys.d.ts" />
/**
 * Mounting, old and new interface. Throws SysError naming the target; the
 * "try" forms return the result or -errno. Hints translate errnos that
 * mislead. Source: mount(2), fsopen(2), mount_setattr(2).
 */
import { EINVAL, ENODEV, ENOSPC } from "./errno.ts";
import { checked, SysError } from "./error.ts";

export const FSCONFIG_SET_FLAG = 0;
export const FSCONFIG_SET_STRING = 1;
export const FSCONFIG_SET_FD = 5;
export const FSCONFIG_CMD_CREATE = 6;
export const OPEN_TREE_CLONE = 1;
export const MOVE_MOUNT_F_EMPTY_PATH = 0x04;
export const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
export const MOUNT_ATTR_RDONLY = 0x01;
export const MOUNT_ATTR_NOSUID = 0x02;
export const MOUNT_ATTR_NODEV = 0x04;
export const MOUNT_ATTR_NOEXEC = 0x08;
export const MOUNT_ATTR_IDMAP = 0x00100000;

/** What a mount's errno means where it misleads, "" where it does not. */
export function mountHint(errno: number, fstype: string): string {
  if (errno === ENOSPC) return "too many mounts in this namespace";
  if (errno === ENODEV) return `filesystem ${fstype} is not in this kernel`;
  if (errno === EINVAL && fstype === "squashfs") return "not a squashfs, or a compression this kernel lacks";
  if (errno === EINVAL && fstype === "overlay") return "upper and work must be one writable filesystem, lowers at most 500 and not nested in them";
  return "";
}

/** mount(2). An empty source, fstype or data is none. */
export function mountAt(source: string, target: string, fstype: string, flags: number, data: string = ""): void {
  const r = sys_mount(source, target, fstype, flags, data);
  if (r < 0) throw new SysError(fstype === "" ? "mount" : `mount ${fstype}`, source === "" ? target : `${source} on ${target}`, -r, mountHint(-r, fstype));
}

export function tryMount(source: string, target: string, fstype: string, flags: number, data: string = ""): number {
  return sys_mount(source, target, fstype, flags, data);
}

export function tryUnmount(target: string, flags: number): number {
  return sys_umount2(target, flags);
}

export function unmount(target: string, flags: number = 0): void {
  checked(sys_umount2(target, flags), "umount", target);
}

export function tryPivotRoot(newRoot: string, putOld: string): number {
  return sys_pivot_root(newRoot, putOld);
}

export function tryOpenFilesystem(fstype: string): number {
  return sys_fsopen(fstype, 1);
}

/** fsconfig(2) with a string or flag; `fstype` is for the error. */
export function configureFilesystem(fd: number, command: number, key: string, value: string, fstype: string): void {
  const r = sys_fsconfig(fd, command, key, value, 0);
  if (r < 0) throw new SysError(`fsconfig ${fstype}`, key === "" ? "create" : `${key}=${value}`, -r, mountHint(-r, fstype));
}

/** As configureFilesystem: result or -errno. */
export function tryConfigureFilesystem(fd: number, command: number, key: string, value: string): number {
  return sys_fsconfig(fd, command, key, value, 0);
}

/** The finished filesystem as a detached mount. */
export function mountFilesystem(fd: number, attributes: number, fstype: string): number {
  return checked(sys_fsmount(fd, 1, attributes), `fsmount ${fstype}`, "");
}

export function attachMount(mountFd: number, target: string): void {
  checked(sys_move_mount(mountFd, "", -100, target, MOVE_MOUNT_F_EMPTY_PATH), "move_mount", target);
}

export function tryMoveMount(fromDir: number, from: string, toDir: number, to: string, flags: number): number {
  return sys_move_mount(fromDir, from, toDir, to, flags);
}

/** open_tree(2); O_CLOEXEC is added. */
export function tryOpenTree(dirfd: number, path: string, flags: number): number {
  return sys_open_tree(dirfd, path, flags + 0o2000000);
}

export function trySetMountAttributes(dirfd: number, path: string, flags: number, set: number, clear: number, propagation: number, usernsFd: number): number {
  return sys_mount_setattr(dirfd, path, flags, set, clear, propagation, usernsFd);
}

export function trySwapOn(path: string): number {
  return sys_swapon(path, 0);
}

export function trySwapOff(path: string): number {
  return sys_swapoff(path);
}

/// <reference path="./sys.d.ts" />
/**
 * Files named relative to an open folder, and descriptors as such: what a
 * container's set-up uses so that no name leads out of its root. All return
 * the result or -errno.
 */
import { checked } from "./error.ts";
import { ENOENT, ENOTDIR } from "./errno.ts";
import { AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_NOFOLLOW, O_NONBLOCK } from "./constants.ts";
import { f64At, u32At } from "./bytes.ts";
import { fromUtf8 } from "./text.ts";

export function tryMakeDirectoryAt(dirfd: number, path: string, mode: number): number {
  return sys_mkdirat(dirfd, path, mode);
}

export function tryMakeNodeAt(dirfd: number, path: string, mode: number, major: number, minor: number): number {
  return sys_mknodat(dirfd, path, mode, major, minor);
}

export function trySymlinkAt(target: string, dirfd: number, path: string): number {
  return sys_symlinkat(target, dirfd, path);
}

export function tryUnlinkAt(dirfd: number, path: string, isDirectory: boolean = false): number {
  return sys_unlinkat(dirfd, path, isDirectory ? AT_REMOVEDIR : 0);
}

export function tryChangeOwnerAt(dirfd: number, path: string, uid: number, gid: number): number {
  return sys_fchownat(dirfd, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

/** Target of a symlink below `dirfd` (path "" for the link that the descriptor itself is); "" when it is none. */
export function readLinkAt(dirfd: number, path: string): string {
  const b = new Uint8Array(4096);
  const n = sys_readlinkat(dirfd, path, b);
  return n < 0 ? "" : fromUtf8(b.subarray(0, n));
}

export function tryChangeDirectoryFd(fd: number): number {
  return sys_fchdir(fd);
}

/** Makes `wanted` another name of a descriptor; it stays open over exec. */
export function tryDuplicateTo(fd: number, wanted: number): number {
  return sys_dup3(fd, wanted, 0);
}

/** Writes a short text to an open descriptor. */
export function tryWriteText(fd: number, text: string): number {
  return sys_write_text(fd, text);
}

const F_SETFD = 2;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const CLOSE_RANGE_CLOEXEC = 4;
/** How many descriptors are looked at where the kernel has no close_range(2) with that flag (before 5.11). */
const OLD_KERNEL_DESCRIPTORS = 1024;

export function trySetNonBlocking(fd: number): number {
  return sys_fcntl(fd, F_SETFL, O_NONBLOCK);
}

/** No descriptor from `first` on outlives an exec. */
export function closeOnExecFrom(first: number): void {
  if (sys_close_range(first, 0xffffffff, CLOSE_RANGE_CLOEXEC) === 0) return;
  for (let fd = first; fd < OLD_KERNEL_DESCRIPTORS; fd++) sys_fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/** Closes every descriptor from `first` on but one: in a child that goes its own way. */
export function closeAllBut(first: number, kept: number): void {
  const below = kept > first ? sys_close_range(first, kept - 1, 0) : 0;
  if (below === 0 && sys_close_range(kept + 1, 0xffffffff, 0) === 0) return;
  for (let fd = first; fd < OLD_KERNEL_DESCRIPTORS; fd++) if (fd !== kept) sys_close(fd);
}

/** MS_* bits in force at a mounted path (statfs counts the same bits as mount), or -errno. */
export function mountFlagsOf(path: string): number {
  const b = new Uint8Array(64);
  const r = sys_statfs(path, b);
  return r < 0 ? r : f64At(b, 56);
}

/** Type, device and inode of a path below `dirfd`: what tells two files apart; null when there is none. */
export type FileIdentity = { mode: number; device: string; inode: number };

export function identityAt(dirfd: number, path: string, flags: number): FileIdentity | null {
  const b = new Uint8Array(256);
  const r = sys_statx(dirfd, path, flags, 0x101, b);
  if (r === -ENOENT || r === -ENOTDIR) return null;
  checked(r, "statx", path);
  return { mode: b[28]! + b[29]! * 256, device: `${u32At(b, 136)}:${u32At(b, 140)}`, inode: u32At(b, 32) + u32At(b, 36) * 4294967296 };
}

/** Whether there is anything at an absolute path, following symlinks. */
export function isThere(path: string): boolean {
  return sys_faccessat(AT_FDCWD, path, 0, 0) === 0;
}

/// <reference path="./sys.d.ts" />
/**
 * Files and folders. Descriptors are close-on-exec; every function throws
 * SysError unless its name starts with "try", which returns the result or
 * -errno. Nothing here decides what is durable: that is storage/.
 */
import { f64At, u16At } from "./bytes.ts";
import {
  AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_NOFOLLOW, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, S_IFDIR, S_IFMT,
} from "./constants.ts";
import { EEXIST, EINTR, ENODEV, ENOENT, ENOTDIR, ESRCH } from "./errno.ts";
import { checked, SysError } from "./error.ts";
import { fromField, fromUtf8, parseDecimal, toUtf8 } from "./text.ts";

/** What statx says of a path. mode holds type and permissions; times in seconds; device as major and minor. */
export type FileStat = {
  mode: number; links: number; uid: number; gid: number; size: number; inode: number; modified: number;
  deviceMajor: number; deviceMinor: number; rdevMajor: number; rdevMinor: number; mountId: number; isMountRoot: boolean;
};

/** Opens and returns the descriptor; O_CLOEXEC is added. */
export function openFile(path: string, flags: number, mode: number = 0): number {
  return checked(tryOpen(path, flags, mode), "open", path);
}

export function tryOpen(path: string, flags: number, mode: number = 0): number {
  return tryOpenAt(AT_FDCWD, path, flags, mode);
}

export function tryOpenAt(dirfd: number, path: string, flags: number, mode: number = 0): number {
  let r = sys_openat(dirfd, path, flags | O_CLOEXEC, mode);
  while (r === -EINTR) r = sys_openat(dirfd, path, flags | O_CLOEXEC, mode);
  return r;
}

/** openat2 with RESOLVE_* rules: resolution that can't leave `dirfd` (kernel 5.6). */
export function tryOpenResolved(dirfd: number, path: string, flags: number, mode: number, resolve: number): number {
  return sys_openat2(dirfd, path, flags | O_CLOEXEC, mode, resolve);
}

/** Closes a descriptor; a negative one is none and nothing happens. */
export function closeFd(fd: number): void {
  if (fd >= 0) sys_close(fd);
}

/** Whether a descriptor closes at exec. */
export function setCloseOnExec(fd: number, on: boolean): void {
  checked(sys_fcntl(fd, 2, on ? 1 : 0), "fcntl F_SETFD", "");
}

export function setNonBlocking(fd: number): void {
  checked(sys_fcntl(fd, 4, O_NONBLOCK), "fcntl F_SETFL", "");
}

/** Makes `wanted` the same file as `fd`; it stays open at exec. */
export function duplicateTo(fd: number, wanted: number): void {
  checked(sys_dup3(fd, wanted, 0), "dup3", "");
}

/** Closes every descriptor from `first` on. */
export function closeFrom(first: number): void {
  checked(sys_close_range(first, 0xffffffff, 0), "close_range", "");
}

/** Bytes read, 0 at the end, or -errno. */
export function tryRead(fd: number, into: Uint8Array, offset: number, length: number): number {
  let r = sys_read(fd, into, offset, length);
  while (r === -EINTR) r = sys_read(fd, into, offset, length);
  return r;
}

/** Copies `size` bytes (or up to the end) from one open file to another inside the kernel. `path` is for the error. */
export function copyFd(from: number, to: number, size: number, path: string): void {
  let left = size;
  while (left > 0) {
    const n = checked(sys_sendfile(to, from, Math.min(left, 1073741824)), "sendfile", path);
    if (n === 0) return;
    left -= n;
  }
}

/** Bytes written (maybe fewer than asked) or -errno. */
export function tryWrite(fd: number, data: Uint8Array, offset: number, length: number): number {
  let r = sys_write(fd, data, offset, length);
  while (r === -EINTR) r = sys_write(fd, data, offset, length);
  return r;
}

/** Writes all of it or throws. `path` is for the error. */
export function writeAll(fd: number, data: Uint8Array, path: string): void {
  let at = 0;
  while (at < data.length) at += checked(tryWrite(fd, data, at, data.length - at), "write", path);
}

/** Writes all of it at a position, in place, or throws. */
export function writeAt(fd: number, data: Uint8Array, position: number, path: string): void {
  let at = 0;
  while (at < data.length) {
    const n = sys_pwrite(fd, data, at, data.length - at, position + at);
    if (n !== -EINTR) at += checked(n, "pwrite", path);
  }
}

/** One write of a text, as /proc, /sys and cgroup files want it; -errno when refused. */
export function tryPutText(path: string, text: string): number {
  const fd = tryOpen(path, O_WRONLY);
  if (fd < 0) return fd;
  const r = sys_write_text(fd, text);
  sys_close(fd);
  return r < 0 ? r : 0;
}

/** As tryPutText, thrown: a kernel file takes the text or says why not. */
export function putText(path: string, text: string): void {
  checked(tryPutText(path, text), "write", path);
}

/** The whole of a file of at most `limit` bytes; a longer one throws EFBIG. */
export function readBytes(path: string, limit: number): Uint8Array {
  const fd = openFile(path, O_RDONLY);
  try {
    return readFd(fd, limit, path);
  } finally {
    sys_close(fd);
  }
}

/** Reads a descriptor to its end. */
export function readFd(fd: number, limit: number, path: string): Uint8Array {
  let buffer = new Uint8Array(4096);
  let used = 0;
  for (;;) {
    if (used === buffer.length) {
      if (used > limit) throw new SysError("read", path, 27, `more than ${limit} bytes`);
      const larger = new Uint8Array(buffer.length * 2);
      larger.set(buffer, 0);
      buffer = larger;
    }
    const n = checked(tryRead(fd, buffer, used, buffer.length - used), "read", path);
    if (n === 0) break;
    used += n;
  }
  if (used > limit) throw new SysError("read", path, 27, `more than ${limit} bytes`);
  return buffer.subarray(0, used);
}

export function readText(path: string, limit: number = 1048576): string {
  return fromUtf8(readBytes(path, limit));
}

/** The text of a file, or `otherwise` when there is no such file (ENODEV, ESRCH: a kernel file whose object, or process, has just gone). */
export function readTextOr(path: string, otherwise: string, limit: number = 1048576): string {
  try {
    return readText(path, limit);
  } catch (e) {
    if (e instanceof SysError && (e.errno === ENOENT || e.errno === ENOTDIR || e.errno === ENODEV || e.errno === ESRCH)) return otherwise;
    throw e;
  }
}

/** The decimal number a small kernel file holds, or -1. */
export function readNumber(path: string): number {
  return parseDecimal(readTextOr(path, "", 4096).trim());
}

/** Creates or replaces a small file in place: for volatile places (run dir) only. */
export function writeFile(path: string, data: Uint8Array, mode: number = 0o644): void {
  const fd = openFile(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  try {
    writeAll(fd, data, path);
  } finally {
    sys_close(fd);
  }
}

export function exists(path: string): boolean {
  return sys_faccessat(AT_FDCWD, path, 0, AT_SYMLINK_NOFOLLOW) === 0;
}

const STATX_BASIC_AND_MOUNT = 0x17ff;
const STATX_ATTR_MOUNT_ROOT = 0x2000;

/** Words of struct statx. */
const STATX_WORDS = 64;

function u32In(words: Int32Array, at: number): number {
  const n = words[at]!;
  return n < 0 ? n + 4294967296 : n;
}

function u64In(words: Int32Array, at: number): number {
  return u32In(words, at) + u32In(words, at + 1) * 4294967296;
}

/** What a path is, without following a final symlink unless asked; null when there is nothing. */
export function statPath(path: string, follow: boolean = false): FileStat | null {
  return statAt(AT_FDCWD, path, follow ? 0 : AT_SYMLINK_NOFOLLOW);
}

export function statAt(dirfd: number, path: string, flags: number): FileStat | null {
  const b = new Int32Array(STATX_WORDS);
  const r = sys_statx(dirfd, path, flags, STATX_BASIC_AND_MOUNT, Buffer.from(b.buffer, 0, b.byteLength));
  if (r === -ENOENT || r === -ENOTDIR) return null;
  checked(r, "statx", path);
  return {
    mode: b[7]! & 0xffff, links: u32In(b, 4), uid: u32In(b, 5), gid: u32In(b, 6), inode: u64In(b, 8), size: u64In(b, 10),
    modified: u64In(b, 28), rdevMajor: u32In(b, 32), rdevMinor: u32In(b, 33), deviceMajor: u32In(b, 34), deviceMinor: u32In(b, 35),
    mountId: u64In(b, 36), isMountRoot: (b[2]! & STATX_ATTR_MOUNT_ROOT) !== 0,
  };
}

export function isDirectory(path: string): boolean {
  const s = statPath(path, true);
  return s !== null && (s.mode & S_IFMT) === S_IFDIR;
}

/** Size of a filesystem in bytes and what of it is free; type is its magic number. */
export type FilesystemStat = { type: number; total: number; free: number; available: number };

export function statFilesystem(path: string): FilesystemStat {
  const b = new Uint8Array(64);
  checked(sys_statfs(path, b), "statfs", path);
  const block = f64At(b, 8);
  return { type: f64At(b, 0), total: f64At(b, 16) * block, free: f64At(b, 24) * block, available: f64At(b, 32) * block };
}

/** Names in a folder, sorted by code unit, without "." and "..". */
export function listDirectory(path: string): string[] {
  const fd = openFile(path, O_RDONLY | O_DIRECTORY);
  try {
    return listFd(fd, path);
  } finally {
    sys_close(fd);
  }
}

/** Names of the folders in a folder (as the filesystem tells types), sorted; [] when it is not there. */
export function listFolders(path: string): string[] {
  const fd = tryOpen(path, O_RDONLY | O_DIRECTORY);
  if (fd === -ENOENT) return [];
  checked(fd, "open", path);
  try {
    return listFd(fd, path, DT_DIR);
  } finally {
    sys_close(fd);
  }
}

const DT_ANY = -1;
const DT_DIR = 4;

function listFd(fd: number, path: string, type: number = DT_ANY): string[] {
  const names: string[] = [];
  const b = new Uint8Array(8192);
  for (;;) {
    const n = checked(sys_getdents64(fd, b), "getdents64", path);
    if (n === 0) break;
    let at = 0;
    while (at < n) {
      const size = u16At(b, at + 16);
      if (type === DT_ANY || b[at + 18] === type) {
        const name = fromField(b.subarray(at + 19, at + size));
        if (name !== "." && name !== "..") names.push(name);
      }
      at += size;
    }
  }
  names.sort((a, z) => (a < z ? -1 : a > z ? 1 : 0));
  return names;
}

export function makeDirectory(path: string, mode: number = 0o755): void {
  checked(sys_mkdirat(AT_FDCWD, path, mode), "mkdir", path);
}

export function tryMakeDirectory(path: string, mode: number): number {
  return sys_mkdirat(AT_FDCWD, path, mode);
}

/** mkdir -p: every missing folder of the path; what is there stays as it is. */
export function makeDirectories(path: string, mode: number = 0o755): void {
  const r = sys_mkdirat(AT_FDCWD, path, mode);
  if (r === 0 || r === -EEXIST) return;
  const slash = path.lastIndexOf("/");
  if (r !== -ENOENT || slash <= 0) throw new SysError("mkdir", path, -r);
  makeDirectories(path.slice(0, slash), mode);
  const again = sys_mkdirat(AT_FDCWD, path, mode);
  if (again !== -EEXIST) checked(again, "mkdir", path);
}

export function tryUnlink(path: string): number {
  return sys_unlinkat(AT_FDCWD, path, 0);
}

export function tryRemoveDirectory(path: string): number {
  return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/** Removes a file or a whole folder; never follows a symlink. Nothing there is fine. */
export function removeTree(path: string): void {
  removeAt(AT_FDCWD, path, path);
}

function removeAt(dirfd: number, name: string, path: string): void {
  const r = sys_unlinkat(dirfd, name, 0);
  if (r === 0 || r === -ENOENT) return;
  const fd = tryOpenAt(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (fd < 0) throw new SysError("unlink", path, -r);
  try {
    for (const entry of listFd(fd, path)) removeAt(fd, entry, `${path}/${entry}`);
  } finally {
    sys_close(fd);
  }
  const gone = sys_unlinkat(dirfd, name, AT_REMOVEDIR);
  if (gone !== -ENOENT) checked(gone, "rmdir", path);
}

export function tryRename(from: string, to: string): number {
  return sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

export function renameFile(from: string, to: string): void {
  checked(tryRename(from, to), "rename", `${from} to ${to}`);
}

export function tryLink(from: string, to: string): number {
  return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

export function trySymlink(target: string, path: string): number {
  return sys_symlinkat(target, AT_FDCWD, path);
}

/** Target of a symlink; "" when the path is none. */
export function readLink(path: string): string {
  const b = new Uint8Array(4096);
  const n = sys_readlinkat(AT_FDCWD, path, b);
  return n < 0 ? "" : fromUtf8(b.subarray(0, n));
}

export function tryMakeNode(path: string, mode: number, major: number, minor: number): number {
  return sys_mknodat(AT_FDCWD, path, mode, major, minor);
}

export function changeMode(path: string, mode: number): void {
  checked(sys_fchmodat(AT_FDCWD, path, mode), "chmod", path);
}

export function changeOwner(path: string, uid: number, gid: number): void {
  checked(sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW), "chown", path);
}

const LOCK_EX = 2;
const LOCK_NB = 4;

/** Waits until this process alone has the file, which is made when missing; until the descriptor is closed. */
export function lockFile(path: string): number {
  const fd = openFile(path, O_RDWR | O_CREAT, 0o600);
  const r = sys_flock(fd, LOCK_EX);
  if (r < 0) sys_close(fd);
  checked(r, "flock", path);
  return fd;
}

/** The same, but without waiting: -errno when it can't be had now. */
export function tryLockFile(path: string): number {
  const fd = tryOpen(path, O_RDWR | O_CREAT, 0o600);
  const r = fd < 0 ? fd : sys_flock(fd, LOCK_EX + LOCK_NB);
  if (r >= 0) return fd;
  sys_close(fd);
  return r;
}

export function syncFd(fd: number, path: string): void {
  checked(sys_fsync(fd), "fsync", path);
}

/** fsync of a folder: its names survive a power cut. */
export function syncDirectory(path: string): void {
  const fd = openFile(path, O_RDONLY | O_DIRECTORY);
  try {
    checked(sys_fsync(fd), "fsync", path);
  } finally {
    sys_close(fd);
  }
}

export function changeDirectory(path: string): void {
  checked(sys_chdir(path), "chdir", path);
}

export function currentDirectory(): string {
  const b = new Uint8Array(4096);
  return fromUtf8(b.subarray(0, checked(sys_getcwd(b), "getcwd", "")));
}

/** Sets an extended attribute of what a path leads to: 0 or -errno. */
export function trySetAttribute(path: string, name: string, value: string): number {
  return sys_setxattr(path, name, toUtf8(value), 0);
}

/** A short extended attribute of what a path leads to, "" without. */
export function attributeOf(path: string, name: string): string {
  const b = new Uint8Array(64);
  const n = sys_getxattr(path, name, b);
  return n < 0 ? "" : fromUtf8(b.subarray(0, n));
}

/** Random bytes from the kernel. */
export function randomBytes(count: number): Uint8Array {
  const b = new Uint8Array(count);
  checked(sys_getrandom(b), "getrandom", "");
  return b;
}

/** One read at a position of a file: bytes, 0 at the end, or -errno. */
export function tryReadAt(fd: number, into: Uint8Array, length: number, position: number): number {
  let r = sys_pread(fd, into, 0, length, position);
  while (r === -EINTR) r = sys_pread(fd, into, 0, length, position);
  return r;
}

const RWF_NOWAIT = 8;

/** Whether a file's start and end are in memory; false where its filesystem can't tell. Source: preadv2(2). */
export function isCached(path: string): boolean {
  const fd = tryOpen(path, O_RDONLY);
  const last = sys_lseek(fd, -1, 2);
  const b = new Uint8Array(1);
  const cached = last >= 0 && sys_preadv2(fd, b, 0, RWF_NOWAIT) === 1 && sys_preadv2(fd, b, last, RWF_NOWAIT) === 1;
  sys_close(fd);
  return cached;
}

/** What is at a position of a file or device, up to `length` bytes; fewer at its end or where it can't be read. */
export function readAt(fd: number, position: number, length: number): Uint8Array {
  const b = new Uint8Array(length);
  let used = 0;
  while (used < length) {
    const n = sys_pread(fd, b, used, length - used, position + used);
    if (n === -EINTR) continue;
    if (checked(n, "pread", "") === 0) break;
    used += n;
  }
  return b.subarray(0, used);
}

/// <reference path="../../src/sys/sys.d.ts" />
/** Rows of files: everything happens below one empty folder. */
import { u16At, u32At, f64At } from "../../src/sys/bytes.ts";
import { AT_FDCWD, AT_REMOVEDIR, O_CREAT, O_DIRECTORY, O_PATH, O_RDONLY, O_RDWR, O_WRONLY, RESOLVE_BENEATH, S_IFCHR, S_IFMT } from "../../src/sys/constants.ts";
import { EAGAIN, EBADF, EEXIST, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, ENOTEMPTY, ERANGE, EXDEV } from "../../src/sys/errno.ts";
import { fromUtf8, toUtf8 } from "../../src/sys/text.ts";
import { ENODATA, ESPIPE } from "./errnos.ts";
import { inChild, infallible, refused, works } from "./tally.ts";

const CWD = AT_FDCWD;

function opened(path: string): number {
  return sys_openat(CWD, path, O_RDWR | O_CREAT, 0o644);
}

export function fileRows(dir: string): void {
  opening(dir);
  content(dir);
  names(dir);
  properties(dir);
  places(dir);
  watches(dir);
}

function opening(dir: string): void {
  const fd = works("sys_openat", opened(`${dir}/f`));
  refused("sys_openat", sys_openat(CWD, `${dir}/none`, O_RDONLY, 0), ENOENT);
  refused("sys_openat", sys_openat(CWD, "a\0b", O_RDONLY, 0), EINVAL);
  refused("sys_openat", sys_openat(CWD, "x".repeat(5000), O_RDONLY, 0), ENAMETOOLONG);
  const folder = sys_openat(CWD, dir, O_RDONLY | O_DIRECTORY, 0);
  const second = works("sys_openat2", sys_openat2(folder, "f", O_RDONLY, 0, RESOLVE_BENEATH));
  refused("sys_openat2", sys_openat2(folder, "../f", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
  refused("sys_openat2", sys_openat2(folder, "a\0b", O_RDONLY, 0, 0), EINVAL);
  works("sys_dup3", sys_dup3(fd, 200, 0), sys_fcntl(200, 1, 0) === 0);
  refused("sys_dup3", sys_dup3(-1, 201, 0), EBADF);
  works("sys_fcntl", sys_fcntl(fd, 2, 1), sys_fcntl(fd, 1, 0) === 1);
  refused("sys_fcntl", sys_fcntl(-1, 1, 0), EBADF);
  works("sys_flock", sys_flock(fd, 2));
  refused("sys_flock", sys_flock(second < 0 ? -1 : second, 2 + 4), second < 0 ? EBADF : EAGAIN);
  works("sys_close", sys_close(200), sys_fcntl(200, 1, 0) === -EBADF);
  refused("sys_close", sys_close(-1), EBADF);
  sys_dup3(fd, 300, 0);
  works("sys_close_range", sys_close_range(300, 400, 0), sys_fcntl(300, 1, 0) === -EBADF);
  refused("sys_close_range", sys_close_range(400, 300, 0), EINVAL);
  sys_close(folder);
  if (second >= 0) sys_close(second);
  sys_close(fd);
}

/** Bytes at..at+n of a buffer as text. */
function text(b: Uint8Array, at: number, n: number): string {
  return fromUtf8(b.subarray(at, at + n));
}

function content(dir: string): void {
  const fd = opened(`${dir}/c`);
  const b = new Uint8Array(16);
  works("sys_write", sys_write(fd, toUtf8("_hello_"), 1, 5), true);
  refused("sys_write", sys_write(fd, toUtf8("hello"), 3, 3), EINVAL);
  refused("sys_write", sys_write(-1, toUtf8("hello"), 0, 5), EBADF);
  works("sys_lseek", sys_lseek(fd, 1, 0), true);
  refused("sys_lseek", sys_lseek(fd, -1, 0), EINVAL);
  works("sys_read", sys_read(fd, b, 2, 4), text(b, 2, 4) === "ello");
  refused("sys_read", sys_read(fd, b, 17, 0), EINVAL);
  refused("sys_read", sys_read(-1, b, 0, 4), EBADF);
  works("sys_write_text", sys_write_text(fd, " wörld"), true);
  refused("sys_write_text", sys_write_text(-1, "x"), EBADF);
  works("sys_pwrite", sys_pwrite(fd, toUtf8("far"), 0, 3, 5000000000), sys_lseek(fd, 0, 2) === 5000000003);
  refused("sys_pwrite", sys_pwrite(fd, b, 0, 17, 0), EINVAL);
  refused("sys_pwrite", sys_pwrite(fd, b, 0, 1, -1), EINVAL);
  works("sys_pread", sys_pread(fd, b, 0, 3, 5000000000), text(b, 0, 3) === "far");
  refused("sys_pread", sys_pread(-1, b, 0, 1, 0), EBADF);
  works("sys_preadv2", sys_preadv2(fd, b.subarray(0, 3), 5000000000, 0), text(b, 0, 3) === "far");
  refused("sys_preadv2", sys_preadv2(-1, b, 0, 8), EBADF);
  works("sys_ftruncate", sys_ftruncate(fd, 12), sys_lseek(fd, 0, 2) === 12);
  refused("sys_ftruncate", sys_ftruncate(fd, -1), EINVAL);
  works("sys_fallocate", sys_fallocate(fd, 0, 0, 8192), sys_lseek(fd, 0, 2) === 8192);
  refused("sys_fallocate", sys_fallocate(fd, 0, 0, 0), EINVAL);
  works("sys_fsync", sys_fsync(fd));
  refused("sys_fsync", sys_fsync(-1), EBADF);
  works("sys_fdatasync", sys_fdatasync(fd));
  refused("sys_fdatasync", sys_fdatasync(-1), EBADF);
  works("sys_syncfs", sys_syncfs(fd));
  refused("sys_syncfs", sys_syncfs(-1), EBADF);
  works("sys_sync_file_range", sys_sync_file_range(fd, 0, 4096, 2));
  refused("sys_sync_file_range", sys_sync_file_range(fd, 0, 4096, 99), EINVAL);
  infallible("sys_sync", sys_sync() === 0);
  copies(dir, fd);
  sys_close(fd);
}

function copies(dir: string, fd: number): void {
  const to = opened(`${dir}/copy`);
  const pipe = new Uint8Array(8);
  sys_pipe2(pipe, 0);
  sys_lseek(fd, 0, 0);
  works("sys_copy_file_range", sys_copy_file_range(fd, to, 4), sys_lseek(to, 0, 2) === 4);
  refused("sys_copy_file_range", sys_copy_file_range(-1, to, 4), EBADF);
  sys_lseek(fd, 0, 0);
  works("sys_sendfile", sys_sendfile(u32At(pipe, 4), fd, 5), true);
  refused("sys_sendfile", sys_sendfile(to, -1, 5), EBADF);
  refused("sys_lseek", sys_lseek(u32At(pipe, 0), 0, 0), ESPIPE);
  sys_close(u32At(pipe, 0));
  sys_close(u32At(pipe, 4));
  sys_close(to);
}

function names(dir: string): void {
  const b = new Uint8Array(256);
  works("sys_mkdirat", sys_mkdirat(CWD, `${dir}/d`, 0o755));
  refused("sys_mkdirat", sys_mkdirat(CWD, `${dir}/d`, 0o755), EEXIST);
  works("sys_symlinkat", sys_symlinkat("some/where", CWD, `${dir}/l`));
  refused("sys_symlinkat", sys_symlinkat("", CWD, `${dir}/m`), ENOENT);
  const n = works("sys_readlinkat", sys_readlinkat(CWD, `${dir}/l`, b), text(b, 0, 10) === "some/where");
  if (n !== 10) works("sys_readlinkat", -1);
  refused("sys_readlinkat", sys_readlinkat(CWD, `${dir}/d`, b), EINVAL);
  works("sys_linkat", sys_linkat(CWD, `${dir}/f`, CWD, `${dir}/d/f`, 0));
  refused("sys_linkat", sys_linkat(CWD, `${dir}/none`, CWD, `${dir}/x`, 0), ENOENT);
  works("sys_renameat2", sys_renameat2(CWD, `${dir}/d/f`, CWD, `${dir}/d/g`, 0));
  refused("sys_renameat2", sys_renameat2(CWD, `${dir}/d/g`, CWD, `${dir}/f`, 1), EEXIST);
  refused("sys_unlinkat", sys_unlinkat(CWD, `${dir}/d`, AT_REMOVEDIR), ENOTEMPTY);
  works("sys_unlinkat", sys_unlinkat(CWD, `${dir}/d/g`, 0));
  works("sys_mknodat", sys_mknodat(CWD, `${dir}/n`, S_IFCHR + 0o600, 1, 300));
  const node = new Uint8Array(256);
  works("sys_statx", sys_statx(CWD, `${dir}/n`, 0, 0xfff, node), (u16At(node, 28) & S_IFMT) === S_IFCHR && u32At(node, 128) === 1 && u32At(node, 132) === 300);
  refused("sys_mknodat", sys_mknodat(CWD, `${dir}/n`, S_IFCHR + 0o600, 1, 3), EEXIST);
  refused("sys_statx", sys_statx(CWD, `${dir}/none`, 0, 0xfff, node), ENOENT);
  refused("sys_statx", sys_statx(CWD, `${dir}/f`, 0, 0xfff, new Uint8Array(255)), EINVAL);
}

function properties(dir: string): void {
  const b = new Uint8Array(256);
  works("sys_fchmodat", sys_fchmodat(CWD, `${dir}/f`, 0o4751), sys_statx(CWD, `${dir}/f`, 0, 0xfff, b) === 0 && (u16At(b, 28) & 0o7777) === 0o4751);
  refused("sys_fchmodat", sys_fchmodat(CWD, `${dir}/none`, 0o600), ENOENT);
  works("sys_fchownat", sys_fchownat(CWD, `${dir}/f`, 70000, 80000, 0), sys_statx(CWD, `${dir}/f`, 0, 0xfff, b) === 0 && u32At(b, 20) === 70000 && u32At(b, 24) === 80000);
  refused("sys_fchownat", sys_fchownat(CWD, `${dir}/none`, 0, 0, 0), ENOENT);
  works("sys_faccessat", sys_faccessat(CWD, `${dir}/f`, 4, 0));
  refused("sys_faccessat", sys_faccessat(CWD, `${dir}/f/x`, 0, 0), ENOTDIR);
  works("sys_setxattr", sys_setxattr(`${dir}/f`, "trusted.arch", toUtf8("value"), 0));
  refused("sys_setxattr", sys_setxattr(`${dir}/none`, "trusted.arch", toUtf8("value"), 0), ENOENT);
  works("sys_getxattr", sys_getxattr(`${dir}/f`, "trusted.arch", b), text(b, 0, 5) === "value");
  refused("sys_getxattr", sys_getxattr(`${dir}/f`, "trusted.none", b), ENODATA);
  const s = new Uint8Array(64);
  works("sys_statfs", sys_statfs(dir, s), f64At(s, 0) > 0 && f64At(s, 8) >= 512 && f64At(s, 16) > 0);
  refused("sys_statfs", sys_statfs(`${dir}/none`, s), ENOENT);
  const fd = sys_openat(CWD, `${dir}/d`, O_RDONLY | O_DIRECTORY, 0);
  refused("sys_getdents64", sys_getdents64(fd, new Uint8Array(1)), EINVAL);
  works("sys_getdents64", sys_getdents64(fd, b), u16At(b, 16) >= 24);
  sys_close(fd);
  const before = sys_umask(0o027);
  infallible("sys_umask", sys_umask(before) === 0o027);
}

function places(dir: string): void {
  const b = new Uint8Array(4096);
  const memory = works("sys_memfd_create", sys_memfd_create("arch", 1), true);
  refused("sys_memfd_create", sys_memfd_create("arch", 0x4000000), EINVAL);
  sys_close(memory);
  works("sys_chdir", sys_chdir(dir));
  refused("sys_chdir", sys_chdir(`${dir}/none`), ENOENT);
  works("sys_getcwd", sys_getcwd(b), text(b, 0, dir.length) === dir);
  refused("sys_getcwd", sys_getcwd(new Uint8Array(2)), ERANGE);
  const root = sys_openat(CWD, "/", O_PATH | O_DIRECTORY, 0);
  works("sys_fchdir", sys_fchdir(root));
  refused("sys_fchdir", sys_fchdir(-1), EBADF);
  sys_close(root);
  const status = inChild(() => {
    if (sys_chroot(dir) !== 0 || sys_faccessat(CWD, "/f", 0, 0) !== 0) sys_exit(1);
  });
  works("sys_chroot", status === 0 ? 0 : -1);
  refused("sys_chroot", sys_chroot(`${dir}/f`), ENOTDIR);
  const random = new Uint8Array(32);
  works("sys_getrandom", sys_getrandom(random), text(random, 0, 8) !== "\0".repeat(8));
  infallible("sys_getrandom", sys_getrandom(new Uint8Array(0)) === 0);
}

function watches(dir: string): void {
  const fd = works("sys_inotify_init1", sys_inotify_init1(0));
  refused("sys_inotify_init1", sys_inotify_init1(1), EINVAL);
  const watch = works("sys_inotify_add_watch", sys_inotify_add_watch(fd, dir, 0x100));
  refused("sys_inotify_add_watch", sys_inotify_add_watch(fd, `${dir}/none`, 0x100), ENOENT);
  works("sys_inotify_rm_watch", sys_inotify_rm_watch(fd, watch));
  refused("sys_inotify_rm_watch", sys_inotify_rm_watch(fd, watch), EINVAL);
  sys_close(fd);
  sys_symlinkat("loop", CWD, `${dir}/loop`);
  refused("sys_openat", sys_openat(CWD, `${dir}/loop`, O_WRONLY, 0), ELOOP);
}

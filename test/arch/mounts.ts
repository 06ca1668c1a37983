/// <reference path="../../src/sys/sys.d.ts" />
/** Rows of mounts, in the mount namespace this program made. */
import { AT_FDCWD, MNT_DETACH, MS_BIND, O_CREAT, O_RDWR, O_WRONLY } from "../../src/sys/constants.ts";
import { EBADF, EINVAL, ENODEV, ENOENT, ENOSYS, EROFS } from "../../src/sys/errno.ts";
import { putU32, putBytes } from "../../src/sys/bytes.ts";
import { toUtf8 } from "../../src/sys/text.ts";
import { inChild, lacks, print, refused, works } from "./tally.ts";

const CWD = AT_FDCWD;

/** dir: a folder of a file system in memory. disk: a folder of one on a disk, "" when there is none. */
export function mountRows(dir: string, disk: string): void {
  sys_mkdirat(CWD, `${dir}/m`, 0o755);
  sys_mkdirat(CWD, `${dir}/t`, 0o755);
  works("sys_mount", sys_mount("arch", `${dir}/m`, "tmpfs", 0, "mode=700,size=64k"), sys_mkdirat(CWD, `${dir}/m/x`, 0o755) === 0);
  refused("sys_mount", sys_mount("arch", `${dir}/m`, "nonesuch", 0, ""), ENODEV);
  refused("sys_mount", sys_mount("", `${dir}/none`, "tmpfs", 0, ""), ENOENT);
  works("sys_umount2", sys_umount2(`${dir}/m`, MNT_DETACH), sys_faccessat(CWD, `${dir}/m/x`, 0, 0) === -ENOENT);
  refused("sys_umount2", sys_umount2(`${dir}/m`, 0), EINVAL);
  newInterface(dir);
  pivot(dir);
  swap(disk);
}

function newInterface(dir: string): void {
  const context = works("sys_fsopen", sys_fsopen("tmpfs", 1));
  refused("sys_fsopen", sys_fsopen("nonesuch", 1), ENODEV);
  refused("sys_fsconfig", sys_fsconfig(context, 1, "nonesuch", "x", 0), context < 0 ? EBADF : EINVAL);
  works("sys_fsconfig", sys_fsconfig(context, 1, "size", "64k", 0));
  works("sys_fsconfig", sys_fsconfig(context, 6, "", "", 0));
  const mount = works("sys_fsmount", sys_fsmount(context, 1, 0));
  refused("sys_fsmount", sys_fsmount(-1, 1, 0), EBADF);
  works("sys_move_mount", sys_move_mount(mount, "", CWD, `${dir}/m`, 4), mount < 0 || sys_mkdirat(CWD, `${dir}/m/y`, 0o755) === 0);
  refused("sys_move_mount", sys_move_mount(CWD, `${dir}/none`, CWD, `${dir}/m`, 0), ENOENT);
  const picked = works("sys_fspick", sys_fspick(CWD, `${dir}/m`, 1));
  refused("sys_fspick", sys_fspick(CWD, `${dir}/none`, 1), ENOENT);
  const tree = works("sys_open_tree", sys_open_tree(CWD, `${dir}/m`, 1));
  refused("sys_open_tree", sys_open_tree(CWD, `${dir}/none`, 1), ENOENT);
  const set = sys_mount_setattr(CWD, `${dir}/m`, 0, 1, 0, 0, -1);
  works("sys_mount_setattr", set, set < 0 || sys_mkdirat(CWD, `${dir}/m/z`, 0o755) === -EROFS);
  refused("sys_mount_setattr", sys_mount_setattr(CWD, `${dir}/t`, 0, 1, 0, 0, -1), EINVAL);
  for (const fd of [context, mount, picked, tree]) if (fd >= 0) sys_close(fd);
  sys_umount2(`${dir}/m`, MNT_DETACH);
}

function pivot(dir: string): void {
  const status = inChild(() => {
    if (sys_unshare(0x20000) !== 0 || sys_mount(`${dir}/t`, `${dir}/t`, "", MS_BIND, "") !== 0 || sys_chdir(`${dir}/t`) !== 0) sys_exit(200);
    const r = sys_pivot_root(".", ".");
    if (r !== 0) sys_exit(-r);
    sys_exit(sys_faccessat(CWD, dir, 0, 0) === -ENOENT ? 0 : 201);
  });
  works("sys_pivot_root", status === 0 ? 0 : -status);
  refused("sys_pivot_root", sys_pivot_root(`${dir}/none`, `${dir}/none`), ENOENT);
}

/** A swap file of 64 pages. Source: kernel include/linux/swap.h, union swap_header. */
function swap(disk: string): void {
  refused("sys_swapon", sys_swapon(`${disk}/none`, 0), ENOENT);
  refused("sys_swapoff", sys_swapoff(`${disk}/none`), ENOENT);
  if (disk === "") {
    lacks("sys_swapon", "no file system on a disk was named");
    lacks("sys_swapoff", "no file system on a disk was named");
    return;
  }
  const path = `${disk}/arch-swap`;
  const fd = sys_openat(CWD, path, O_RDWR | O_CREAT, 0o600);
  const page = new Uint8Array(4096);
  const zeros = new Uint8Array(4096);
  for (let i = 0; i < 64; i++) sys_pwrite(fd, zeros, 0, 4096, 4096 * i);
  putU32(page, 1024, 1);
  putU32(page, 1028, 63);
  putBytes(page, 4086, toUtf8("SWAPSPACE2"));
  sys_pwrite(fd, page, 0, 4096, 0);
  sys_fsync(fd);
  sys_close(fd);
  const on = sys_swapon(path, 0);
  works("sys_swapon", on);
  works("sys_swapoff", on === 0 ? sys_swapoff(path) : on === -ENOSYS ? -ENOSYS : on);
  sys_unlinkat(CWD, path, 0);
  if (sys_openat(CWD, `${disk}/arch-swap`, O_WRONLY, 0) >= 0) print("not ok sys_unlinkat: the swap file is still there");
}

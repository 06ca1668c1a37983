/**
 * Folders of a container that others mount from /exports/<c>/<path>. The
 * container's process opens them while it can, the manager attaches them in
 * its own mount namespace: nothing has to be shared between namespaces.
 * Rules: runtime spec §7 "exports". Needs kernel 5.2 (open_tree).
 */
import { AT_RECURSIVE, MNT_DETACH, MS_BIND, MS_REC, MS_SHARED, MS_SLAVE, UMOUNT_NOFOLLOW } from "../sys/constants.ts";
import { ENOSYS } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { makeDirectories, statPath, tryRemoveDirectory } from "../sys/files.ts";
import { attachMount, mountAt, OPEN_TREE_CLONE, tryOpenTree, tryUnmount } from "../sys/mounts.ts";

/** inside: absolute path in the container; outside: where others find it. */
export type Export = { inside: string; outside: string };

/** What a container exports; "." and ".." are resolved by no one here: the state refuses them. */
export function planExports(exportsDir: string, container: string, paths: string[]): Export[] {
  const out: Export[] = [];
  for (const p of paths) out.push({ inside: p, outside: `${exportsDir}/${container}${p}` });
  return out;
}

/**
 * In the container's first process, once its mounts are made: a detached copy
 * of the exported folder. `path` is the folder as that process sees it. Later
 * mounts below it show up in the copy too.
 */
export function openExport(path: string): number {
  const s = statPath(path, true);
  if (s === null || !s.isMountRoot) mountAt(path, path, "", MS_BIND + MS_REC);
  mountAt("", path, "", MS_SHARED);
  const fd = tryOpenTree(-100, path, OPEN_TREE_CLONE + AT_RECURSIVE);
  if (fd < 0) throw new SysError("open_tree", path, -fd, fd === -ENOSYS ? "exports need kernel 5.2" : "");
  return fd;
}

/** In the manager: puts an opened export where others find it. It follows the container's mounts, not the other way round. */
export function attachExport(fd: number, e: Export): void {
  removeExport(e);
  makeDirectories(e.outside);
  attachMount(fd, e.outside);
  mountAt("", e.outside, "", MS_SLAVE + MS_REC);
}

/** Takes an export away, whatever is left of it. Those who mounted it keep theirs. */
export function removeExport(e: Export): void {
  for (let r = tryUnmount(e.outside, UMOUNT_NOFOLLOW + MNT_DETACH); r >= 0; r = tryUnmount(e.outside, UMOUNT_NOFOLLOW + MNT_DETACH));
}

/** Takes all exports of a container away, with the folders that are empty then. */
export function removeExports(exports: Export[], exportsDir: string): void {
  for (let i = exports.length - 1; i >= 0; i--) {
    removeExport(exports[i]!);
    let folder = exports[i]!.outside;
    while (folder.length > exportsDir.length && tryRemoveDirectory(folder) >= 0) folder = folder.slice(0, folder.lastIndexOf("/"));
  }
}

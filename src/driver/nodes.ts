/**
 * Carries node actions out in one container's /dev, which the container may
 * have filled with links to lead us astray: every folder is opened below it
 * without following any, nodes are made complete and never changed by name.
 * Source: openat2(2), mknod(2).
 */
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, O_DIRECTORY, O_PATH, O_RDONLY, RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, S_IFBLK, S_IFCHR, S_IFMT } from "../sys/constants.ts";
import { EEXIST, ENOENT, errnoName } from "../sys/errno.ts";
import { closeFd, exists, statAt, statPath, tryOpen, tryOpenResolved } from "../sys/files.ts";
import { setUmask } from "../sys/processes.ts";
import { readLinkAt, tryChangeOwnerAt, tryMakeDirectoryAt, tryMakeNodeAt, trySymlinkAt, tryUnlinkAt } from "../sys/relative.ts";
import type { NodeAction } from "./node_plan.ts";

/**
 * The /dev of a running container by its init's pid; -1 when it is gone or
 * when it is the host's own /dev, in which nothing may be made or removed.
 */
export function openContainerDev(pid: number): number {
  const root = tryOpen(`/proc/${pid}/root`, O_PATH | O_DIRECTORY);
  if (root < 0) return -1;
  const dev = tryOpenResolved(root, "dev", O_RDONLY | O_DIRECTORY, 0, RESOLVE_IN_ROOT);
  closeFd(root);
  if (dev < 0) return -1;
  const there = statAt(dev, "", AT_EMPTY_PATH);
  const host = statPath("/dev");
  if (there !== null && (host === null || there.deviceMajor !== host.deviceMajor || there.deviceMinor !== host.deviceMinor)) return dev;
  closeFd(dev);
  return -1;
}

/** Does the actions in a container's /dev; commands are the caller's. Result: what failed, in words. */
export function applyNodes(dev: number, actions: NodeAction[]): string[] {
  const failed: string[] = [];
  const before = setUmask(0);
  for (const a of actions) {
    if (a.kind === "command") continue;
    const r = inFolder(dev, a);
    if (r < 0) failed.push(`${a.kind} /dev/${a.name}: ${errnoName(-r)}`);
  }
  setUmask(before);
  return failed;
}

/** 0 or -errno. */
function inFolder(dev: number, a: NodeAction): number {
  const slash = a.name.lastIndexOf("/");
  const isMaking = a.kind === "node" || a.kind === "link";
  const folder = openFolder(dev, slash < 0 ? "" : a.name.slice(0, slash), isMaking);
  if (folder < 0) return folder === -ENOENT && !isMaking ? 0 : folder;
  const r = perform(folder, a.name.slice(slash + 1), a);
  closeFd(folder);
  return r;
}

/** The folder `path` below dev, made where it is missing when `make`; no symlink is followed. */
function openFolder(dev: number, path: string, make: boolean): number {
  const resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  let fd = tryOpenResolved(dev, ".", O_PATH | O_DIRECTORY, 0, resolve);
  if (path === "") return fd;
  for (const part of path.split("/")) {
    if (fd < 0) return fd;
    if (make) tryMakeDirectoryAt(fd, part, 0o755);
    const next = tryOpenResolved(fd, part, O_PATH | O_DIRECTORY, 0, resolve);
    closeFd(fd);
    fd = next;
  }
  return fd;
}

function perform(folder: number, name: string, a: NodeAction): number {
  if (a.kind === "node") return makeNode(folder, name, a.type, a.major, a.minor, a.mode, a.uid, a.gid);
  if (a.kind === "link") return makeLink(folder, name, a.target, a.name);
  if (a.kind === "remove") return isNode(folder, name, a.type, a.major, a.minor) ? tryUnlinkAt(folder, name) : 0;
  if (a.kind === "unlink") return readLinkAt(folder, name) === climb(a.name, a.target) ? tryUnlinkAt(folder, name) : 0;
  return 0;
}

function makeNode(folder: number, name: string, type: "b" | "c", major: number, minor: number, mode: number, uid: number, gid: number): number {
  const full = mode + (type === "b" ? S_IFBLK : S_IFCHR);
  let r = tryMakeNodeAt(folder, name, full, major, minor);
  if (r === -EEXIST) {
    if (isNode(folder, name, type, major, minor)) return 0;
    // a node of another device is left from one that has gone; anything else is the container's own
    if (!isAnyNode(folder, name)) return -EEXIST;
    tryUnlinkAt(folder, name);
    r = tryMakeNodeAt(folder, name, full, major, minor);
  }
  return r < 0 || (uid === 0 && gid === 0) ? r : tryChangeOwnerAt(folder, name, uid, gid);
}

function isNode(folder: number, name: string, type: "b" | "c", major: number, minor: number): boolean {
  const s = statAt(folder, name, AT_SYMLINK_NOFOLLOW);
  return s !== null && (s.mode & S_IFMT) === (type === "b" ? S_IFBLK : S_IFCHR) && s.rdevMajor === major && s.rdevMinor === minor;
}

function isAnyNode(folder: number, name: string): boolean {
  const s = statAt(folder, name, AT_SYMLINK_NOFOLLOW);
  return s !== null && ((s.mode & S_IFMT) === S_IFBLK || (s.mode & S_IFMT) === S_IFCHR);
}

/** The way from a link below /dev to another name below /dev. */
function climb(name: string, target: string): string {
  return "../".repeat(name.split("/").length - 1) + target;
}

function makeLink(folder: number, name: string, target: string, full: string): number {
  const way = climb(full, target);
  const r = trySymlinkAt(way, folder, name);
  return r === -EEXIST && readLinkAt(folder, name) === way ? 0 : r;
}

/** Is the device of these numbers there now? What the uevent socket says of it can be asked here. */
export function deviceExists(type: "b" | "c", major: number, minor: number): boolean {
  return exists(`/sys/dev/${type === "b" ? "block" : "char"}/${major}:${minor}`);
}

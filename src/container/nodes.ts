/**
 * /dev of a container: nodes, links, terminals, boot id. In the container's
 * own tmpfs they are made; where the configuration put the host's /dev there,
 * nothing of it is changed, only bound over. Rules: runtime spec §14
 * (autodev, devpts).
 */
import { AT_EMPTY_PATH, AT_FDCWD, MS_BIND, MS_NOEXEC, MS_NOSUID, O_CREAT, O_WRONLY, S_IFCHR } from "../sys/constants.ts";
import { EEXIST, EINVAL, ENOENT, EPERM, EROFS } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { closeFd, readText, tryOpenAt } from "../sys/files.ts";
import { tryMount } from "../sys/mounts.ts";
import { setUmask } from "../sys/processes.ts";
import { identityAt, tryMakeNodeAt, trySymlinkAt, tryUnlinkAt, tryWriteText } from "../sys/relative.ts";
import { bindFile, clearInRoot, openTarget, remountInRoot } from "./placing.ts";
import { fdPath, openInRoot } from "./resolve.ts";
const NODES = ["null", "zero", "full", "random", "urandom", "tty"];
const MAJORS = [1, 1, 1, 1, 1, 5];
const MINORS = [3, 5, 7, 8, 9, 0];

/** The nodes every program may count on, mode 0666; where the kernel refuses mknod the host's are bound. */
export function makeDevNodes(root: number): void {
  const dev = openTarget(root, "dev", "", "make nodes in");
  const mask = setUmask(0);
  for (let i = 0; i < NODES.length; i++) {
    const name = NODES[i]!;
    const r = tryMakeNodeAt(dev, name, S_IFCHR | 0o666, MAJORS[i]!, MINORS[i]!);
    if (r === -EPERM) bindFile(root, `/dev/${name}`, `dev/${name}`);
    else if (r < 0 && r !== -EEXIST) throw new SysError("mknod", `/dev/${name}`, -r);
  }
  setUmask(mask);
  closeFd(dev);
}

const LINKS = ["fd", "stdin", "stdout", "stderr"];
const LINK_TARGETS = ["/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2"];

/** fd, stdin, stdout, stderr, where they are missing; a root without /dev, or a read-only one, does without. */
export function makeDevLinks(root: number): void {
  const dev = openInRoot(root, "dev");
  if (dev === -ENOENT) return;
  if (dev < 0) throw new SysError("open", "/dev", -dev);
  for (let i = 0; i < LINKS.length; i++) {
    const r = trySymlinkAt(LINK_TARGETS[i]!, dev, LINKS[i]!);
    if (r < 0 && r !== -EEXIST && r !== -EROFS) throw new SysError("symlink", `/dev/${LINKS[i]!}`, -r);
  }
  closeFd(dev);
}

/** Whether the container's /dev is the host's: its names are then everybody's. */
export function sharesHostDev(root: number): boolean {
  const inside = openInRoot(root, "dev");
  if (inside < 0) return false;
  const a = identityAt(inside, "", AT_EMPTY_PATH);
  const b = identityAt(AT_FDCWD, "/dev", 0);
  closeFd(inside);
  return a !== null && b !== null && a.inode === b.inode && a.device === b.device;
}

/** A devpts of its own with at most `max` terminals, and ptmx that leads there. */
export function mountDevPts(root: number, max: string): void {
  const pts = openTarget(root, "dev/pts", "dir", "mount devpts on");
  const path = fdPath(pts);
  const flags = MS_NOSUID | MS_NOEXEC;
  let r = 0;
  // a user namespace without group 5, and kernels before 3.4, don't take all of it
  for (const data of [`newinstance,ptmxmode=0666,mode=0620,gid=5,max=${max}`, `newinstance,ptmxmode=0666,mode=0620,max=${max}`, "newinstance,ptmxmode=0666,mode=0620"]) {
    r = tryMount("devpts", path, "devpts", flags, data);
    if (r !== -EINVAL) break;
  }
  closeFd(pts);
  if (r < 0) throw new SysError("mount devpts on", "/dev/pts", -r);
  const dev = openTarget(root, "dev", "", "make ptmx in");
  const linked = sharesHostDev(root) ? -EEXIST : trySymlinkAt("pts/ptmx", dev, "ptmx");
  closeFd(dev);
  if (linked === -EEXIST) bindPtmx(root);
  else if (linked < 0 && linked !== -EROFS) throw new SysError("symlink", "/dev/ptmx", -linked);
}

function bindPtmx(root: number): void {
  const own = openTarget(root, "dev/pts/ptmx", "", "bind");
  const what = identityAt(own, "", AT_EMPTY_PATH);
  const there = openInRoot(root, "dev/ptmx");
  const now = there < 0 ? null : identityAt(there, "", AT_EMPTY_PATH);
  const leadsThere = what !== null && now !== null && what.device === now.device && what.inode === now.inode;
  const r = there < 0 || leadsThere ? 0 : tryMount(fdPath(own), fdPath(there), "", MS_BIND);
  closeFd(there);
  closeFd(own);
  if (r < 0) throw new SysError("bind", "/dev/pts/ptmx on /dev/ptmx", -r);
}

/** Puts a terminal of the host on a name in the container's /dev, over whatever is there. */
export function placeTerminal(root: number, terminal: string, target: string): void {
  clearInRoot(root, target);
  bindFile(root, terminal, target);
}

/** A boot id of the container's own over the host's: best effort, a reader gets the host's otherwise. */
export function placeBootId(root: number): void {
  const name = ".boot-id";
  const place = "proc/sys/kernel/random/boot_id";
  const dev = openInRoot(root, "dev");
  const target = openInRoot(root, place);
  const id = readText("/proc/sys/kernel/random/uuid");
  const fd = tryOpenAt(dev, name, O_WRONLY | O_CREAT, 0o444);
  if (fd >= 0 && target >= 0 && tryWriteText(fd, id) > 0 && tryMount(fdPath(fd), fdPath(target), "", MS_BIND) === 0) remountInRoot(root, place, 1, 0);
  if (fd >= 0) tryUnlinkAt(dev, name);
  closeFd(fd);
  closeFd(target);
  closeFd(dev);
}

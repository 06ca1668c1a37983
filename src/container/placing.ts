/**
 * Mounts below a container's root, before it becomes "/". Targets are opened
 * first and mounted on by descriptor, so that a symlink in the root can't put
 * a mount on the host's side. Source: mount(2); runtime spec §14.
 */
import { AT_EMPTY_PATH, MNT_DETACH, MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, MS_REMOUNT, O_PATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, S_IFDIR, S_IFMT } from "../sys/constants.ts";
import { EINVAL, ENOENT, ENOSYS, ENOTDIR } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { closeFd, makeDirectories, tryOpenResolved } from "../sys/files.ts";
import { mountHint, MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH, tryMount, tryMoveMount, tryUnmount } from "../sys/mounts.ts";
import { identityAt, mountFlagsOf } from "../sys/relative.ts";
import { fdPath, makeInRoot, openInRoot } from "./resolve.ts";
import { WHERE_POSSIBLE, type Create, type Step } from "./step.ts";

/** Bits that a bind takes only by a second call. */
const RESTRICTIONS = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

/** The place for a mount, made when asked for; the caller closes it. */
export function openTarget(root: number, target: string, create: Create, step: string): number {
  const fd = makeInRoot(root, target, create);
  if (fd >= 0) return fd;
  throw new SysError(step, `/${target}`, -fd, fd === -ENOENT ? "no such place in the container; create=dir or create=file makes it" : "");
}

/** Adds to and takes from the flags of the mount at `target`; nothing when it has them already. */
export function remountInRoot(root: number, target: string, add: number, clear: number): void {
  const fd = target === "" ? root : openTarget(root, target, "", "remount");
  const path = fdPath(fd);
  const now = mountFlagsOf(path);
  const before = now < 0 ? 0 : now & RESTRICTIONS;
  const wanted = ((before | add) & ~clear) >>> 0;
  const r = wanted === before ? 0 : tryMount("", path, "", (MS_REMOUNT | MS_BIND | wanted) >>> 0);
  if (fd !== root) closeFd(fd);
  if (r < 0) throw new SysError("remount", `/${target}`, -r);
}

/** The source of a step as a path, and the descriptor behind it (-1: none). */
type Source = { path: string; fd: number };

function openSource(root: number, s: Step): Source {
  if (!s.inside) return { path: s.source, fd: -1 };
  let fd = tryOpenResolved(root, s.source, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
  if (fd === -ENOSYS) fd = openInRoot(root, s.source);
  if (fd < 0) throw new SysError("bind", `/${s.source}`, -fd, "the source below the container's root");
  return { path: fdPath(fd), fd };
}

/** Makes the writable folders an overlay entry names. */
function makeLayers(data: string): void {
  for (const word of data.split(",")) {
    const eq = word.indexOf("=");
    const key = word.slice(0, Math.max(0, eq));
    if (key === "upperdir" || key === "workdir") makeDirectories(word.slice(eq + 1));
  }
}

function mountName(s: Step): string {
  return s.fstype === "" ? "bind" : `mount ${s.fstype}`;
}

/** What refused the mount: for a bind of something that is not there, the source. */
function mountError(s: Step, errno: number): SysError {
  if (s.fstype !== "") return new SysError(`mount ${s.fstype} on`, `/${s.target}`, errno, mountHint(errno, s.fstype));
  return new SysError("bind", `${s.source} on /${s.target}`, errno, errno === ENOENT ? "the source is not there" : "");
}

/** Carries out one mount step. Throws SysError naming what refused; whether that matters is the caller's business. */
export function mountInRoot(root: number, s: Step): void {
  if ((s.flags & MS_REMOUNT) !== 0) {
    remountInRoot(root, s.target, s.flags & RESTRICTIONS, s.clear & RESTRICTIONS);
    return;
  }
  if (s.makeSource) makeDirectories(s.source);
  if (s.fstype === "overlay") makeLayers(s.data);
  if (s.tree < 0 && s.idmap !== "" && s.idmap !== WHERE_POSSIBLE) throw mountError(s, EINVAL);
  const target = openTarget(root, s.target, s.create, mountName(s));
  const source: Source = s.inside && s.source === s.target ? { path: fdPath(target), fd: -1 } : openSource(root, s);
  const isBind = (s.flags & MS_BIND) !== 0;
  const flags = isBind ? s.flags & (MS_BIND | MS_REC) : s.flags;
  const r = s.tree < 0 ? tryMount(source.path, fdPath(target), s.fstype, flags >>> 0, isBind ? "" : s.data) : tryMoveMount(s.tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH + MOVE_MOUNT_T_EMPTY_PATH);
  closeFd(s.tree);
  closeFd(target);
  closeFd(source.fd);
  if (r < 0) throw mountError(s, -r);
  if (isBind && (s.flags & RESTRICTIONS) !== 0) remountInRoot(root, s.target, s.flags & RESTRICTIONS, s.clear & RESTRICTIONS);
  if (s.propagation !== 0) changePropagation(root, s.target, s.propagation);
}

function changePropagation(root: number, target: string, propagation: number): void {
  const fd = openTarget(root, target, "", "change propagation of");
  const r = tryMount("", fdPath(fd), "", propagation);
  closeFd(fd);
  if (r < 0) throw new SysError("change propagation of", `/${target}`, -r);
}

/**
 * Hides a file behind /dev/null, a folder behind an empty read-only tmpfs;
 * nothing when it is not there. empty: a place that already got such a tmpfs,
 * "" for none; the result is for the next call.
 */
export function maskInRoot(root: number, target: string, empty: string): string {
  const fd = openInRoot(root, target);
  if (fd === -ENOENT || fd === -ENOTDIR) return empty;
  if (fd < 0) throw new SysError("mask", `/${target}`, -fd);
  const what = identityAt(fd, "", AT_EMPTY_PATH);
  const isFolder = what !== null && (what.mode & S_IFMT) === S_IFDIR;
  const r = isFolder ? maskFolder(root, fd, empty) : tryMount("/dev/null", fdPath(fd), "", MS_BIND);
  closeFd(fd);
  if (r < 0) throw new SysError("mask", `/${target}`, -r);
  return isFolder ? target : empty;
}

function maskFolder(root: number, fd: number, empty: string): number {
  const source = empty === "" ? -1 : openInRoot(root, empty);
  if (source < 0) return tryMount("tmpfs", fdPath(fd), "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=0");
  const r = tryMount(fdPath(source), fdPath(fd), "", MS_BIND);
  closeFd(source);
  return r;
}

/** How many mounts may lie on one place. */
const MAX_STACKED = 64;

/** Takes away what was mounted on a place before. */
export function clearInRoot(root: number, target: string): void {
  for (let i = 0; i < MAX_STACKED; i++) {
    const fd = openInRoot(root, target);
    if (fd < 0) return;
    const r = tryUnmount(fdPath(fd), MNT_DETACH);
    closeFd(fd);
    if (r < 0) return;
  }
}

/** Binds a host path on a place of the root that is made as an empty file when missing. */
export function bindFile(root: number, source: string, target: string): void {
  const fd = openTarget(root, target, "file", "bind");
  const r = tryMount(source, fdPath(fd), "", MS_BIND);
  closeFd(fd);
  if (r < 0) throw new SysError("bind", `${source} on /${target}`, -r);
}

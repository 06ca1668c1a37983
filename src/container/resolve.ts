/**
 * Names inside a container's root, resolved so that neither "..", a symlink
 * nor a race leads out of it. Results are descriptors (O_PATH) or -errno; the
 * caller closes them. openat2 where the kernel has it (5.6), else a walk that
 * follows symlinks itself. Source: openat2(2), RESOLVE_IN_ROOT.
 */
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, O_DIRECTORY, O_NOFOLLOW, O_PATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, S_IFLNK, S_IFMT, S_IFREG } from "../sys/constants.ts";
import { EEXIST, ELOOP, ENOENT, ENOSYS, EPERM } from "../sys/errno.ts";
import { closeFd, tryOpenAt, tryOpenResolved } from "../sys/files.ts";
import { identityAt, readLinkAt, tryMakeDirectoryAt, tryMakeNodeAt } from "../sys/relative.ts";
import type { Create } from "./step.ts";

/** Symlinks in one name, as the kernel counts. */
const MAX_LINKS = 40;

/** A place inside the root for use as a path while /proc of the host is there. */
export function fdPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** What a walk asks of every place it comes to, before it goes on. */
export abstract class Gate {
  /** 0, or the -errno the walk ends with. */
  abstract admits(fd: number): number;
}

class OpenGate extends Gate {
  admits(_fd: number): number {
    return 0;
  }
}

/** Opens `path` below `root`; the last component is followed too. */
export function openInRoot(root: number, path: string): number {
  const r = tryOpenResolved(root, path === "" ? "." : path, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  // seccomp of an outer container may answer EPERM for calls it does not know
  if (r !== -ENOSYS && r !== -EPERM) return r;
  const w = walkInRoot(root, path, new OpenGate());
  closeFd(w.folder);
  return w.fd;
}

function popped(stack: number[]): void {
  if (stack.length > 1) closeFd(stack.pop()!);
}

/** fd: the place or -errno. folder: where `name`, the component looked at last, is or is missing. Both are the caller's to close. */
export type Walked = { fd: number; folder: number; name: string };

/** As openInRoot, step by step and past a gate: one descriptor a folder, so that ".." is the folder we came from. */
export function walkInRoot(root: number, path: string, gate: Gate): Walked {
  let rest = path.split("/");
  const stack = [root];
  let links = 0;
  let failed = 0;
  let last = "";
  while (rest.length > 0 && failed === 0) {
    const name = rest[0]!;
    rest = rest.slice(1);
    if (name === "" || name === ".") continue;
    if (name === "..") {
      popped(stack);
      continue;
    }
    last = name;
    const fd = tryOpenAt(stack[stack.length - 1]!, name, O_PATH | O_NOFOLLOW);
    failed = fd < 0 ? fd : gate.admits(fd);
    if (failed < 0) {
      closeFd(fd);
      break;
    }
    const what = identityAt(fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
    if (what === null || (what.mode & S_IFMT) !== S_IFLNK) {
      stack.push(fd);
      continue;
    }
    const target = readLinkAt(fd, "");
    closeFd(fd);
    links += 1;
    if (links > MAX_LINKS) failed = -ELOOP;
    if (target.startsWith("/")) while (stack.length > 1) popped(stack);
    rest = [...target.split("/"), ...rest];
  }
  const fd = failed !== 0 ? failed : takeLast(stack);
  const folder = takeLast(stack);
  while (stack.length > 1) popped(stack);
  return { fd, folder, name: last };
}

/** The last one of a walk; for the root itself another descriptor of it. */
function takeLast(stack: number[]): number {
  return stack.length > 1 ? stack.pop()! : tryOpenAt(stack[0]!, ".", O_PATH | O_DIRECTORY);
}

/** Parent and last component of a name. */
export type SplitName = { parent: string; name: string };

export function splitName(path: string): SplitName {
  const trimmed = path.endsWith("/") ? path.slice(0, path.length - 1) : path;
  const slash = trimmed.lastIndexOf("/");
  return slash < 0 ? { parent: "", name: trimmed } : { parent: trimmed.slice(0, slash), name: trimmed.slice(slash + 1) };
}

/**
 * As openInRoot; what is missing is made: folders on the way (0755), and the
 * last one as a folder or an empty file. A symlink that leads nowhere yet is
 * followed: what it names is made.
 */
export function makeInRoot(root: number, path: string, create: Create): number {
  return makeFollowing(root, path, create, MAX_LINKS);
}

function makeFollowing(root: number, path: string, create: Create, links: number): number {
  const there = openInRoot(root, path);
  if (there !== -ENOENT || create === "") return there;
  const split = splitName(path);
  const parent = makeFollowing(root, split.parent, "dir", links);
  if (parent < 0) return parent;
  const made = create === "dir" ? tryMakeDirectoryAt(parent, split.name, 0o755) : tryMakeNodeAt(parent, split.name, S_IFREG | 0o644, 0, 0);
  const link = made === -EEXIST ? readLinkAt(parent, split.name) : "";
  closeFd(parent);
  if (link !== "") return links === 0 ? -ELOOP : makeFollowing(root, link.startsWith("/") ? link.slice(1) : `${split.parent}/${link}`, create, links - 1);
  return made < 0 && made !== -EEXIST ? made : openInRoot(root, path);
}

/**
 * What belongs to the device's users shown as a container's own: idmapped
 * mounts. Used by the real root for a container that waits. Sources:
 * mount_setattr(2), MOUNT_ATTR_IDMAP; LXC's idmap= options.
 */
import { AT_EMPTY_PATH, AT_FDCWD, AT_RECURSIVE, MS_RDONLY, MS_REC, O_RDONLY } from "../sys/constants.ts";
import { EINVAL, ENOENT, ENOSYS, EPERM } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { changeOwner, closeFd, exists, isDirectory, listDirectory, makeDirectories, statPath, tryOpen } from "../sys/files.ts";
import { MOUNT_ATTR_IDMAP, OPEN_TREE_CLONE, tryOpenTree, trySetMountAttributes } from "../sys/mounts.ts";
import { isBelow, type ContainerPlan } from "./plan.ts";
import { WHERE_POSSIBLE, type Step } from "./step.ts";

/** word: the idmap= of it. hint: "" for the usual one. */
function refusal(path: string, word: string, errno: number, hint: string): SysError {
  const which = word.startsWith("/") ? `idmap=${word} is no user namespace, or ` : "";
  const why = errno === ENOSYS ? "needs kernel 5.12" : errno === EINVAL ? `${which}this kernel can't do that with its filesystem` : errno === EPERM ? "it is shown so already, or the filesystem is not the device's" : "";
  return new SysError("show under other ids", path, errno, hint === "" ? why : hint);
}

export class Shift {
  /** Whether the whole root is shown as the container's. */
  complete = true;
  private readonly plan: ContainerPlan;
  private readonly users: string;

  /** users: file of the container's user namespace. */
  constructor(plan: ContainerPlan, users: string) {
    this.plan = plan;
    this.users = users;
  }

  /** Whether a place was made for these maps: its owner is somebody inside. */
  isOfContainer(path: string): boolean {
    const s = statPath(path, true);
    return s !== null && this.plan.idmaps.some((m) => m.type === "u" && s.uid >= m.hostId && s.uid < m.hostId + m.count);
  }

  /** Gives a folder of the manager's, which can't be shown so, to the container's root, not what is in it. */
  handOver(path: string): void {
    if (isBelow(path, this.plan.given) && exists(path) && !this.isOfContainer(path)) changeOwner(path, this.plan.hostUid, this.plan.hostGid);
  }

  /** A detached copy of what is mounted at a path, shown as `word` says, or -errno. flags: AT_RECURSIVE with what is mounted below. What a word names may only be missing when that is optional. */
  private copy(path: string, word: string, flags: number, optional: boolean): number {
    const possible = word === WHERE_POSSIBLE;
    if (possible && !isBelow(path, this.plan.given)) return -EPERM;
    const tree = tryOpenTree(AT_FDCWD, path, OPEN_TREE_CLONE + flags);
    if (tree < 0 || (possible && this.isOfContainer(path))) return tree;
    const named = word.startsWith("/");
    const users = tryOpen(named ? word : this.users, O_RDONLY);
    if (users < 0 && !(named && optional)) throw new SysError("open", named ? `idmap=${word} of ${path}` : this.users, -users);
    const r = users < 0 ? users : trySetMountAttributes(tree, "", AT_EMPTY_PATH + flags, MOUNT_ATTR_IDMAP, 0, 0, users);
    closeFd(users);
    if (r >= 0) return tree;
    closeFd(tree);
    return r;
  }

  /** Copies of folders of the root: all, or none where that is no error. */
  open(folders: string[], flags: number): number[] {
    const trees: number[] = [];
    for (const f of folders) {
      const tree = this.copy(f, this.plan.root.idmap, flags, false);
      if (tree >= 0) {
        trees.push(tree);
        continue;
      }
      for (const t of trees) closeFd(t);
      this.refused(f, -tree, "");
      return [];
    }
    return trees;
  }

  /** A folder of the root stays as it is; throws where the configuration asks for more. */
  refused(path: string, errno: number, hint: string): void {
    if (this.plan.root.idmap !== WHERE_POSSIBLE) throw refusal(path, this.plan.root.idmap, errno, hint);
    this.complete = false;
  }

  /** The source of a bind as a detached mount; -1 when it is left to the container, who names what is wrong with it. */
  source(s: Step): number {
    const flags = (s.flags & MS_REC) !== 0 ? AT_RECURSIVE : 0;
    if (s.makeSource) makeDirectories(s.source);
    const tree = this.copy(s.source, s.idmap, flags, s.optional);
    if (tree >= 0) return tree;
    if (s.idmap !== WHERE_POSSIBLE) {
      if (s.optional) return -1;
      throw refusal(s.source, s.idmap, -tree, "");
    }
    // storage nobody has written to yet
    if ((s.flags & MS_RDONLY) === 0 && isDirectory(s.source) && listDirectory(s.source).length === 0) this.handOver(s.source);
    const plain = tryOpenTree(AT_FDCWD, s.source, OPEN_TREE_CLONE + flags);
    if (plain === -ENOENT && !s.optional) throw new SysError("bind", s.source, ENOENT, "the source is not there");
    return plain;
  }
}

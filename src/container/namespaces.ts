/**
 * Which namespaces a container gets: made by the clone, made later by its
 * first process, or joined. Pure. Rules: runtime spec §13
 * (lxc.namespace.keep, .clone, .share, and what neither says).
 */
import type { ContainerDescription, NamespaceName } from "../lxc/description.ts";
import type { Problem } from "../lxc/report.ts";
import { CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWTIME, CLONE_NEWUSER, CLONE_NEWUTS } from "../sys/constants.ts";
import { parseDecimal } from "../sys/text.ts";

/** In the order in which they are joined: the user namespace gives the right to the others, the mount namespace takes /proc away. */
const NAMES: NamespaceName[] = ["user", "cgroup", "ipc", "uts", "net", "pid", "time", "mnt"];
const FLAGS = [CLONE_NEWUSER, CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWTIME, CLONE_NEWNS];

/** CLONE_NEW* of a namespace's name. */
export function namespaceFlag(name: NamespaceName): number {
  return FLAGS[NAMES.indexOf(name)]!;
}

/** path: the namespace's file as the host sees it. */
export type JoinedNamespace = { name: NamespaceName; flag: number; path: string };

/** A container that others may share namespaces with. */
export type RunningPeer = { name: string; pid: number };

export type NamespacePlan = {
  /** New and own: made with the process. */
  cloned: number;
  /** New and own: made by the process itself, once it is in its cgroup (cgroup) or has no children yet (time). */
  unshared: number;
  joined: JoinedNamespace[];
};

/** Whether the container has a namespace of its own of that kind. */
export function isOwn(n: NamespacePlan, name: NamespaceName): boolean {
  const flag = namespaceFlag(name);
  return Math.floor(n.cloned / flag) % 2 === 1 || Math.floor(n.unshared / flag) % 2 === 1;
}

function isWanted(d: ContainerDescription, name: NamespaceName): boolean {
  if (name === "time") return d.timeBoot.set || d.timeMonotonic.set || (d.namespaces.clone !== null && d.namespaces.clone.includes("time"));
  // without maps nothing of the container would have an owner: LXC makes it all the same, and init then can't even read its own files
  if (name === "user" && d.idmaps.length === 0) return false;
  if (d.namespaces.keep !== null) return !d.namespaces.keep.includes(name);
  if (d.namespaces.clone !== null) return d.namespaces.clone.includes(name);
  return name !== "net" || d.net.length === 0 || d.net[0]!.type !== "none";
}

/** Whether its network is its own; else lxc.net is not for it, as with LXC. */
export function ownsNetwork(d: ContainerDescription): boolean {
  return isWanted(d, "net") && !d.namespaces.share.some((s) => s.namespace === "net");
}

/** The file behind a share target: a pid, a path, or the name of a running container; "" when there is none. */
function sharedPath(name: NamespaceName, target: string, peers: RunningPeer[]): string {
  if (target.startsWith("/")) return target;
  const pid = parseDecimal(target);
  if (pid > 0) return `/proc/${pid}/ns/${name}`;
  for (const p of peers) if (p.name === target && p.pid > 0) return `/proc/${p.pid}/ns/${name}`;
  return "";
}

/** Plans them; refusals go to `problems`. */
export function planNamespaces(d: ContainerDescription, peers: RunningPeer[], problems: Problem[]): NamespacePlan {
  const joined: JoinedNamespace[] = [];
  let cloned = 0;
  let unshared = 0;
  for (let i = 0; i < NAMES.length; i++) {
    const name = NAMES[i]!;
    const share = d.namespaces.share.filter((s) => s.namespace === name);
    if (share.length > 0) {
      const target = share[share.length - 1]!.target;
      const path = sharedPath(name, target, peers);
      if (path === "") problems.push({ at: `lxc.namespace.share.${name}`, why: `no running container "${target}"` });
      else joined.push({ name, flag: FLAGS[i]!, path });
    } else if (isWanted(d, name)) {
      if (name === "cgroup" || name === "time") unshared += FLAGS[i]!;
      else cloned += FLAGS[i]!;
    } else if (name === "mnt") {
      problems.push({ at: "lxc.namespace", why: "a container without a mount namespace of its own would change the device's mounts" });
    }
  }
  return { cloned, unshared, joined };
}

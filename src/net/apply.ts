/**
 * Carries out network plans: the manager's part in the host's namespace, the
 * child's part inside the container's. What fails throws a SysError that
 * names the step and the link; what was made is taken away again.
 */
import { AF_UNIX, CLONE_NEWNET, O_RDONLY, SOCK_DGRAM } from "../sys/constants.ts";
import { EEXIST, ENODEV } from "../sys/errno.ts";
import { errnoOf, reason, SysError } from "../sys/error.ts";
import { closeFd, openFile, putText } from "../sys/files.ts";
import { enterNamespace } from "../sys/processes.ts";
import { openSocket } from "../sys/sockets.ts";
import type { NetAction, NetPlan } from "./actions.ts";
import { NETLINK_ROUTE, NetChannel, raiseLink } from "./channel.ts";
import { NetlinkBatch } from "./netlink.ts";
import { addAddress, addBridge, addProxy, addRoute, addStacked, addVeth, deleteLink, moveHome, moveInside, setPortVlan, setUp } from "./route_messages.ts";

/** The host's part before the container's process exists. */
export function prepareNetwork(plan: NetPlan): void {
  if (plan.beforeClone.length > 0) applyHost(plan.beforeClone);
}

/** Does host actions that need no container: bridges, what a plan undoes. */
export function applyHost(actions: NetAction[]): void {
  const host = new Executor(0);
  try {
    for (const a of actions) host.perform(a);
  } finally {
    host.close();
  }
}

/**
 * The host's part while the child waits: gives it its links. pid: the child's,
 * as this process sees it. Result: a descriptor of the child's network
 * namespace that disconnectContainer needs (the caller closes it after), -1
 * where it needs none.
 */
export function connectContainer(plan: NetPlan, pid: number): number {
  const namespaceFd = openNetNamespace(plan, pid);
  if (plan.afterClone.length === 0) return namespaceFd;
  const host = new Executor(pid);
  const made: string[] = [];
  try {
    for (const a of plan.afterClone) {
      host.perform(a);
      made.push(a.link);
    }
    return namespaceFd;
  } catch (e) {
    undo(plan.afterExit.filter((a) => made.includes(a.link)), namespaceFd);
    closeFd(namespaceFd);
    throw e;
  } finally {
    host.close();
  }
}

/** A descriptor of a process's network namespace where the plan moves host links into it, else -1. For a manager that takes over a running container. */
export function openNetNamespace(plan: NetPlan, pid: number): number {
  return plan.afterExit.some((a) => a.kind === "give-back") ? openFile(`/proc/${pid}/ns/net`, O_RDONLY) : -1;
}

/**
 * Undoes everything on the host, at exit or after a crash: what is gone
 * already is fine. Not after connectContainer threw: it has cleaned up, and a
 * name it was refused belongs to someone else. The kernel takes some 20 ms for
 * each link: call it in a worker. The descriptor stays the caller's to close.
 * Result: what failed, in words.
 */
export function disconnectContainer(plan: NetPlan, namespaceFd: number): string[] {
  return undo(plan.afterExit, namespaceFd);
}

function undo(actions: NetAction[], namespaceFd: number): string[] {
  const failed: string[] = [];
  if (actions.length === 0) return failed;
  const host = new Executor(0);
  for (const a of actions) {
    try {
      if (a.kind === "give-back") host.giveBack(a, namespaceFd);
      else host.perform(a);
    } catch (e) {
      if (errnoOf(e) !== ENODEV) failed.push(reason(e));
    }
  }
  host.close();
  return failed;
}

/** The child's part, inside its network namespace: links up, addresses, routes in one message to the kernel. */
export function configureInside(actions: NetAction[]): void {
  if (actions.length === 0) return;
  if (actions.length === 1 && actions[0]!.kind === "up") {
    const fd = openSocket(AF_UNIX, SOCK_DGRAM, 0, false);
    raiseLink(fd, actions[0]!.link);
    closeFd(fd);
    return;
  }
  const inside = new Executor(0);
  const b = new NetlinkBatch();
  for (const a of actions) inside.add(b, a);
  inside.run(b, actions, 0);
  inside.close();
}

/** What an action is, for errors: "veth vethab eth0 br0", "address eth0 10.9.0.2/24". */
function describe(a: NetAction): string {
  const words: string[] = [a.kind, a.link, a.name, a.over];
  if (a.address !== "") words.push(a.prefix > 0 ? `${a.address}/${a.prefix}` : a.address);
  if (a.kind === "route" && a.via !== "") words.push(a.via);
  return words.filter((w) => w !== "").join(" ");
}

/** Turns actions into messages and has them done. pid: the container's, for those that make links inside. */
class Executor {
  private readonly channel: NetChannel = new NetChannel(NETLINK_ROUTE);
  private readonly pid: number;
  /** The link looked up last. */
  private known = "";
  private knownIndex = 0;

  constructor(pid: number) {
    this.pid = pid;
  }

  close(): void {
    this.channel.close();
  }

  /** One action by itself. */
  perform(a: NetAction): void {
    const b = new NetlinkBatch();
    if (a.kind === "setting") putText(a.name, a.address);
    else if (a.kind === "bridge") this.makeBridge(a);
    else if (a.kind === "veth") this.makeVeth(a);
    else {
      this.add(b, a);
      this.run(b, [a], a.kind === "delete" ? ENODEV : a.kind === "proxy" ? EEXIST : 0);
    }
  }

  /** The one message of an action. */
  add(b: NetlinkBatch, a: NetAction): void {
    // these go by name
    const index = a.kind === "up" || a.kind === "delete" ? 0 : this.indexOf(a);
    if (a.kind === "up") setUp(b, 0, a.link);
    else if (a.kind === "delete") deleteLink(b, a.link);
    else if (a.kind === "address") addAddress(b, a, index);
    else if (a.kind === "route") addRoute(b, a, index, false);
    else if (a.kind === "host-route") addRoute(b, a, index, true);
    else if (a.kind === "proxy") addProxy(b, a, index);
    else if (a.kind === "move") moveInside(b, a, index, this.pid);
    else if (a.kind === "untag") setPortVlan(b, index, 1, false, true);
    else if (a.kind === "tag") setPortVlan(b, index, a.mode, a.flags > 0, false);
    else addStacked(b, a, index, this.pid);
  }

  /** Sends a batch whose messages are those of `actions`; more messages than actions belong to the last one. */
  run(b: NetlinkBatch, actions: NetAction[], accepted: number): void {
    b.acknowledge();
    const bad = this.channel.exchange(b, b.count, accepted);
    if (bad.errno > 0) throw new SysError("network", describe(actions[Math.min(bad.sequence, actions.length) - 1]!), bad.errno, bad.why);
  }

  /** The kernel's number of the link an action is on. */
  private indexOf(a: NetAction): number {
    const link = a.over !== "" ? a.over : a.link;
    if (link === this.known) return this.knownIndex;
    const index = this.channel.index(link);
    if (index < 0) throw new SysError("network", describe(a), -index, `link ${link}`);
    this.known = link;
    this.knownIndex = index;
    return index;
  }

  private makeVeth(a: NetAction): void {
    const master = a.over === "" ? 0 : this.indexOf(a);
    const b = new NetlinkBatch();
    addVeth(b, a, master, this.pid);
    try {
      this.run(b, [a], 0);
    } catch (e) {
      if (errnoOf(e) !== EEXIST || !a.derived) throw e;
      const again = new NetlinkBatch();
      deleteLink(again, a.link);
      addVeth(again, a, master, this.pid);
      this.run(again, [a], ENODEV);
    }
  }

  private makeBridge(a: NetAction): void {
    const b = new NetlinkBatch();
    addBridge(b, a.link);
    this.run(b, [a], EEXIST);
    const settings = new NetlinkBatch();
    addAddress(settings, a, this.indexOf(a));
    setUp(settings, 0, a.link);
    this.run(settings, [a], EEXIST);
  }

  /** Fetches a host link out of a container's namespace. Without its descriptor the kernel has given the link back itself. */
  giveBack(a: NetAction, namespaceFd: number): void {
    if (namespaceFd < 0 || this.channel.index(a.link) > 0) return;
    const home = openFile("/proc/self/ns/net", O_RDONLY);
    try {
      fetchLink(a, namespaceFd, home);
    } finally {
      closeFd(home);
    }
  }
}

function fetchLink(a: NetAction, namespaceFd: number, home: number): void {
  const there = channelIn(namespaceFd, home);
  const index = there.index(a.name);
  const b = new NetlinkBatch();
  moveHome(b, index, a.link, home);
  b.acknowledge();
  const bad = there.exchange(b, 1, 0);
  there.close();
  if (index < 0 || bad.errno > 0) throw new SysError("network", describe(a), index < 0 ? -index : bad.errno, bad.why);
}

/** A channel whose socket lives in another namespace; this process is back home afterwards, whatever happens. */
function channelIn(namespaceFd: number, home: number): NetChannel {
  enterNamespace(namespaceFd, CLONE_NEWNET, "the container's network");
  try {
    return new NetChannel(NETLINK_ROUTE);
  } finally {
    enterNamespace(home, CLONE_NEWNET, "the host's network");
  }
}

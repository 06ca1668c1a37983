/**
 * Carries out network plans: the manager's part in the host's namespace, the
 * child's part inside the container's. What fails throws a SysError that
 * names the step and the link; what was made is taken away again.
 */
import { AF_UNIX, CLONE_NEWNET, O_RDONLY, SOCK_DGRAM } from "../sys/constants.ts";
import { EEXIST, ENODEV } from "../sys/errno.ts";
import { errnoOf, reason } from "../sys/error.ts";
import { closeFd, openFile, putText } from "../sys/files.ts";
import { enterNamespace } from "../sys/processes.ts";
import { openSocket } from "../sys/sockets.ts";
import type { HostAction, InsideAction, NetPlan } from "./actions.ts";
import { NETLINK_ROUTE, NetChannel, raiseLink } from "./channel.ts";
import { NetlinkBatch } from "./netlink.ts";
import {
  addAddress, addBridge, addBridgeVlan, addProxy, addRoute, addStacked, addVeth, deleteBridgeVlan, deleteLink, moveLink, setUp,
  type LinkSetting,
} from "./route_messages.ts";

/** The host's part before the container's process exists. */
export function prepareNetwork(plan: NetPlan): void {
  if (plan.beforeClone.length === 0) return;
  const channel = new NetChannel(NETLINK_ROUTE);
  try {
    for (const a of plan.beforeClone) perform(channel, a, 0);
  } finally {
    channel.close();
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
  const channel = new NetChannel(NETLINK_ROUTE);
  const made: string[] = [];
  try {
    for (const a of plan.afterClone) {
      perform(channel, a, pid);
      if (a.kind === "veth") made.push(a.host);
      else if (a.kind === "move") made.push(a.link);
    }
    return namespaceFd;
  } catch (e) {
    undo(plan.afterExit.filter((a) => (a.kind === "delete" || a.kind === "giveBack") && made.includes(a.link)), namespaceFd);
    closeFd(namespaceFd);
    throw e;
  } finally {
    channel.close();
  }
}

/** A descriptor of a process's network namespace where the plan moves host links into it, else -1. For a manager that takes over a running container. */
export function openNetNamespace(plan: NetPlan, pid: number): number {
  return plan.afterExit.some((a) => a.kind === "giveBack") ? openFile(`/proc/${pid}/ns/net`, O_RDONLY) : -1;
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

function undo(actions: HostAction[], namespaceFd: number): string[] {
  const failed: string[] = [];
  if (actions.length === 0) return failed;
  const channel = new NetChannel(NETLINK_ROUTE);
  for (const a of actions) {
    try {
      if (a.kind === "giveBack") giveBack(channel, a.link, a.name, namespaceFd);
      else perform(channel, a, 0);
    } catch (e) {
      if (errnoOf(e) !== ENODEV) failed.push(reason(e));
    }
  }
  channel.close();
  return failed;
}

/** Does host actions that need no container: bridges, what a plan undoes. */
export function applyHost(actions: HostAction[]): void {
  const channel = new NetChannel(NETLINK_ROUTE);
  try {
    for (const a of actions) perform(channel, a, 0);
  } finally {
    channel.close();
  }
}

function perform(channel: NetChannel, a: HostAction, pid: number): void {
  const b = new NetlinkBatch();
  switch (a.kind) {
    case "veth": return makeVeth(channel, a, pid);
    case "stacked":
      addStacked(b, a.type, a.mode, a.flags, channel.index(a.parent), { name: a.name, mac: a.mac, mtu: a.mtu, up: false }, pid);
      return channel.run(b, [`${a.type} ${a.name} on ${a.parent}`]);
    case "move":
      moveLink(b, channel.index(a.link), { pid, fd: -1 }, { name: a.name, mac: a.mac, mtu: a.mtu, up: false });
      return channel.run(b, [`move ${a.link} inside as ${a.name}`]);
    case "delete":
      deleteLink(b, a.link);
      return channel.run(b, [`delete ${a.link}`], ENODEV);
    case "bridge": return makeBridge(channel, a.name, a.address, a.prefix);
    case "bridgeVlans": return setVlans(channel, a.link, a.vlan, a.tagged);
    case "hostRoute":
      addRoute(b, channel.index(a.link), a.destination, a.prefix, "", true);
      return channel.run(b, [`route ${a.destination}/${a.prefix} to ${a.link}`]);
    case "proxy":
      addProxy(b, channel.index(a.link), a.address);
      return channel.run(b, [`proxy ${a.address} on ${a.link}`], EEXIST);
    case "setting": return putText(a.path, a.value);
    case "giveBack": throw new Error(`${a.link} is given back at the end only`);
  }
}

type VethAction = { kind: "veth"; host: string; hostMac: string; bridge: string; mtu: number; name: string; mac: string; derived: boolean };

function makeVeth(channel: NetChannel, a: VethAction, pid: number): void {
  const master = a.bridge === "" ? 0 : channel.index(a.bridge);
  const host: LinkSetting = { name: a.host, mac: a.hostMac, mtu: a.mtu, up: true };
  const inside: LinkSetting = { name: a.name, mac: a.mac, mtu: a.mtu, up: false };
  const says = `veth ${a.host} to ${a.name}${a.bridge === "" ? "" : ` in ${a.bridge}`}`;
  const b = new NetlinkBatch();
  addVeth(b, host, master, inside, pid);
  try {
    channel.run(b, [says]);
  } catch (e) {
    if (errnoOf(e) !== EEXIST || !a.derived) throw e;
    const again = new NetlinkBatch();
    deleteLink(again, a.host);
    addVeth(again, host, master, inside, pid);
    channel.run(again, [`delete stale ${a.host}`, says], ENODEV);
  }
}

function makeBridge(channel: NetChannel, name: string, address: string, prefix: number): void {
  const made = new NetlinkBatch();
  addBridge(made, name);
  channel.run(made, [`bridge ${name}`], EEXIST);
  const index = channel.index(name);
  const b = new NetlinkBatch();
  const says: string[] = [];
  if (address !== "") {
    addAddress(b, index, address, prefix, "");
    says.push(`address ${address}/${prefix} on ${name}`);
  }
  setUp(b, index, name);
  says.push(`up ${name}`);
  channel.run(b, says, EEXIST);
}

function setVlans(channel: NetChannel, link: string, vlan: number, tagged: number[]): void {
  const index = channel.index(link);
  const b = new NetlinkBatch();
  const says: string[] = [];
  if (vlan >= 0) {
    // the VLAN every new port gets
    deleteBridgeVlan(b, index, 1);
    says.push(`default vlan off ${link}`);
  }
  if (vlan > 0) {
    addBridgeVlan(b, index, vlan, true);
    says.push(`vlan ${vlan} on ${link}`);
  }
  for (const t of tagged) {
    addBridgeVlan(b, index, t, false);
    says.push(`tagged vlan ${t} on ${link}`);
  }
  channel.run(b, says);
}

/** Fetches a host link out of a container's namespace. Without its descriptor the kernel has given the link back itself. */
function giveBack(channel: NetChannel, link: string, name: string, namespaceFd: number): void {
  if (namespaceFd < 0 || channel.indexOrNone(link) > 0) return;
  const home = openFile("/proc/self/ns/net", O_RDONLY);
  try {
    const there = channelIn(namespaceFd, home);
    try {
      const b = new NetlinkBatch();
      moveLink(b, there.index(name), { pid: 0, fd: home }, { name: link, mac: "", mtu: 0, up: false });
      there.run(b, [`give back ${link}`]);
    } finally {
      there.close();
    }
  } finally {
    closeFd(home);
  }
}

/** A channel whose socket lives in another namespace; this process is back home afterwards. */
function channelIn(namespaceFd: number, home: number): NetChannel {
  enterNamespace(namespaceFd, CLONE_NEWNET, "the container's network");
  try {
    return new NetChannel(NETLINK_ROUTE);
  } finally {
    enterNamespace(home, CLONE_NEWNET, "the host's network");
  }
}

/** The child's part, inside its network namespace: links up, addresses, routes in one message to the kernel. */
export function configureInside(actions: InsideAction[]): void {
  if (actions.length === 0) return;
  if (actions.length === 1 && actions[0]!.kind === "up") {
    const fd = openSocket(AF_UNIX, SOCK_DGRAM, 0, false);
    raiseLink(fd, actions[0]!.link);
    closeFd(fd);
    return;
  }
  const channel = new NetChannel(NETLINK_ROUTE);
  const b = new NetlinkBatch();
  const says: string[] = [];
  let known = "";
  let index = 0;
  for (const a of actions) {
    if (a.link !== known) {
      // only bringing up can go by name
      index = a.kind === "up" ? 0 : channel.index(a.link);
      known = a.kind === "up" ? "" : a.link;
    }
    says.push(insideMessage(b, a, index));
  }
  channel.run(b, says);
  channel.close();
}

function insideMessage(b: NetlinkBatch, a: InsideAction, index: number): string {
  switch (a.kind) {
    case "up":
      setUp(b, index, a.link);
      return `up ${a.link}`;
    case "address":
      addAddress(b, index, a.address, a.prefix, a.broadcast);
      return `address ${a.address}/${a.prefix} on ${a.link}`;
    case "route":
      addRoute(b, index, a.destination, a.prefix, a.gateway, false);
      return `route ${a.destination}/${a.prefix}${a.gateway === "" ? "" : ` by ${a.gateway}`} on ${a.link}`;
  }
}

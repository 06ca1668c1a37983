/**
 * Messages of rtnetlink for links, addresses, routes and neighbours: each
 * function adds what one action needs to a batch. Indexes are the kernel's
 * numbers of links. Source: rtnetlink(7), kernel include/uapi/linux/if_link.h,
 * rtnetlink.h, if_bridge.h, net/veth.h.
 */
import type { NetAction } from "./actions.ts";
import { addressBytes, macBytes } from "./link_bytes.ts";
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, type NetlinkBatch } from "./netlink.ts";

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_SETLINK = 19;
const RTM_NEWADDR = 20;
const RTM_NEWROUTE = 24;
const RTM_NEWNEIGH = 28;

const AF_INET = 2;
const AF_BRIDGE = 7;
const AF_INET6 = 10;
const IFF_UP = 1;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_NET_NS_PID = 19;
const IFLA_AF_SPEC = 26;
const IFLA_NET_NS_FD = 28;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;

function linkHeader(b: NetlinkBatch, family: number, index: number, flags: number): void {
  b.u8s([family, 0, 0, 0]);
  b.u32(index);
  b.u32(flags);
  b.u32(flags);
}

function beginLink(b: NetlinkBatch, flags: number, index: number, linkFlags: number): void {
  b.begin(RTM_NEWLINK, flags);
  linkHeader(b, 0, index, linkFlags);
}

function linkSettings(b: NetlinkBatch, name: string, mac: string, mtu: number): void {
  if (name !== "") b.attributeText(IFLA_IFNAME, name);
  if (mac !== "") b.attributeU8s(IFLA_ADDRESS, macBytes(mac));
  if (mtu > 0) b.attributeU32(IFLA_MTU, mtu);
}

/** A veth pair: the host end here, in the bridge with index `master` (0: none), the other end in the network namespace of process `pid`. */
export function addVeth(b: NetlinkBatch, a: NetAction, master: number, pid: number): void {
  beginLink(b, NLM_F_CREATE + NLM_F_EXCL, 0, IFF_UP);
  linkSettings(b, a.link, a.hostMac, a.mtu);
  if (master > 0) b.attributeU32(IFLA_MASTER, master);
  const info = b.nest(IFLA_LINKINFO);
  b.attributeText(IFLA_INFO_KIND, "veth");
  const data = b.nest(IFLA_INFO_DATA);
  const peer = b.nest(VETH_INFO_PEER);
  linkHeader(b, 0, 0, 0);
  linkSettings(b, a.name, a.mac, a.mtu);
  b.attributeU32(IFLA_NET_NS_PID, pid);
  b.unnest(peer);
  b.unnest(data);
  b.unnest(info);
  b.end();
}

/** A macvlan, ipvlan or vlan over link `parent`, in the network namespace of a process. */
export function addStacked(b: NetlinkBatch, a: NetAction, parent: number, pid: number): void {
  beginLink(b, NLM_F_CREATE + NLM_F_EXCL, 0, 0);
  linkSettings(b, a.name, a.mac, a.mtu);
  b.attributeU32(IFLA_LINK, parent);
  b.attributeU32(IFLA_NET_NS_PID, pid);
  const info = b.nest(IFLA_LINKINFO);
  b.attributeText(IFLA_INFO_KIND, a.kind);
  const data = b.nest(IFLA_INFO_DATA);
  if (a.kind === "macvlan") b.attributeU32(1, a.mode);
  else b.attributeU16(1, a.mode);
  if (a.flags > 0) b.attributeU16(2, a.flags);
  b.unnest(data);
  b.unnest(info);
  b.end();
}

/** A bridge that is up at once. */
export function addBridge(b: NetlinkBatch, name: string): void {
  beginLink(b, NLM_F_CREATE + NLM_F_EXCL, 0, IFF_UP);
  b.attributeText(IFLA_IFNAME, name);
  const info = b.nest(IFLA_LINKINFO);
  b.attributeText(IFLA_INFO_KIND, "bridge");
  b.unnest(info);
  b.end();
}

/** Brings a link up by name or, with an index, by that. */
export function setUp(b: NetlinkBatch, index: number, name: string): void {
  beginLink(b, 0, index, IFF_UP);
  if (index === 0) b.attributeText(IFLA_IFNAME, name);
  b.end();
}

/** Moves a link into the namespace of process `pid`, where it becomes the action's `name`. */
export function moveInside(b: NetlinkBatch, a: NetAction, index: number, pid: number): void {
  beginLink(b, 0, index, 0);
  linkSettings(b, a.name, a.mac, a.mtu);
  b.attributeU32(IFLA_NET_NS_PID, pid);
  b.end();
}

/** Moves a link into the namespace behind a descriptor, as `name`. */
export function moveHome(b: NetlinkBatch, index: number, name: string, namespaceFd: number): void {
  beginLink(b, 0, index, 0);
  b.attributeText(IFLA_IFNAME, name);
  b.attributeU32(IFLA_NET_NS_FD, namespaceFd);
  b.end();
}

export function deleteLink(b: NetlinkBatch, name: string): void {
  b.begin(RTM_DELLINK, 0);
  linkHeader(b, 0, 0, 0);
  b.attributeText(IFLA_IFNAME, name);
  b.end();
}

const BRIDGE_VLAN_INFO = 2;
const BRIDGE_VLAN_PVID_UNTAGGED = 6;

/** Puts a bridge's port into VLAN `vlan`, untagged when `own` (also for what arrives without a tag); or takes it out. */
export function setPortVlan(b: NetlinkBatch, port: number, vlan: number, own: boolean, remove: boolean): void {
  b.begin(remove ? RTM_DELLINK : RTM_SETLINK, 0);
  linkHeader(b, AF_BRIDGE, port, 0);
  const spec = b.nest(IFLA_AF_SPEC);
  b.attributeU8s(BRIDGE_VLAN_INFO, [own ? BRIDGE_VLAN_PVID_UNTAGGED : 0, 0, vlan % 256, Math.floor(vlan / 256)]);
  b.unnest(spec);
  b.end();
}

function familyOf(bytes: number[]): number {
  return bytes.length === 4 ? AF_INET : AF_INET6;
}

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;

/** An address of a link, with its broadcast address when `via` is one. */
export function addAddress(b: NetlinkBatch, a: NetAction, index: number): void {
  const bytes = addressBytes(a.address);
  b.begin(RTM_NEWADDR, NLM_F_CREATE + NLM_F_EXCL);
  b.u8s([familyOf(bytes), a.prefix, 0, 0]);
  b.u32(index);
  b.attributeU8s(IFA_LOCAL, bytes);
  b.attributeU8s(IFA_ADDRESS, bytes);
  if (a.via !== "") b.attributeU8s(IFA_BROADCAST, addressBytes(a.via));
  b.end();
}

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
const RT_SCOPE_LINK = 253;
const RTN_UNICAST = 1;

/** A route of the main table; without `via` the destination is on the link itself. An existing route of the same destination is replaced when `replace`. */
export function addRoute(b: NetlinkBatch, a: NetAction, index: number, replace: boolean): void {
  const bytes = addressBytes(a.address);
  const gateway = addressBytes(a.via);
  b.begin(RTM_NEWROUTE, NLM_F_CREATE + (replace ? NLM_F_REPLACE : NLM_F_EXCL));
  b.u8s([familyOf(bytes), a.prefix, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, gateway.length === 0 && bytes.length === 4 ? RT_SCOPE_LINK : 0, RTN_UNICAST]);
  b.u32(0);
  if (a.prefix > 0) b.attributeU8s(RTA_DST, bytes);
  b.attributeU32(RTA_OIF, index);
  if (gateway.length > 0) b.attributeU8s(RTA_GATEWAY, gateway);
  b.end();
}

const NTF_PROXY = 8;
const NUD_PERMANENT = 0x80;

/** Answers on a link for an address that is elsewhere. */
export function addProxy(b: NetlinkBatch, a: NetAction, index: number): void {
  const bytes = addressBytes(a.address);
  b.begin(RTM_NEWNEIGH, NLM_F_CREATE + NLM_F_APPEND);
  b.u8s([familyOf(bytes), 0, 0, 0]);
  b.u32(index);
  b.u8s([NUD_PERMANENT, 0, NTF_PROXY, 0]);
  b.attributeU8s(1, bytes);
  b.end();
}

/**
 * Messages of rtnetlink for links, addresses, routes and neighbours. Each
 * function adds one message to a batch; indexes are the kernel's numbers of
 * links. Source: rtnetlink(7), kernel include/uapi/linux/if_link.h,
 * rtnetlink.h, if_bridge.h, net/veth.h.
 */
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

/** What a link is to be; 0 and "" leave it to the kernel. */
export type LinkSetting = { name: string; mac: string; mtu: number; up: boolean };

function linkHeader(b: NetlinkBatch, family: number, index: number, up: boolean): void {
  b.u8s([family, 0, 0, 0]);
  b.u32(index);
  b.u32(up ? IFF_UP : 0);
  b.u32(up ? IFF_UP : 0);
}

function linkSettings(b: NetlinkBatch, s: LinkSetting): void {
  if (s.name !== "") b.attributeText(IFLA_IFNAME, s.name);
  if (s.mac !== "") b.attributeU8s(IFLA_ADDRESS, macBytes(s.mac));
  if (s.mtu > 0) b.attributeU32(IFLA_MTU, s.mtu);
}

function beginNewLink(b: NetlinkBatch, s: LinkSetting): void {
  b.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  linkHeader(b, 0, 0, s.up);
  linkSettings(b, s);
}

/** A veth pair: `host` here, in the bridge with index `master` (0: none), the other end in the network namespace of a process. */
export function addVeth(b: NetlinkBatch, host: LinkSetting, master: number, inside: LinkSetting, pid: number): void {
  beginNewLink(b, host);
  if (master > 0) b.attributeU32(IFLA_MASTER, master);
  const info = b.nest(IFLA_LINKINFO);
  b.attributeText(IFLA_INFO_KIND, "veth");
  const data = b.nest(IFLA_INFO_DATA);
  const peer = b.nest(VETH_INFO_PEER);
  linkHeader(b, 0, 0, inside.up);
  linkSettings(b, inside);
  b.attributeU32(IFLA_NET_NS_PID, pid);
  b.unnest(peer);
  b.unnest(data);
  b.unnest(info);
  b.end();
}

/** A macvlan (mode: its bit), ipvlan (mode, flags) or vlan (mode: its number) over link `parent`, in the network namespace of a process. */
export function addStacked(b: NetlinkBatch, type: string, mode: number, flags: number, parent: number, s: LinkSetting, pid: number): void {
  beginNewLink(b, s);
  b.attributeU32(IFLA_LINK, parent);
  b.attributeU32(IFLA_NET_NS_PID, pid);
  const info = b.nest(IFLA_LINKINFO);
  b.attributeText(IFLA_INFO_KIND, type);
  const data = b.nest(IFLA_INFO_DATA);
  if (type === "macvlan") b.attributeU32(1, mode);
  else b.attributeU16(1, mode);
  if (flags > 0) b.attributeU16(2, flags);
  b.unnest(data);
  b.unnest(info);
  b.end();
}

/** A bridge that is up at once. */
export function addBridge(b: NetlinkBatch, name: string): void {
  beginNewLink(b, { name, mac: "", mtu: 0, up: true });
  const info = b.nest(IFLA_LINKINFO);
  b.attributeText(IFLA_INFO_KIND, "bridge");
  b.unnest(info);
  b.end();
}

/** Brings a link up by name or, with an index, by that. */
export function setUp(b: NetlinkBatch, index: number, name: string): void {
  b.begin(RTM_NEWLINK, 0);
  linkHeader(b, 0, index, true);
  if (index === 0) b.attributeText(IFLA_IFNAME, name);
  b.end();
}

/** Where a link goes: the namespace of process `pid`, or of descriptor `fd` when pid is 0. */
export type LinkTarget = { pid: number; fd: number };

/** Moves a link into another namespace and gives it its settings there. */
export function moveLink(b: NetlinkBatch, index: number, to: LinkTarget, s: LinkSetting): void {
  b.begin(RTM_NEWLINK, 0);
  linkHeader(b, 0, index, s.up);
  linkSettings(b, s);
  if (to.pid > 0) b.attributeU32(IFLA_NET_NS_PID, to.pid);
  else b.attributeU32(IFLA_NET_NS_FD, to.fd);
  b.end();
}

export function deleteLink(b: NetlinkBatch, name: string): void {
  b.begin(RTM_DELLINK, 0);
  linkHeader(b, 0, 0, false);
  b.attributeText(IFLA_IFNAME, name);
  b.end();
}

const BRIDGE_VLAN_INFO = 2;
const BRIDGE_VLAN_PVID_UNTAGGED = 6;

/** Adds VLAN `vlan` (untagged when `own`: also for what arrives without a tag) to a bridge's port. */
export function addBridgeVlan(b: NetlinkBatch, port: number, vlan: number, own: boolean): void {
  b.begin(RTM_SETLINK, 0);
  bridgeVlan(b, port, vlan, own ? BRIDGE_VLAN_PVID_UNTAGGED : 0);
}

/** Takes a VLAN off a bridge's port. */
export function deleteBridgeVlan(b: NetlinkBatch, port: number, vlan: number): void {
  b.begin(RTM_DELLINK, 0);
  bridgeVlan(b, port, vlan, 0);
}

function bridgeVlan(b: NetlinkBatch, port: number, vlan: number, flags: number): void {
  linkHeader(b, AF_BRIDGE, port, false);
  const spec = b.nest(IFLA_AF_SPEC);
  b.attributeU8s(BRIDGE_VLAN_INFO, [flags, 0, vlan % 256, Math.floor(vlan / 256)]);
  b.unnest(spec);
  b.end();
}

function familyOf(bytes: number[]): number {
  return bytes.length === 4 ? AF_INET : AF_INET6;
}

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;

/** An address of a link. broadcast "" is none. */
export function addAddress(b: NetlinkBatch, index: number, address: string, prefix: number, broadcast: string): void {
  const bytes = addressBytes(address);
  b.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  b.u8s([familyOf(bytes), prefix, 0, 0]);
  b.u32(index);
  b.attributeU8s(IFA_LOCAL, bytes);
  b.attributeU8s(IFA_ADDRESS, bytes);
  if (broadcast !== "") b.attributeU8s(IFA_BROADCAST, addressBytes(broadcast));
  b.end();
}

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
const RT_SCOPE_LINK = 253;
const RTN_UNICAST = 1;

/** A route of the main table; gateway "": the destination is on the link itself. An existing route of the same destination is replaced when `replace`. */
export function addRoute(b: NetlinkBatch, index: number, destination: string, prefix: number, gateway: string, replace: boolean): void {
  const bytes = addressBytes(destination);
  b.begin(RTM_NEWROUTE, NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL));
  b.u8s([familyOf(bytes), prefix, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, gateway === "" && bytes.length === 4 ? RT_SCOPE_LINK : 0, RTN_UNICAST]);
  b.u32(0);
  if (prefix > 0) b.attributeU8s(RTA_DST, bytes);
  b.attributeU32(RTA_OIF, index);
  if (gateway !== "") b.attributeU8s(RTA_GATEWAY, addressBytes(gateway));
  b.end();
}

const NTF_PROXY = 8;
const NUD_PERMANENT = 0x80;

/** Answers on a link for an address that is elsewhere. */
export function addProxy(b: NetlinkBatch, index: number, address: string): void {
  const bytes = addressBytes(address);
  b.begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_APPEND);
  b.u8s([familyOf(bytes), 0, 0, 0]);
  b.u32(index);
  b.u8s([NUD_PERMANENT, 0, NTF_PROXY, 0]);
  b.attributeU8s(1, bytes);
  b.end();
}

/**
 * lxc.net.N.*: one record a device, in order of N, keys in any order. Checks
 * the shape of addresses and names; whether a device exists is seen at start.
 */
import { lowerAscii } from "../sys/ascii.ts";
import { emptyNetDevice, type ContainerDescription, type Ipv4Address, type Ipv4Route, type Ipv6Address, type NetDevice, type NetType } from "./description.ts";
import { flagOrRefuse, parseUnsigned, unsignedOrRefuse } from "./numbers.ts";
import type { Report } from "./report.ts";
import { splitBlanks } from "./words.ts";

/** IFNAMSIZ without its NUL. */
const MAX_NAME = 15;
const MAX_MTU = 65535;
const MAX_VLAN = 4094;

/** Is it four decimal numbers 0..255 with dots? */
export function isIpv4(text: string): boolean {
  const parts = text.split(".");
  if (parts.length !== 4) return false;
  for (const p of parts) {
    if (p === "" || p.length > 3 || (p.length > 1 && p.startsWith("0")) || parseUnsigned(p, 255) < 0) return false;
  }
  return true;
}

function isHexGroup(text: string): boolean {
  return text.length >= 1 && text.length <= 4 && parseUnsigned(`0x${text}`, 65535) >= 0;
}

/** Groups of one side of "::"; -1 when one is malformed. An IPv4 tail counts as two. */
function ipv6Groups(text: string): number {
  if (text === "") return 0;
  const parts = text.split(":");
  let n = 0;
  for (let i = 0; i < parts.length; i++) {
    const p = parts[i]!;
    if (isHexGroup(p)) n += 1;
    else if (i === parts.length - 1 && isIpv4(p)) n += 2;
    else return -1;
  }
  return n;
}

/** Is it an IPv6 address, with at most one "::"? */
export function isIpv6(text: string): boolean {
  const gap = text.indexOf("::");
  if (gap < 0) return ipv6Groups(text) === 8;
  if (text.indexOf("::", gap + 1) >= 0 || (gap > 0 && text.slice(0, gap).includes("."))) return false;
  const left = ipv6Groups(text.slice(0, gap));
  const right = ipv6Groups(text.slice(gap + 2));
  return left >= 0 && right >= 0 && left + right <= 7;
}

type Split = { address: string; prefix: number };

/** "A/p" → its halves; prefix -1 without a slash, -2 when malformed. */
function splitPrefix(text: string, max: number): Split {
  const slash = text.indexOf("/");
  if (slash < 0) return { address: text, prefix: -1 };
  const n = parseUnsigned(text.slice(slash + 1), max);
  return { address: text.slice(0, slash), prefix: n < 0 ? -2 : n };
}

/** `A[/p] [broadcast]`; null = refused. */
function ipv4Address(value: string, r: Report): Ipv4Address | null {
  const w = splitBlanks(value);
  const s = splitPrefix(w.length > 0 ? w[0]! : "", 32);
  const broadcast = w.length > 1 ? w[1]! : "";
  if (!isIpv4(s.address) || s.prefix === -2 || w.length > 2 || (broadcast !== "" && !isIpv4(broadcast))) {
    r.refuse(`"${value}" is no IPv4 address (A.B.C.D/prefix, and a broadcast address)`);
    return null;
  }
  return { address: s.address, prefix: s.prefix, broadcast };
}

function ipv6Address(value: string, r: Report): Ipv6Address | null {
  const s = splitPrefix(value, 128);
  if (!isIpv6(s.address) || s.prefix === -2) {
    r.refuse(`"${value}" is no IPv6 address`);
    return null;
  }
  return { address: s.address, prefix: s.prefix };
}

function route(value: string, v6: boolean, r: Report): Ipv4Route | null {
  const s = splitPrefix(value, v6 ? 128 : 32);
  if (s.prefix < 0 || !(v6 ? isIpv6(s.address) : isIpv4(s.address))) {
    r.refuse(`"${value}" is no destination with a prefix`);
    return null;
  }
  return { destination: s.address, prefix: s.prefix };
}

function gateway(value: string, v6: boolean, r: Report): string {
  if (value === "" || value === "auto" || value === "dev" || (v6 ? isIpv6(value) : isIpv4(value))) return value;
  r.refuse(`"${value}" is no gateway (an address, auto or dev)`);
  return "";
}

/** Can it name a network device? */
export function isDeviceName(text: string): boolean {
  if (text === "" || text.length > MAX_NAME || text === "." || text === "..") return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c <= 32 || c === 47 || c === 58 || c === 127) return false;
  }
  return true;
}

function deviceName(value: string, r: Report): string {
  if (value === "" || isDeviceName(value)) return value;
  r.refuse(`"${value}" is no device name (1 to ${MAX_NAME} characters, no blank, / or :)`);
  return "";
}

/** Six pairs of hexadecimal digits; x stands for any digit. */
function hardwareAddress(value: string, r: Report): string {
  const lower = lowerAscii(value);
  const pairs = lower.split(":");
  let ok = pairs.length === 6;
  for (const p of pairs) {
    if (p.length !== 2) ok = false;
    for (let i = 0; i < p.length; i++) {
      if (!"0123456789abcdefx".includes(p.charAt(i))) ok = false;
    }
  }
  if (ok || value === "") return lower;
  r.refuse(`"${value}" is no hardware address (six pairs, aa:bb:cc:dd:ee:ff)`);
  return "";
}

function oneOf(value: string, words: string[], r: Report): number {
  const i = words.indexOf(value);
  if (i < 0) r.refuse(`"${value}" is none of ${words.join(", ")}`);
  return i;
}

const TYPES: NetType[] = ["veth", "phys", "macvlan", "vlan", "ipvlan", "empty", "none"];
const MACVLAN: ("private" | "vepa" | "bridge" | "passthru")[] = ["private", "vepa", "bridge", "passthru"];
const IPVLAN: ("l2" | "l3" | "l3s")[] = ["l2", "l3", "l3s"];
const ISOLATION: ("bridge" | "private" | "vepa")[] = ["bridge", "private", "vepa"];

function vlanId(value: string, r: Report): number {
  return unsignedOrRefuse(value, MAX_VLAN, r);
}

function applyFlags(n: NetDevice, value: string, r: Report): void {
  n.up = value === "up";
  if (value !== "" && value !== "up") r.refuse(`the only flag is "up", not "${value}"`);
}

function applyAddresses(n: NetDevice, key: string, value: string, r: Report): boolean {
  const v6 = key.startsWith("ipv6.") || key === "veth.ipv6.route";
  if (key === "ipv4.address") {
    const a = ipv4Address(value, r);
    if (a !== null) n.ipv4.push(a);
  } else if (key === "ipv6.address") {
    const a = ipv6Address(value, r);
    if (a !== null) n.ipv6.push(a);
  } else if (key === "veth.ipv4.route" || key === "veth.ipv6.route") {
    const a = route(value, v6, r);
    if (a !== null && v6) n.vethRoutes6.push(a);
    else if (a !== null) n.vethRoutes4.push(a);
  } else if (key === "ipv4.gateway") n.ipv4Gateway = gateway(value, false, r);
  else if (key === "ipv6.gateway") n.ipv6Gateway = gateway(value, true, r);
  else return false;
  return true;
}

function applyKinds(n: NetDevice, key: string, value: string, r: Report): void {
  if (key === "veth.mode") n.vethMode = oneOf(value, ["bridge", "router"], r) === 1 ? "router" : "bridge";
  else if (key === "macvlan.mode") n.macvlanMode = MACVLAN[Math.max(0, oneOf(value, MACVLAN, r))]!;
  else if (key === "ipvlan.mode") n.ipvlanMode = IPVLAN[Math.max(0, oneOf(value, IPVLAN, r))]!;
  else if (key === "ipvlan.isolation") n.ipvlanIsolation = ISOLATION[Math.max(0, oneOf(value, ISOLATION, r))]!;
  else if (key === "vlan.id") n.vlanId = vlanId(value, r);
  else if (key === "veth.vlan.id") n.vethVlanId = value === "none" ? 0 : vlanId(value, r);
  else if (key === "veth.vlan.tagged.id") n.vethVlanTagged.push(vlanId(value, r));
  else if (key === "mtu") n.mtu = unsignedOrRefuse(value, MAX_MTU, r);
  else if (key === "l2proxy") n.l2proxy = flagOrRefuse(value, false, r);
}

/** Puts back the default of one key. */
function clearKey(n: NetDevice, key: string): void {
  const e = emptyNetDevice(n.index, n.type);
  if (key === "ipv4.address") n.ipv4 = e.ipv4;
  else if (key === "ipv6.address") n.ipv6 = e.ipv6;
  else if (key === "veth.ipv4.route") n.vethRoutes4 = e.vethRoutes4;
  else if (key === "veth.ipv6.route") n.vethRoutes6 = e.vethRoutes6;
  else if (key === "veth.vlan.tagged.id") n.vethVlanTagged = e.vethVlanTagged;
  else if (key === "veth.mode") n.vethMode = e.vethMode;
  else if (key === "macvlan.mode") n.macvlanMode = e.macvlanMode;
  else if (key === "ipvlan.mode") n.ipvlanMode = e.ipvlanMode;
  else if (key === "ipvlan.isolation") n.ipvlanIsolation = e.ipvlanIsolation;
  else if (key === "vlan.id") n.vlanId = e.vlanId;
  else if (key === "veth.vlan.id") n.vethVlanId = e.vethVlanId;
  else if (key === "mtu") n.mtu = e.mtu;
  else if (key === "l2proxy") n.l2proxy = e.l2proxy;
}

/** The record of device `index`, made where there is none; the list stays sorted. */
function deviceAt(d: ContainerDescription, index: number, r: Report): NetDevice {
  let place = 0;
  while (place < d.net.length && d.net[place]!.index < index) place += 1;
  if (place < d.net.length && d.net[place]!.index === index) return d.net[place]!;
  const fresh = emptyNetDevice(index, "none");
  fresh.at = r.at;
  d.net.splice(place, 0, fresh);
  return fresh;
}

/** Sets `key` ("ipv4.address") of device `index`; an empty value puts the default back. `typed` collects the devices that have a type. */
export function applyNet(d: ContainerDescription, index: number, key: string, value: string, typed: number[], r: Report): void {
  const n = deviceAt(d, index, r);
  if (key === "type") {
    const t = oneOf(value, TYPES, r);
    if (t >= 0) n.type = TYPES[t]!;
    typed.push(index);
  } else if (key === "link") n.link = deviceName(value, r);
  else if (key === "name") n.name = value === "eth%d" ? "" : deviceName(value, r);
  else if (key === "veth.pair") n.vethPair = deviceName(value, r);
  else if (key === "flags") applyFlags(n, value, r);
  else if (key === "hwaddr") n.hwaddr = hardwareAddress(value, r);
  else if (key === "script.up") n.scriptUp = value;
  else if (key === "script.down") n.scriptDown = value;
  else if (value === "" && !key.endsWith(".gateway")) clearKey(n, key);
  else if (!applyAddresses(n, key, value, r)) applyKinds(n, key, value, r);
}

/** A gateway needs an address, a device that is up, and for "auto" a link to take it from. */
function checkGateway(n: NetDevice, family: string, address: string, addresses: number, r: Report): void {
  if (address === "") return;
  if (address === "auto" && n.link === "") r.refuse(`gateway "auto" of network device ${n.index} needs its link`);
  if (addresses === 0) r.refuse(`network device ${n.index} has a gateway and no ${family} address`);
  if (!n.up) r.refuse(`network device ${n.index} has a gateway and no lxc.net.${n.index}.flags = up`);
}

/** Whole-record rules, after the last line: each device has a type and what that type needs. */
export function checkNet(d: ContainerDescription, typed: number[], r: Report): void {
  for (const n of d.net) {
    r.at = n.at;
    if (!typed.includes(n.index)) r.refuse(`network device ${n.index} has no type`);
    else if ((n.type === "phys" || n.type === "vlan" || n.type === "macvlan" || n.type === "ipvlan") && n.link === "") {
      r.refuse(`network device ${n.index} of type ${n.type} needs lxc.net.${n.index}.link`);
    } else if (n.type === "vlan" && n.vlanId < 0) r.refuse(`network device ${n.index} needs lxc.net.${n.index}.vlan.id`);
    checkGateway(n, "IPv4", n.ipv4Gateway, n.ipv4.length, r);
    checkGateway(n, "IPv6", n.ipv6Gateway, n.ipv6.length, r);
  }
}

/**
 * lxc.net.N.*: one record a device, in order of N, keys in any order. Checks
 * the shape of addresses and names; whether a device exists is seen at start.
 */
import { isIpv4, parsePrefixed } from "./addresses.ts";
import type { Ipv4Address, Ipv4Route, Ipv6Address, NetDevice, NetType } from "./description.ts";
import { parseUnsigned } from "./numbers.ts";
import type { Report } from "./report.ts";
import { Settings } from "./settings.ts";
import { applyValue } from "./values.ts";
import { splitBlanks } from "./words.ts";

/** VLAN ids the standard leaves to users. */
const MAX_VLAN = 4094;

/** One device while it is read. */
export class NetDraft {
  readonly index: number;
  readonly at: string;
  readonly settings: Settings = new Settings();
  private ipv4: Ipv4Address[] = [];
  private ipv6: Ipv6Address[] = [];
  private routes4: Ipv4Route[] = [];
  private routes6: Ipv4Route[] = [];
  private vlans: number[] = [];

  constructor(index: number, at: string) {
    this.index = index;
    this.at = at;
  }

  /** name: what follows "lxc.net.N."; kind: the table's. */
  apply(name: string, kind: string, value: string, r: Report): void {
    if (kind === "ipv4") this.addIpv4(value, r);
    else if (kind === "ipv6") this.addIpv6(value, r);
    else if (kind === "route4") this.routes4 = routes(this.routes4, value, false, r);
    else if (kind === "route6") this.routes6 = routes(this.routes6, value, true, r);
    else if (kind === "vlans") this.addVlan(value, r);
    else applyValue(this.settings, name, kind, value, r);
  }

  private addIpv4(value: string, r: Report): void {
    if (value === "") {
      this.ipv4 = [];
      return;
    }
    const w = splitBlanks(value);
    const p = parsePrefixed(w[0]!, false);
    const broadcast = w.length > 1 ? w[1]! : "";
    if (p.broken || w.length > 2 || (broadcast !== "" && !isIpv4(broadcast))) r.not(value, "an IPv4 address (A.B.C.D/prefix, and a broadcast address)");
    else this.ipv4.push({ address: p.address, prefix: p.prefix, broadcast });
  }

  private addIpv6(value: string, r: Report): void {
    if (value === "") {
      this.ipv6 = [];
      return;
    }
    const p = parsePrefixed(value, true);
    if (p.broken) r.not(value, "an IPv6 address");
    else this.ipv6.push({ address: p.address, prefix: p.prefix });
  }

  private addVlan(value: string, r: Report): void {
    const n = parseUnsigned(value, MAX_VLAN);
    if (value === "") this.vlans = [];
    else if (n < 0) r.not(value, `a number from 0 to ${MAX_VLAN}`);
    else this.vlans.push(n);
  }

  /** What was read, with LXC's defaults. */
  device(): NetDevice {
    const s = this.settings;
    const name = s.text("name");
    const mode = s.text("veth.mode");
    const macvlan = s.text("macvlan.mode");
    const ipvlan = s.text("ipvlan.mode");
    const isolation = s.text("ipvlan.isolation");
    const type = s.text("type");
    return {
      index: this.index, type: (type === "" ? "none" : type) as NetType, link: s.text("link"), l2proxy: s.flag("l2proxy", false),
      name: name === "eth%d" ? "" : name, hwaddr: s.text("hwaddr"), mtu: s.number("mtu", 0), up: s.has("flags"),
      ipv4: this.ipv4, ipv6: this.ipv6, ipv4Gateway: s.text("ipv4.gateway"), ipv6Gateway: s.text("ipv6.gateway"),
      vethPair: s.text("veth.pair"), vethMode: (mode === "" ? "bridge" : mode) as "bridge" | "router",
      vethRoutes4: this.routes4, vethRoutes6: this.routes6, vethVlanId: s.number("veth.vlan.id", -1), vethVlanTagged: this.vlans,
      macvlanMode: (macvlan === "" ? "private" : macvlan) as "private" | "vepa" | "bridge" | "passthru",
      ipvlanMode: (ipvlan === "" ? "l3" : ipvlan) as "l2" | "l3" | "l3s",
      ipvlanIsolation: (isolation === "" ? "bridge" : isolation) as "bridge" | "private" | "vepa",
      vlanId: s.number("vlan.id", -1), scriptUp: s.text("script.up"), scriptDown: s.text("script.down"), at: this.at,
    };
  }
}

/** `before` with one more route; none for an empty value. */
function routes(before: Ipv4Route[], value: string, v6: boolean, r: Report): Ipv4Route[] {
  const none: Ipv4Route[] = [];
  if (value === "") return none;
  const p = parsePrefixed(value, v6);
  if (p.broken || p.prefix < 0) r.not(value, "a destination with a prefix");
  else before.push({ destination: p.address, prefix: p.prefix });
  return before;
}

/** The draft of device `index`, made where there is none; the list stays sorted. */
export function draftAt(drafts: NetDraft[], index: number, at: string): NetDraft {
  let place = 0;
  while (place < drafts.length && drafts[place]!.index < index) place += 1;
  if (place < drafts.length && drafts[place]!.index === index) return drafts[place]!;
  const fresh = new NetDraft(index, at);
  drafts.splice(place, 0, fresh);
  return fresh;
}

/** Whole-record rules, after the last line: each device has a type and what that type needs. Returns the devices. */
export function finishNet(drafts: NetDraft[], r: Report): NetDevice[] {
  const out: NetDevice[] = [];
  for (let i = 0; i < drafts.length; i++) {
    const draft = drafts[i]!;
    const n = draft.device();
    r.at = n.at;
    const key = `lxc.net.${n.index}`;
    if (!draft.settings.has("type")) r.refuse(`${key} has no type`);
    else if (n.link === "" && "phys vlan macvlan ipvlan".includes(n.type)) r.refuse(`${key} of type ${n.type} needs ${key}.link`);
    else if (n.type === "vlan" && n.vlanId < 0) r.refuse(`${key} of type vlan needs ${key}.vlan.id`);
    checkGateway(n, key, "ipv4", n.ipv4Gateway, n.ipv4.length, r);
    checkGateway(n, key, "ipv6", n.ipv6Gateway, n.ipv6.length, r);
    out.push(n);
  }
  return out;
}

/** A gateway needs an address, a device that is up, and for "auto" a link to take it from. */
function checkGateway(n: NetDevice, key: string, family: string, gateway: string, addresses: number, r: Report): void {
  if (gateway === "") return;
  if (gateway === "auto" && n.link === "") r.refuse(`${key}.${family}.gateway = auto needs ${key}.link`);
  if (addresses === 0) r.refuse(`${key}.${family}.gateway needs ${key}.${family}.address`);
  if (!n.up) r.refuse(`${key}.${family}.gateway needs ${key}.flags = up`);
}

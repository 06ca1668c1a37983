/**
 * One container's networking: from its lxc.net devices or its pool's grant to
 * actions. Decides only. Names and addresses of host ends come from the
 * container's name, so that whoever stops it after a crash finds them again.
 * Rules: LXC configuration language "NETWORK"; runtime specification 11, 14.
 */
import type { Ipv4Route, NetDevice } from "../lxc/description.ts";
import { emptyNetDevice } from "../lxc/description.ts";
import type { HostAction, InsideAction, LinkFact, LinkScript, NetPlan, PoolGrant } from "./actions.ts";
import { hostMac, hostName, hwaddrOf, insideNames } from "./link_names.ts";
import { addressBytes, samePrefix } from "./link_bytes.ts";
import { broadcastOf, classPrefix, formatIpv4, parseIpv4 } from "./ipv4.ts";

export type NetProblem = { at: string; why: string };

/**
 * devices: of the configuration; not together with pool. loopback: bring lo up
 * even without a device that is up. facts: of every link in linksToAsk(). random:
 * six bytes a device, only read for a hwaddr with x.
 */
export type NetRequest = {
  container: string; devices: NetDevice[]; pool: PoolGrant | null; loopback: boolean; facts: LinkFact[]; random: Uint8Array;
};

/** problems empty: the plan holds. */
export type PlannedNetwork = { plan: NetPlan; problems: NetProblem[] };

const MACVLAN_MODES = ["private", "vepa", "bridge", "passthru"];
const IPVLAN_MODES = ["l2", "l3", "l3s"];
const IPVLAN_ISOLATION = ["bridge", "private", "vepa"];

/** Host links whose facts the plan depends on: bridges that give their MTU, links that give a gateway. */
export function linksToAsk(devices: NetDevice[]): string[] {
  const links: string[] = [];
  for (const d of devices) {
    const asksMtu = d.type === "veth" && d.vethMode === "bridge" && d.mtu === 0;
    if (d.link !== "" && (asksMtu || d.ipv4Gateway === "auto" || d.ipv6Gateway === "auto") && !links.includes(d.link)) links.push(d.link);
  }
  return links;
}

/** How many random bytes a request needs. */
export function randomNeeded(devices: NetDevice[]): number {
  return devices.some((d) => d.hwaddr.includes("x")) ? 6 * devices.length : 0;
}

/** A pool's grant as the one device it stands for. */
function deviceOfGrant(g: PoolGrant): NetDevice {
  const d = emptyNetDevice(0, "veth");
  d.link = g.bridge;
  d.name = "eth0";
  d.up = true;
  d.hwaddr = g.mac;
  d.ipv4 = [{ address: g.address, prefix: g.prefix, broadcast: "" }];
  d.ipv4Gateway = g.gateway;
  d.at = `pool ${g.pool}`;
  return d;
}

/** Plans all devices; every problem is reported, with the place the configuration has it. */
export function planNetwork(r: NetRequest): PlannedNetwork {
  const planner = new NetPlanner(r);
  const devices = r.pool === null ? r.devices : [deviceOfGrant(r.pool)];
  if (r.pool !== null && r.devices.length > 0) {
    planner.problems.push({ at: r.devices[0]!.at, why: `lxc.net can't be used together with pool "${r.pool.pool}" of run.json` });
  }
  const names = insideNames(devices);
  if (r.loopback || devices.some((d) => d.up && d.type !== "none")) planner.inside.push({ kind: "up", link: "lo" });
  for (let i = 0; i < devices.length; i++) planner.addDevice(devices[i]!, names[i]!, i);
  const plan: NetPlan = {
    beforeClone: planner.beforeClone, afterClone: planner.afterClone, inside: planner.inside, afterExit: planner.afterExit.reverse(),
    scriptsUp: planner.scriptsUp, scriptsDown: planner.scriptsDown, hostname: r.pool === null ? "" : r.pool.hostname,
  };
  return { plan, problems: planner.problems };
}

class NetPlanner {
  readonly beforeClone: HostAction[] = [];
  readonly afterClone: HostAction[] = [];
  readonly inside: InsideAction[] = [];
  readonly afterExit: HostAction[] = [];
  readonly scriptsUp: LinkScript[] = [];
  readonly scriptsDown: LinkScript[] = [];
  readonly problems: NetProblem[] = [];
  private readonly request: NetRequest;

  constructor(r: NetRequest) {
    this.request = r;
  }

  addDevice(d: NetDevice, name: string, place: number): void {
    if (d.type === "none") return;
    const host = d.vethPair !== "" ? d.vethPair : hostName(this.request.container, d.index);
    if (d.type !== "empty") {
      const mac = hwaddrOf(d.hwaddr, this.request.random, 6 * place);
      this.addLink(d, name, mac, host);
      this.addAddresses(d, name);
      if (d.l2proxy) this.addProxies(d, d.link);
    }
    this.addScripts(d, host);
  }

  private addLink(d: NetDevice, name: string, mac: string, host: string): void {
    if (d.type === "veth") this.addVeth(d, name, mac, host);
    else if (d.type === "phys") {
      this.afterClone.push({ kind: "move", link: d.link, name, mac, mtu: d.mtu });
      this.afterExit.push({ kind: "giveBack", link: d.link, name });
    } else {
      const isMacvlan = d.type === "macvlan";
      const mode = d.type === "vlan" ? d.vlanId : isMacvlan ? 2 ** MACVLAN_MODES.indexOf(d.macvlanMode) : IPVLAN_MODES.indexOf(d.ipvlanMode);
      const flags = d.type === "ipvlan" ? IPVLAN_ISOLATION.indexOf(d.ipvlanIsolation) : 0;
      this.afterClone.push({ kind: "stacked", type: d.type === "vlan" ? "vlan" : isMacvlan ? "macvlan" : "ipvlan", parent: d.link, mode, flags, name, mac, mtu: d.mtu });
    }
  }

  private addVeth(d: NetDevice, name: string, mac: string, host: string): void {
    const bridge = d.vethMode === "bridge" ? d.link : "";
    const ofBridge = bridge === "" ? 0 : this.factOf(bridge).mtu;
    const mtu = d.mtu > 0 ? d.mtu : ofBridge === 1500 ? 0 : ofBridge;
    this.afterClone.push({ kind: "veth", host, hostMac: hostMac(this.request.container, d.index), bridge, mtu, name, mac, derived: d.vethPair === "" });
    // a connection that still closes would keep the namespace, its address and this pair for minutes
    this.afterExit.push({ kind: "delete", link: host });
    if (bridge !== "" && (d.vethVlanId >= 0 || d.vethVlanTagged.length > 0)) {
      this.afterClone.push({ kind: "bridgeVlans", link: host, vlan: d.vethVlanId, tagged: d.vethVlanTagged });
    }
    for (const r of d.vethRoutes4) this.addHostRoute(host, r);
    for (const r of d.vethRoutes6) this.addHostRoute(host, r);
    if (d.vethMode === "router") this.addRouter(d, host);
  }

  /** The host routes to the container and answers for its gateways. */
  private addRouter(d: NetDevice, host: string): void {
    if (d.ipv4.length > 0) this.afterClone.push({ kind: "setting", path: `/proc/sys/net/ipv4/conf/${host}/forwarding`, value: "1" });
    if (d.ipv6.length > 0) this.afterClone.push({ kind: "setting", path: `/proc/sys/net/ipv6/conf/${host}/forwarding`, value: "1" });
    for (const a of d.ipv4) this.addHostRoute(host, { destination: a.address, prefix: 32 });
    for (const a of d.ipv6) this.addHostRoute(host, { destination: a.address, prefix: 128 });
    if (addressBytes(d.ipv4Gateway).length > 0) this.addProxy(host, d.ipv4Gateway);
    if (addressBytes(d.ipv6Gateway).length > 0) this.addProxy(host, d.ipv6Gateway);
  }

  private addProxy(link: string, address: string): void {
    this.afterClone.push({ kind: "proxy", link, address });
  }

  private addHostRoute(link: string, r: Ipv4Route): void {
    this.afterClone.push({ kind: "hostRoute", link, destination: r.destination, prefix: r.prefix });
  }

  private addProxies(d: NetDevice, link: string): void {
    for (const a of d.ipv4) this.addProxy(link, a.address);
    for (const a of d.ipv6) this.addProxy(link, a.address);
  }

  private addAddresses(d: NetDevice, link: string): void {
    const subnets: { bytes: number[]; prefix: number }[] = [];
    for (const a of d.ipv4) {
      const n = parseIpv4(a.address);
      const prefix = a.prefix < 0 ? classPrefix(n) : a.prefix;
      const broadcast = a.broadcast !== "" || prefix > 30 ? a.broadcast : formatIpv4(broadcastOf(n, prefix));
      this.inside.push({ kind: "address", link, address: a.address, prefix, broadcast });
      subnets.push({ bytes: addressBytes(a.address), prefix });
    }
    for (const a of d.ipv6) {
      const prefix = a.prefix < 0 ? 64 : a.prefix;
      this.inside.push({ kind: "address", link, address: a.address, prefix, broadcast: "" });
      subnets.push({ bytes: addressBytes(a.address), prefix });
    }
    if (d.up) this.inside.push({ kind: "up", link });
    this.addGateway(d, link, d.ipv4Gateway, false, subnets);
    this.addGateway(d, link, d.ipv6Gateway, true, subnets);
  }

  /** A gateway outside the link's own subnets is reached by a route of its own first. */
  private addGateway(d: NetDevice, link: string, wanted: string, v6: boolean, subnets: { bytes: number[]; prefix: number }[]): void {
    if (wanted === "") return;
    const key = `${d.at} ${v6 ? "ipv6" : "ipv4"}.gateway`;
    if (!d.up) {
      this.problems.push({ at: key, why: "a gateway needs flags = up" });
      return;
    }
    const any = v6 ? "::" : "0.0.0.0";
    if (wanted === "dev") {
      this.inside.push({ kind: "route", link, destination: any, prefix: 0, gateway: "" });
      return;
    }
    const fact = wanted === "auto" ? this.factOf(d.link) : null;
    const gateway = fact === null ? wanted : v6 ? fact.address6 : fact.address4;
    const bytes = addressBytes(gateway);
    if (bytes.length === 0) {
      this.problems.push({ at: key, why: `link ${d.link} has no ${v6 ? "IPv6" : "IPv4"} address to be the gateway` });
      return;
    }
    if (!isLinkLocal(bytes) && !subnets.some((s) => samePrefix(s.bytes, bytes, s.prefix))) {
      this.inside.push({ kind: "route", link, destination: gateway, prefix: bytes.length * 8, gateway: "" });
    }
    this.inside.push({ kind: "route", link, destination: any, prefix: 0, gateway });
  }

  private addScripts(d: NetDevice, host: string): void {
    const words = d.type === "empty" ? ["empty"] : d.type === "veth" ? ["veth", d.link, host] : [d.type, d.link];
    if (d.scriptUp !== "") this.scriptsUp.push({ command: d.scriptUp, args: [this.request.container, "net", "up", ...words] });
    if (d.scriptDown !== "") this.scriptsDown.push({ command: d.scriptDown, args: [this.request.container, "net", "down", ...words] });
  }

  private factOf(link: string): LinkFact {
    const fact = this.request.facts.find((f) => f.link === link);
    return fact === undefined ? { link, mtu: 0, address4: "", address6: "" } : fact;
  }
}

function isLinkLocal(bytes: number[]): boolean {
  return bytes.length === 16 && bytes[0] === 0xfe && Math.floor(bytes[1]! / 64) === 2;
}

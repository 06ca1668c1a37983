/**
 * One container's networking: from its lxc.net devices or its pool's grant to
 * actions. Decides only. Names and addresses of host ends come from the
 * container's name, so that whoever stops it after a crash finds them again.
 * Rules: LXC configuration language "NETWORK"; runtime specification 11, 14.
 */
import { emptyNetDevice, type NetDevice } from "../lxc/description.ts";
import { addressAction, bareNetwork, netAction, type LinkFact, type NetAction, type NetPlan, type NetProblem, type PoolGrant } from "./actions.ts";
import { broadcastOf, classPrefix, formatIpv4, parseIpv4 } from "./ipv4.ts";
import { addressBytes, samePrefix } from "./link_bytes.ts";
import { hostMac, hostName, hwaddrOf, insideNames } from "./link_names.ts";

/**
 * devices: of the configuration; not together with pool. loopback: bring lo up
 * even without a device that is up. facts: of every link in linksToAsk(). random:
 * as many bytes as randomNeeded() says.
 */
export type NetRequest = {
  container: string; devices: NetDevice[]; pool: PoolGrant | null; loopback: boolean; facts: LinkFact[]; random: Uint8Array;
};

/** problems empty: the plan holds. */
export type PlannedNetwork = { plan: NetPlan; problems: NetProblem[] };

const MACVLAN_MODES = ["private", "vepa", "bridge", "passthru"];
const IPVLAN_MODES = ["l2", "l3", "l3s"];
const IPVLAN_ISOLATION = ["bridge", "private", "vepa"];
/** A link made without MTU has this one. */
const USUAL_MTU = 1500;

/** Host links whose facts the plan depends on: bridges that give their MTU, links that give a gateway. */
export function linksToAsk(devices: NetDevice[]): string[] {
  const links: string[] = [];
  for (const d of devices) {
    const asksMtu = d.type === "veth" && d.mtu === 0;
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
  d.ipv4.push({ address: g.address, prefix: g.prefix, broadcast: "" });
  d.ipv4Gateway = g.gateway;
  d.at = g.pool;
  return d;
}

/** Plans all devices; every problem is reported, with the place the configuration has it. */
export function planNetwork(r: NetRequest): PlannedNetwork {
  let devices = r.devices;
  const problems: NetProblem[] = [];
  if (r.pool !== null) {
    if (devices.length > 0) problems.push({ at: devices[0]!.at, why: "lxc.net can't be used together with a pool of run.json" });
    devices = [deviceOfGrant(r.pool)];
  }
  const plan = bareNetwork(r.loopback || devices.some((d) => d.up && d.type !== "none"));
  if (r.pool !== null) plan.hostname = r.pool.hostname;
  const names = insideNames(devices);
  for (let i = 0; i < devices.length; i++) {
    if (devices[i]!.type !== "none") new DevicePlanner(r, devices[i]!, names[i]!, plan, problems).all(hwaddrOf(devices[i]!.hwaddr, r.random, 6 * i));
  }
  plan.afterExit.reverse();
  return { plan, problems };
}

/** One device. `host`: the name of its host end. */
class DevicePlanner {
  private readonly request: NetRequest;
  private readonly device: NetDevice;
  private readonly name: string;
  private readonly host: string;
  private readonly plan: NetPlan;
  private readonly problems: NetProblem[];

  constructor(r: NetRequest, d: NetDevice, name: string, plan: NetPlan, problems: NetProblem[]) {
    this.request = r;
    this.device = d;
    this.name = name;
    this.host = d.vethPair !== "" ? d.vethPair : hostName(r.container, d.index);
    this.plan = plan;
    this.problems = problems;
  }

  all(mac: string): void {
    const d = this.device;
    if (d.type !== "empty") {
      this.link(mac);
      if (d.type === "veth") this.hostEnd();
      this.addresses();
      this.gateway("ipv4", d.ipv4Gateway, "0.0.0.0");
      this.gateway("ipv6", d.ipv6Gateway, "::");
    }
    if (d.scriptUp !== "") this.plan.scriptsUp.push({ command: d.scriptUp, args: this.scriptArguments("up") });
    if (d.scriptDown !== "") this.plan.scriptsDown.push({ command: d.scriptDown, args: this.scriptArguments("down") });
  }

  private link(mac: string): void {
    const d = this.device;
    const a = netAction("move", d.link);
    a.name = this.name;
    a.mac = mac;
    a.mtu = d.mtu;
    if (d.type === "veth") this.veth(a);
    else if (d.type === "phys") this.undo("give-back", d.link);
    else this.stacked(a);
    this.plan.afterClone.push(a);
  }

  private undo(kind: "give-back" | "delete", link: string): void {
    const a = netAction(kind, link);
    a.name = this.name;
    this.plan.afterExit.push(a);
  }

  private veth(a: NetAction): void {
    const d = this.device;
    a.kind = "veth";
    a.link = this.host;
    a.hostMac = hostMac(this.request.container, d.index);
    a.derived = d.vethPair === "";
    if (d.vethMode === "bridge") a.over = d.link;
    const ofBridge = this.factOf(a.over).mtu;
    if (d.mtu === 0 && ofBridge !== USUAL_MTU) a.mtu = ofBridge;
    // a connection that still closes would keep the namespace, its address and this pair for minutes
    this.undo("delete", this.host);
  }

  private stacked(a: NetAction): void {
    const d = this.device;
    a.link = "";
    a.over = d.link;
    if (d.type === "vlan") {
      a.kind = "vlan";
      a.mode = d.vlanId;
    } else if (d.type === "macvlan") {
      a.kind = "macvlan";
      a.mode = 2 ** MACVLAN_MODES.indexOf(d.macvlanMode);
    } else {
      a.kind = "ipvlan";
      a.mode = IPVLAN_MODES.indexOf(d.ipvlanMode);
      a.flags = IPVLAN_ISOLATION.indexOf(d.ipvlanIsolation);
    }
  }

  private outside(kind: "host-route" | "proxy", address: string, prefix: number): void {
    this.plan.afterClone.push(addressAction(kind, this.host, address, prefix, ""));
  }

  private tag(vlan: number, flags: number): void {
    const a = netAction("tag", this.host);
    a.mode = vlan;
    a.flags = flags;
    this.plan.afterClone.push(a);
  }

  /** What the host's end of a pair needs: VLANs of its bridge, or routes to the container. */
  private hostEnd(): void {
    const d = this.device;
    if (d.vethVlanId >= 0) this.plan.afterClone.push(netAction("untag", this.host));
    if (d.vethVlanId > 0) this.tag(d.vethVlanId, 1);
    for (const vlan of d.vethVlanTagged) this.tag(vlan, 0);
    for (const r of d.vethRoutes4) this.outside("host-route", r.destination, r.prefix);
    for (const r of d.vethRoutes6) this.outside("host-route", r.destination, r.prefix);
    if (d.vethMode !== "router") return;
    if (d.ipv4.length > 0) this.forwarding("ipv4");
    if (d.ipv6.length > 0) this.forwarding("ipv6");
    for (const a of d.ipv4) this.outside("host-route", a.address, 32);
    for (const a of d.ipv6) this.outside("host-route", a.address, 128);
    // the host answers for the gateways, which nobody has
    if (d.ipv4Gateway.includes(".")) this.outside("proxy", d.ipv4Gateway, 0);
    if (d.ipv6Gateway.includes(":")) this.outside("proxy", d.ipv6Gateway, 0);
  }

  private forwarding(family: string): void {
    const a = netAction("setting", "");
    a.name = `/proc/sys/net/${family}/conf/${this.host}/forwarding`;
    a.address = "1";
    this.plan.afterClone.push(a);
  }

  private addresses(): void {
    const d = this.device;
    for (const a of d.ipv4) {
      const n = parseIpv4(a.address);
      const prefix = a.prefix < 0 ? classPrefix(n) : a.prefix;
      this.address(a.address, prefix, a.broadcast !== "" || prefix > 30 ? a.broadcast : formatIpv4(broadcastOf(n, prefix)));
    }
    for (const a of d.ipv6) this.address(a.address, a.prefix < 0 ? 64 : a.prefix, "");
    if (d.up) this.plan.inside.push(netAction("up", this.name));
  }

  private address(address: string, prefix: number, broadcast: string): void {
    this.plan.inside.push(addressAction("address", this.name, address, prefix, broadcast));
    if (this.device.l2proxy) this.plan.afterClone.push(addressAction("proxy", this.device.link, address, 0, ""));
  }

  private route(address: string, prefix: number, gateway: string): void {
    this.plan.inside.push(addressAction("route", this.name, address, prefix, gateway));
  }

  /** A gateway outside the link's own subnets is reached by a route of its own first. */
  private gateway(family: string, wanted: string, any: string): void {
    if (wanted === "") return;
    const fact = this.factOf(this.device.link);
    const gateway = wanted === "dev" ? "" : wanted !== "auto" ? wanted : family === "ipv4" ? fact.address4 : fact.address6;
    const bytes = addressBytes(gateway);
    let why = "";
    if (!this.device.up) why = "a gateway needs flags = up";
    else if (wanted === "auto" && bytes.length === 0) why = `link ${fact.link} has no ${family} address to be the gateway`;
    if (why !== "") {
      this.problems.push({ at: `${this.device.at} ${family}.gateway`, why });
      return;
    }
    if (bytes.length > 0 && !isLinkLocal(bytes) && !this.isOnLink(bytes)) this.route(gateway, bytes.length * 8, "");
    this.route(any, 0, gateway);
  }

  private isOnLink(bytes: number[]): boolean {
    for (const a of this.plan.inside) {
      if (a.kind === "address" && a.link === this.name && samePrefix(addressBytes(a.address), bytes, a.prefix)) return true;
    }
    return false;
  }

  private scriptArguments(event: string): string[] {
    const d = this.device;
    const args = [this.request.container, "net", event, d.type];
    if (d.type !== "empty") args.push(d.link);
    if (d.type === "veth") args.push(this.host);
    return args;
  }

  private factOf(link: string): LinkFact {
    for (const f of this.request.facts) if (f.link === link) return f;
    return { link, mtu: 0, address4: "", address6: "" };
  }
}

function isLinkLocal(bytes: number[]): boolean {
  return bytes.length === 16 && bytes[0] === 0xfe && Math.floor(bytes[1]! / 64) === 2;
}

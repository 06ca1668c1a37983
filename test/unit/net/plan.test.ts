import { test } from "uvu";
import * as assert from "uvu/assert";
import { emptyNetDevice, type NetDevice, type NetType } from "../../../src/lxc/description.ts";
import { netAction, type LinkFact, type NetAction, type NetPlan } from "../../../src/net/actions.ts";
import { linksToAsk, planNetwork, randomNeeded, type PlannedNetwork } from "../../../src/net/plan.ts";
import { hostMac, hostName } from "../../../src/net/link_names.ts";

function device(type: NetType, change: Partial<NetDevice> = {}): NetDevice {
  return { ...emptyNetDevice(0, type), at: "web/lxc.container.conf:9", ...change };
}

function planned(devices: NetDevice[], facts: LinkFact[] = [], loopback = false): PlannedNetwork {
  return planNetwork({ container: "web", devices, pool: null, loopback, facts, random: new Uint8Array([1, 2, 3, 4, 5, 6]) });
}

function plan(devices: NetDevice[], facts: LinkFact[] = []): NetPlan {
  const p = planned(devices, facts);
  assert.equal(p.problems, []);
  return p.plan;
}

/** What an action says beside the defaults. */
function said(actions: NetAction[]): Partial<NetAction>[] {
  return actions.map((a) => {
    const plain = netAction(a.kind, "");
    return Object.fromEntries(Object.entries(a).filter(([k, v]) => k === "kind" || v !== plain[k as keyof NetAction])) as Partial<NetAction>;
  });
}

const address = (a: string, prefix = 24): { address: string; prefix: number; broadcast: string } => ({ address: a, prefix, broadcast: "" });

test("a pool's grant is one veth with address, gateway and hostname", () => {
  const pool = { pool: "inner", bridge: "br-in", address: "10.9.0.2", prefix: 24, gateway: "10.9.0.1", mac: "02:00:0a:09:00:02", hostname: "meter" };
  const p = planNetwork({ container: "web", devices: [], pool, loopback: false, facts: [], random: new Uint8Array(0) });
  assert.equal(p.problems, []);
  assert.equal(said(p.plan.afterClone), [
    { kind: "veth", link: hostName("web", 0), name: "eth0", over: "br-in", mac: "02:00:0a:09:00:02", hostMac: hostMac("web", 0), derived: true },
  ]);
  assert.equal(said(p.plan.inside), [
    { kind: "up", link: "lo" },
    { kind: "address", link: "eth0", address: "10.9.0.2", prefix: 24, via: "10.9.0.255" },
    { kind: "up", link: "eth0" },
    { kind: "route", link: "eth0", address: "0.0.0.0", via: "10.9.0.1" },
  ]);
  assert.equal(said(p.plan.afterExit), [{ kind: "delete", link: hostName("web", 0), name: "eth0" }]);
  assert.is(p.plan.hostname, "meter");
});

test("a pool and lxc.net lines together are refused where the line stands", () => {
  const pool = { pool: "inner", bridge: "br-in", address: "10.9.0.2", prefix: 24, gateway: "10.9.0.1", mac: "", hostname: "" };
  const p = planNetwork({ container: "web", devices: [device("empty")], pool, loopback: false, facts: [], random: new Uint8Array(0) });
  assert.equal(p.problems, [{ at: "web/lxc.container.conf:9", why: "lxc.net can't be used together with a pool of run.json" }]);
});

test("without devices nothing comes up, unless loopback is asked for", () => {
  assert.equal(planned([]).plan.inside, []);
  assert.equal(said(planned([], [], true).plan.inside), [{ kind: "up", link: "lo" }]);
});

test("an empty network that is up has loopback, one that isn't has none", () => {
  assert.equal(said(plan([device("empty", { up: true })]).inside), [{ kind: "up", link: "lo" }]);
  assert.equal(plan([device("empty")]).inside, []);
});

test("type none asks for nothing", () => {
  const p = plan([device("none", { up: true })]);
  assert.equal([p.afterClone, p.inside, p.afterExit], [[], [], []]);
});

test("an address without prefix has that of its class and a broadcast address", () => {
  const p = plan([device("veth", { ipv4: [address("10.1.2.3", -1), { address: "192.168.1.2", prefix: 24, broadcast: "192.168.1.200" }, address("10.0.0.1", 32)] })]);
  assert.equal(p.inside.map((a) => (a.kind === "address" ? `${a.address}/${a.prefix} ${a.via}` : a.kind)), ["10.1.2.3/8 10.255.255.255", "192.168.1.2/24 192.168.1.200", "10.0.0.1/32 "]);
});

test("an IPv6 address without prefix has 64", () => {
  const p = plan([device("veth", { ipv6: [{ address: "fd00::2", prefix: -1 }] })]);
  assert.equal(said(p.inside), [{ kind: "address", link: "eth0", address: "fd00::2", prefix: 64 }]);
});

function gateways(p: NetPlan): string[] {
  return p.inside.flatMap((a) => (a.kind === "route" ? [`${a.address}/${a.prefix} ${a.via}`.trim()] : []));
}

test("a gateway outside the subnets is routed to first", () => {
  assert.equal(gateways(plan([device("veth", { up: true, ipv4: [address("10.1.0.2")], ipv4Gateway: "10.1.0.1" })])), ["0.0.0.0/0 10.1.0.1"]);
  assert.equal(gateways(plan([device("veth", { up: true, ipv4: [address("10.1.0.2", 32)], ipv4Gateway: "10.1.0.1" })])), ["10.1.0.1/32", "0.0.0.0/0 10.1.0.1"]);
});

test("a link-local IPv6 gateway needs no route of its own", () => {
  assert.equal(gateways(plan([device("veth", { up: true, ipv6: [{ address: "fd00::2", prefix: 64 }], ipv6Gateway: "fe80::1" })])), ["::/0 fe80::1"]);
});

test("gateway auto is the first address of the host's link", () => {
  const d = device("veth", { up: true, link: "lxcbr0", ipv4: [address("10.0.3.5")], ipv4Gateway: "auto" });
  assert.equal(linksToAsk([d]), ["lxcbr0"]);
  assert.equal(gateways(plan([d], [{ link: "lxcbr0", mtu: 1500, address4: "10.0.3.1", address6: "" }])), ["0.0.0.0/0 10.0.3.1"]);
  assert.equal(planned([d], [{ link: "lxcbr0", mtu: 1500, address4: "", address6: "" }]).problems, [{ at: "web/lxc.container.conf:9 ipv4.gateway", why: "link lxcbr0 has no ipv4 address to be the gateway" }]);
});

test("gateway dev is a default route straight to the link", () => {
  assert.equal(gateways(plan([device("ipvlan", { up: true, link: "eth0", ipv4: [address("10.0.3.5")], ipv4Gateway: "dev" })])), ["0.0.0.0/0"]);
});

test("a gateway on a link that stays down is refused", () => {
  assert.equal(planned([device("veth", { ipv4: [address("10.0.3.5")], ipv4Gateway: "10.0.3.1" })]).problems, [{ at: "web/lxc.container.conf:9 ipv4.gateway", why: "a gateway needs flags = up" }]);
});

test("a veth without MTU takes its bridge's where that isn't the usual one", () => {
  const mtuOf = (d: NetDevice, mtu: number): number => {
    const a = plan([d], [{ link: "br", mtu, address4: "", address6: "" }]).afterClone[0]!;
    return a.mtu;
  };
  assert.equal([mtuOf(device("veth", { link: "br" }), 9000), mtuOf(device("veth", { link: "br" }), 1500), mtuOf(device("veth", { link: "br", mtu: 1400 }), 9000)], [9000, 0, 1400]);
});

test("a configured pair name is used and never replaced", () => {
  const a = plan([device("veth", { vethPair: "uplink0" })]).afterClone[0]!;
  assert.equal([a.link, a.derived], ["uplink0", false]);
});

test("stacked links carry their kernel's numbers", () => {
  const p = plan([
    device("macvlan", { link: "eth0", macvlanMode: "passthru" }), device("ipvlan", { link: "eth0", ipvlanMode: "l3s", ipvlanIsolation: "private" }), device("vlan", { link: "eth0", vlanId: 42 }),
  ]);
  assert.equal(p.afterClone.map((a) => [a.kind, a.mode, a.flags, a.name]), [["macvlan", 8, 0, "eth0"], ["ipvlan", 2, 1, "eth1"], ["vlan", 42, 0, "eth2"]]);
  assert.equal(p.afterExit, []);
});

test("what is undone is undone in reverse", () => {
  const p = plan([device("veth", { vethPair: "uplink0" }), device("phys", { index: 1, link: "can0", name: "can1" })]);
  assert.equal(said(p.afterExit), [{ kind: "give-back", link: "can0", name: "can1" }, { kind: "delete", link: "uplink0", name: "eth0" }]);
});

test("a port's VLANs follow its pair", () => {
  const p = plan([device("veth", { link: "br", vethVlanId: 7, vethVlanTagged: [8, 9] })], [{ link: "br", mtu: 1500, address4: "", address6: "" }]);
  assert.equal(said(p.afterClone.slice(1)).map((a) => [a.kind, a.link, a.mode, a.flags]), [
    ["untag", hostName("web", 0), undefined, undefined], ["tag", hostName("web", 0), 7, 1], ["tag", hostName("web", 0), 8, undefined], ["tag", hostName("web", 0), 9, undefined],
  ]);
});

test("in router mode the host routes to the container and answers for its gateway", () => {
  const host = hostName("web", 0);
  const p = plan([device("veth", { vethMode: "router", up: true, ipv4: [address("10.1.0.2", 32)], ipv4Gateway: "10.1.0.1", vethRoutes4: [{ destination: "10.99.0.0", prefix: 16 }] })]);
  assert.equal(said(p.afterClone.slice(1)), [
    { kind: "host-route", link: host, address: "10.99.0.0", prefix: 16 },
    { kind: "setting", name: `/proc/sys/net/ipv4/conf/${host}/forwarding`, address: "1" },
    { kind: "host-route", link: host, address: "10.1.0.2", prefix: 32 },
    { kind: "proxy", link: host, address: "10.1.0.1" },
  ]);
});

test("scripts get LXC's arguments", () => {
  const p = plan([device("veth", { link: "br", scriptUp: "/up", scriptDown: "/down -x" })], [{ link: "br", mtu: 1500, address4: "", address6: "" }]);
  assert.equal(p.scriptsUp, [{ command: "/up", args: ["web", "net", "up", "veth", "br", hostName("web", 0)] }]);
  assert.equal(p.scriptsDown, [{ command: "/down -x", args: ["web", "net", "down", "veth", "br", hostName("web", 0)] }]);
});

test("random bytes are only asked for where an x stands", () => {
  assert.is(randomNeeded([device("veth"), device("veth", { hwaddr: "02:00:00:00:00:01" })]), 0);
  assert.is(randomNeeded([device("veth"), device("veth", { hwaddr: "02:00:00:00:00:xx" })]), 12);
});

test.run();

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Pool } from "../../../src/state/model.ts";
import { addressAction } from "../../../src/net/actions.ts";
import { parseIpv4 } from "../../../src/net/ipv4.ts";
import { emptyLeases, formatLeases, grantAddress, parseLeases, releaseLeases, reservedBy, type GrantWish, type LeaseTable, type Reserved } from "../../../src/net/leases.ts";
import { checkPools, planDefaultBridge, planHost } from "../../../src/net/pools.ts";
import { emptyNetDevice } from "../../../src/lxc/description.ts";

const inner: Pool = { name: "inner", type: "bridge", bridge: "br-in", parent: "", subnet: "10.9.0.0/29", gateway: "10.9.0.1", nat: true };

function pools(change: Partial<Pool> = {}): ReturnType<typeof checkPools>["pools"] {
  return checkPools([{ ...inner, ...change }]).pools;
}

function wish(container: string, ip = ""): GrantWish {
  return { container, pool: "inner", ip, mac: "", hostname: "" };
}

/** Grants in order; the addresses, and what was refused. */
function granted(wishes: GrantWish[], reserved: Reserved[] = [], before: LeaseTable = emptyLeases(), change: Partial<Pool> = {}): { got: string[]; table: LeaseTable } {
  let table = before;
  const got = wishes.map((w) => {
    const g = grantAddress(table, pools(change), w, reserved);
    table = g.table;
    return g.grant === null ? `${g.problems[0]!.at}: ${g.problems[0]!.why}` : g.grant.address;
  });
  return { got, table };
}

test("addresses are given from behind the gateway on", () => {
  assert.equal(granted([wish("a"), wish("b")]).got, ["10.9.0.2", "10.9.0.3"]);
});

test("a grant has what the link needs", () => {
  const g = grantAddress(emptyLeases(), pools(), { ...wish("a"), hostname: "meter" }, []).grant;
  assert.equal(g, { pool: "inner", bridge: "br-in", address: "10.9.0.2", prefix: 29, gateway: "10.9.0.1", mac: "02:00:0a:09:00:02", hostname: "meter" });
});

test("a container finds its address again, also after the table was stored", () => {
  const first = granted([wish("a"), wish("b")]);
  const stored = parseLeases(formatLeases(first.table));
  assert.equal(stored.problems, []);
  assert.equal(stored.table, first.table);
  assert.equal(granted([wish("b"), wish("a"), wish("c")], [], stored.table).got, ["10.9.0.3", "10.9.0.2", "10.9.0.4"]);
});

test("an address given back is not the next one given", () => {
  const t = releaseLeases(granted([wish("a"), wish("b")]).table, "b");
  assert.equal(granted([wish("c")], [], t).got, ["10.9.0.4"]);
});

test("the search starts over when the end is reached, and ends when all are taken", () => {
  const all = granted(["a", "b", "c", "d", "e"].map((c) => wish(c)));
  assert.equal(all.got, ["10.9.0.2", "10.9.0.3", "10.9.0.4", "10.9.0.5", "10.9.0.6"]);
  assert.equal(granted([wish("f")], [], all.table).got, ["f/run.json .network: no address is left in pool \"inner\""]);
  assert.equal(granted([wish("f")], [], releaseLeases(all.table, "b")).got, ["10.9.0.3"]);
});

test("a gateway at the end of the subnet leaves the addresses before it", () => {
  assert.equal(granted([wish("a"), wish("b")], [], emptyLeases(), { gateway: "10.9.0.6" }).got, ["10.9.0.1", "10.9.0.2"]);
});

test("a static address may be asked for again by its holder, by nobody else", () => {
  assert.equal(granted([wish("a", "10.9.0.5"), wish("a", "10.9.0.5"), wish("b", "10.9.0.5")]).got, ["10.9.0.5", "10.9.0.5", "b/run.json .network: ip 10.9.0.5 belongs to a"]);
});

test("a dynamic address steps over a static one", () => {
  assert.equal(granted([wish("s", "10.9.0.2"), wish("a")]).got, ["10.9.0.2", "10.9.0.3"]);
});

test("addresses that configurations of others name are never given", () => {
  const d = emptyNetDevice(0, "veth");
  d.ipv4 = [{ address: "10.9.0.2", prefix: 24, broadcast: "" }];
  assert.equal(granted([wish("a"), wish("b", "10.9.0.2")], reservedBy("other", [d])).got, ["10.9.0.3", "b/run.json .network: ip 10.9.0.2 belongs to other"]);
});

test("a lease that another's configuration has taken since is replaced", () => {
  const t = granted([wish("a")]).table;
  assert.equal(granted([wish("a")], [{ container: "x", address: parseIpv4("10.9.0.2") }], t).got, ["10.9.0.3"]);
});

test("a lease outside a pool that has moved is replaced", () => {
  const t = granted([wish("a")]).table;
  assert.equal(granted([wish("a")], [], t, { subnet: "10.10.0.0/24", gateway: "10.10.0.1" }).got, ["10.10.0.2"]);
});

const REFUSED: { says: string; ip: string; why: string }[] = [
  { says: "outside the subnet", ip: "10.9.1.2", why: "\"10.9.1.2\" is no address for a container in pool \"inner\"" },
  { says: "of the network itself", ip: "10.9.0.0", why: "\"10.9.0.0\" is no address for a container in pool \"inner\"" },
  { says: "of the broadcast", ip: "10.9.0.7", why: "\"10.9.0.7\" is no address for a container in pool \"inner\"" },
  { says: "of the gateway", ip: "10.9.0.1", why: "10.9.0.1 belongs to its gateway" },
  { says: "that is none", ip: "10.9.0.x", why: "\"10.9.0.x\" is no address for a container in pool \"inner\"" },
];
for (const v of REFUSED) test(`a static address ${v.says} is refused`, () => assert.equal(granted([wish("a", v.ip)]).got, [`a/run.json .network: ip ${v.why}`]));

test("a pool nobody defines is refused", () => {
  assert.equal(grantAddress(emptyLeases(), [], wish("a"), []).problems, [{ at: "a/run.json .network", why: "there is no usable pool \"inner\"" }]);
});

test("a container's own hardware address is kept", () => {
  assert.is(grantAddress(emptyLeases(), pools(), { ...wish("a"), mac: "02:11:22:33:44:55" }, []).grant!.mac, "02:11:22:33:44:55");
});

const POOLS: { says: string; change: Partial<Pool>; why: string }[] = [
  { says: "a pool of type macvlan", change: { type: "macvlan", parent: "eth0" }, why: "only type bridge is supported" },
  { says: "a pool without a bridge", change: { bridge: "" }, why: "bridge has no name of 1 to 15 characters without /" },
  { says: "a subnet without prefix", change: { subnet: "10.9.0.0" }, why: "subnet \"10.9.0.0\" is not A.B.C.D/prefix with a prefix of 8 to 30" },
  { says: "a subnet too small for a container", change: { subnet: "10.9.0.0/31" }, why: "subnet \"10.9.0.0/31\" is not A.B.C.D/prefix with a prefix of 8 to 30" },
  { says: "a gateway elsewhere", change: { gateway: "10.8.0.1" }, why: "gateway \"10.8.0.1\" is no address of 10.9.0.0/29" },
];
for (const v of POOLS) test(`${v.says} is dropped, and why is said`, () => assert.equal(checkPools([{ ...inner, ...v.change }]), { pools: [], problems: [{ at: "device.json .network.pools[\"inner\"]", why: v.why }] }));

test("of two pools with one subnet the first stays", () => {
  const r = checkPools([inner, { ...inner, name: "other", subnet: "10.9.0.0/24" }]);
  assert.equal(r.pools.map((p) => p.name), ["inner"]);
  assert.match(r.problems[0]!.why, "overlaps");
});

test("a subnet written with a host's address is cut to its network", () => {
  assert.equal(planHost(checkPools([{ ...inner, subnet: "10.9.0.5/29" }]).pools), {
    actions: [addressAction("bridge", "br-in", "10.9.0.1", 29, "")], nat: [{ bridge: "br-in", address: parseIpv4("10.9.0.0"), prefix: 29 }],
  });
});

test("without nat nothing is masked", () => assert.equal(planHost(pools({ nat: false })).nat, []));

test("the default bridge needs a name; a wrong mask or address is said", () => {
  assert.equal(planDefaultBridge("", "x", "y"), { actions: [], problems: [] });
  assert.equal(planDefaultBridge("lxcbr0", "10.0.3.1", "255.255.255.0").actions, [addressAction("bridge", "lxcbr0", "10.0.3.1", 24, "")]);
  assert.equal(planDefaultBridge("lxcbr0", "10.0.3", "255.0.255.0").problems.map((p) => p.at), ["PV_NET_BRADDRESS4", "PV_NET_BRMASK4"]);
});

const TEXTS: { says: string; text: string; at: string }[] = [
  { says: "another head", text: "something\n", at: "leases:1" },
  { says: "a line cut short", text: "wherry leases 1\nstatic\tinner\ta\t10.9.\n", at: "leases:2" },
  { says: "a word nobody knows", text: "wherry leases 1\n\nforever\tinner\ta\t10.9.0.2\n", at: "leases:3" },
  { says: "a field too many", text: "wherry leases 1\nstatic\tinner\ta\tb\t10.9.0.2\n", at: "leases:2" },
];
for (const v of TEXTS) test(`stored leases with ${v.says} are told apart and left out`, () => {
  const r = parseLeases(v.text);
  assert.equal(r.problems.map((p) => p.at), [v.at]);
  assert.equal(r.table, emptyLeases());
});

test("no stored leases are an empty table", () => assert.equal(parseLeases(""), { table: emptyLeases(), problems: [] }));

test.run();

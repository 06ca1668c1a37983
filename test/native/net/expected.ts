/** What each scenario of program.ts must print, on whatever kernel it runs. */
import * as assert from "uvu/assert";
import type { Expectation } from "../printed.ts";

export const EXPECTATIONS: Expectation[] = [
  {
    scenario: "loopback", says: "loopback comes up when nothing else does",
    check: (r) => {
      assert.equal(r.get("before"), ["error connect 127.0.0.1: ENETUNREACH"]);
      assert.equal(r.get("after"), ["error connect 127.0.0.1: ECONNREFUSED"]);
    },
  },
  {
    scenario: "pool", says: "two containers of a pool reach each other, and what lies beyond through NAT",
    check: (r) => {
      assert.equal(r.get("mac"), ["02000a090002"]);
      assert.equal(r.get("neighbour"), ["hello"]);
      assert.equal(r.get("from"), ["accepted 0300090A"], "10.9.0.3 itself is seen in the same bridge");
      assert.equal(r.get("beyond"), ["hello"]);
      assert.equal(r.get("masked"), ["accepted 010200C0"], "192.0.2.1, the host's own address, is seen outside");
    },
  },
  {
    scenario: "pool", says: "setting the host up twice leaves one NAT rule, and taking it away none",
    check: (r) => {
      assert.equal(r.get("rules"), ["1", "0"]);
      assert.equal(r.get("left"), ["br-in,lo"]);
    },
  },
  {
    scenario: "names", says: "links inside have their names, MTU, hardware address, IPv6 address and a gateway beyond their subnet",
    check: (r) => {
      assert.equal(r.get("links"), ["eth0,lo,wan"]);
      assert.equal(r.get("mtu"), ["1400"]);
      assert.equal(r.get("mac"), ["020000040506"]);
      assert.equal(r.get("v6"), ["fd000000000000000000000000000002/40"]);
      const routes = r.get("routes")![0]!.split(",");
      assert.ok(routes.includes("wan:00000000:01004D0A:00000000"), "default route by 10.77.0.1");
      assert.ok(routes.includes("wan:01004D0A:00000000:FFFFFFFF"), "10.77.0.1 itself is on the link");
      assert.equal(r.get("left"), ["lo"]);
    },
  },
  {
    scenario: "macvlan", says: "a macvlan reaches what its parent reaches",
    check: (r) => {
      assert.equal(r.get("links"), ["lo,up0"]);
      assert.equal(r.get("reached"), ["hello"]);
      assert.equal(r.get("left"), ["lo"]);
    },
  },
  {
    scenario: "ipvlan", says: "an ipvlan reaches what its parent reaches",
    check: (r) => {
      assert.equal(r.get("links"), ["lo,up0"]);
      assert.equal(r.get("reached"), ["hello"]);
      assert.equal(r.get("left"), ["lo"]);
    },
  },
  { scenario: "vlan", says: "a vlan is made inside", check: (r) => assert.equal(r.get("links"), ["lo,up0"]) },
  {
    scenario: "phys", says: "a physical link moves inside under its new name and comes home at the end",
    check: (r) => {
      assert.equal(r.get("inside"), ["lan0,lo"]);
      assert.equal(r.get("meanwhile"), ["lo"]);
      assert.equal(r.get("reached"), ["hello"]);
      assert.match(r.get("returned")![0]!, /^lo,veth\w{6}$/);
      assert.equal(r.get("other"), ["eth0,lo"], "the other end of the card still exists");
      assert.equal(r.get("left"), ["lo"]);
    },
  },
  {
    scenario: "refused", says: "a refused step names the link and errno and takes away only what it made",
    check: (r) => {
      assert.equal(r.get("error")!.map((e) => e.replace(/ veth[a-z0-9]{6} /, " (host end) ")), [
        "network veth (host end) eth0 br-none: ENODEV (link br-none)",
        "network macvlan eth0 eth-none: ENODEV (link eth-none)",
        "network veth taken0 eth0: EEXIST",
        "network veth (host end) eth1 br-none: ENODEV (link br-none)",
        "network veth (host end) eth0 br-none: ENODEV (link br-none)",
      ]);
      assert.match(r.get("twice")![0]!, /^error network address eth0 10\.5\.0\.2\/24: EEXIST/);
      assert.equal(r.get("kept"), ["eth0,lo"], "the container that had the name first keeps its link");
      assert.match(r.get("back")![0]!, /^lo,veth\w{6}$/, "the moved card is home again");
      assert.equal(r.get("left"), ["lo"]);
    },
  },
  {
    scenario: "stale", says: "a host end that a crash left is replaced",
    check: (r) => {
      assert.equal(r.get("after"), ["eth0,lo"]);
      assert.equal(r.get("left"), ["lo"]);
    },
  },
  {
    scenario: "bridges", says: "the default bridge can be set up again, and is the gateway of auto",
    check: (r) => {
      assert.equal(r.get("bridge"), ["10.0.3.1"]);
      assert.ok(r.get("routes")![0]!.split(",").includes("eth0:00000000:0103000A:00000000"));
    },
  },
];

/** The types of links that a kernel may lack, by their scenario. */
export const OPTIONAL_LINKS = ["macvlan", "ipvlan", "vlan"];

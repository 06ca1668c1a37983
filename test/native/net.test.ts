/** The net room on this machine's kernel, in namespaces of its own: real links, real packets. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../toolchain/compile.ts";
import { root } from "../../toolchain/places.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";

const program = await compile({ entry: "test/native/net/program.ts", out: join(root, "build/out/test/net"), target: targetNamed("x86_64"), flavor: "release" });

/** Runs a scenario; the values of each key it printed. */
function scenario(name: string): Map<string, string[]> {
  const r = spawnSync(program, [name], { encoding: "utf8", timeout: 60_000 });
  assert.is(r.stderr, "");
  assert.is(r.status, 0, `${name} ended with ${r.status ?? r.signal}:\n${r.stdout}`);
  const out = new Map<string, string[]>();
  for (const line of r.stdout.split("\n").filter((l) => l !== "")) {
    const at = line.indexOf("=");
    out.set(line.slice(0, at), [...(out.get(line.slice(0, at)) ?? []), line.slice(at + 1)]);
  }
  for (const key of ["fault", "undo", "problem"]) assert.is(out.get(key), undefined, `${key}: ${out.get(key)?.join()}`);
  return out;
}

function kernelTest(title: string, body: () => void): void {
  const why = missing("root") || missing("namespaces");
  if (why !== "") console.log(`skip: ${title}: ${why}`);
  else test(title, body);
}

/** Of links this kernel may not have. */
function linkTest(title: string, type: string, body: (r: Map<string, string[]>) => void): void {
  if (missing("root") !== "") return kernelTest(title, () => {});
  const r = scenario(type);
  if ((r.get("error") ?? []).some((e) => e.includes("EOPNOTSUPP"))) console.log(`skip: ${title}: this kernel has no ${type}`);
  else test(title, () => body(r));
}

kernelTest("loopback comes up when nothing else does", () => {
  const r = scenario("loopback");
  assert.equal(r.get("before"), ["error connect 127.0.0.1: ENETUNREACH"]);
  assert.equal(r.get("after"), ["error connect 127.0.0.1: ECONNREFUSED"]);
});

kernelTest("two containers of a pool reach each other, and what lies beyond through NAT", () => {
  const r = scenario("pool");
  assert.equal(r.get("mac"), ["02000a090002"]);
  assert.equal(r.get("neighbour"), ["hello"]);
  assert.equal(r.get("from"), ["accepted 0300090A"], "10.9.0.3 itself is seen in the same bridge");
  assert.equal(r.get("beyond"), ["hello"]);
  assert.equal(r.get("masked"), ["accepted 010200C0"], "192.0.2.1, the host's own address, is seen outside");
});

kernelTest("setting the host up twice leaves one NAT rule, and taking it away none", () => {
  const r = scenario("pool");
  assert.equal(r.get("rules"), ["1", "0"]);
  assert.equal(r.get("left"), ["br-in,lo"]);
});

kernelTest("links inside have their names, MTU, hardware address, IPv6 address and a gateway beyond their subnet", () => {
  const r = scenario("names");
  assert.equal(r.get("links"), ["eth0,lo,wan"]);
  assert.equal(r.get("mtu"), ["1400"]);
  assert.equal(r.get("mac"), ["020000040506"]);
  assert.equal(r.get("v6"), ["fd000000000000000000000000000002/40"]);
  const routes = r.get("routes")![0]!.split(",");
  assert.ok(routes.includes("wan:00000000:01004D0A:00000000"), "default route by 10.77.0.1");
  assert.ok(routes.includes("wan:01004D0A:00000000:FFFFFFFF"), "10.77.0.1 itself is on the link");
  assert.equal(r.get("left"), ["lo"]);
});

for (const type of ["macvlan", "ipvlan"]) {
  linkTest(`a ${type} reaches what its parent reaches`, type, (r) => {
    assert.equal(r.get("links"), ["lo,up0"]);
    assert.equal(r.get("reached"), ["hello"]);
    assert.equal(r.get("left"), ["lo"]);
  });
}

linkTest("a vlan is made inside", "vlan", (r) => assert.equal(r.get("links"), ["lo,up0"]));

kernelTest("a physical link moves inside under its new name and comes home at the end", () => {
  const r = scenario("phys");
  assert.equal(r.get("inside"), ["lan0,lo"]);
  assert.equal(r.get("meanwhile"), ["lo"]);
  assert.equal(r.get("reached"), ["hello"]);
  assert.match(r.get("returned")![0]!, /^lo,veth\w{6}$/);
  assert.equal(r.get("other"), ["eth0,lo"], "the other end of the card still exists");
  assert.equal(r.get("left"), ["lo"]);
});

kernelTest("a refused step names the link and errno and takes away only what it made", () => {
  const r = scenario("refused");
  assert.equal(r.get("error"), [
    "network link br-none: ENODEV",
    "network link eth-none: ENODEV",
    "network veth taken0 to eth0: EEXIST",
    "network link br-none: ENODEV",
    "network link br-none: ENODEV",
  ]);
  assert.match(r.get("twice")![0]!, /^error network address 10\.5\.0\.2\/24 on eth0: EEXIST/);
  assert.equal(r.get("kept"), ["eth0,lo"], "the container that had the name first keeps its link");
  assert.match(r.get("back")![0]!, /^lo,veth\w{6}$/, "the moved card is home again");
  assert.equal(r.get("left"), ["lo"]);
});

kernelTest("a host end that a crash left is replaced", () => {
  const r = scenario("stale");
  assert.equal(r.get("after"), ["eth0,lo"]);
  assert.equal(r.get("left"), ["lo"]);
});

kernelTest("the default bridge can be set up again, and is the gateway of auto", () => {
  const r = scenario("bridges");
  assert.equal(r.get("bridge"), ["10.0.3.1"]);
  assert.ok(r.get("routes")![0]!.split(",").includes("eth0:00000000:0103000A:00000000"));
});

test.run();

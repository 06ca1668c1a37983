/** Hotplug on this machine's kernel: nodes in another root's /dev, traps in it, the kernel's event socket. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../toolchain/compile.ts";
import { root } from "../../toolchain/places.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";

const program = await compile({ entry: "test/native/driver/program.ts", out: join(root, "build/out/test/driver"), target: targetNamed("x86_64"), flavor: "release" });

/** Runs a scenario; the values of each key it printed. */
function scenario(name: string): Map<string, string[]> {
  const place = mkdtempSync(join(tmpdir(), "wherry-driver-"));
  const r = spawnSync(program, [name, place], { encoding: "utf8", timeout: 60_000 });
  rmSync(place, { recursive: true });
  assert.is(r.stderr, "");
  assert.is(r.status, 0, `${name} ended with ${r.status ?? r.signal}:\n${r.stdout}`);
  const out = new Map<string, string[]>();
  for (const line of r.stdout.split("\n").filter((l) => l !== "")) {
    const at = line.indexOf("=");
    out.set(line.slice(0, at), [...(out.get(line.slice(0, at)) ?? []), line.slice(at + 1)]);
  }
  assert.is(out.get("problem"), undefined);
  return out;
}

function kernelTest(title: string, body: () => void): void {
  const why = missing("root") || missing("namespaces");
  if (why !== "") console.log(`skip: ${title}: ${why}`);
  else test(title, body);
}

kernelTest("devices that are there get the nodes their rules say, others none", () => {
  const r = scenario("coldplug");
  assert.equal(r.get("null"), ["20666 1:3 0:0"]);
  assert.equal(r.get("mem/zero"), ["20640 1:5 5:6"]);
  assert.equal(r.get("sub/deep/full"), ["20600 1:7 0:0"]);
  assert.equal(r.get("link"), ["sub/deep/full"]);
  assert.equal(r.get("random"), ["none"], "a rule with ! makes nothing");
  assert.equal(r.get("tty"), ["none"], "no rule, no node");
  assert.is(r.get("failed"), undefined);
});

kernelTest("a device that goes takes its node and link along, and only its own", () => {
  const r = scenario("coldplug");
  assert.equal(r.get("gone"), ["none false"]);
  assert.equal(r.get("other"), ["20666 1:3 0:0"], "another device of that name leaves the node");
});

kernelTest("commands of rules are told with the node they are about", () => {
  assert.equal(scenario("coldplug").get("command"), ["/bin/made for mem/zero", "x for null"]);
});

kernelTest("links a container put in its /dev lead nowhere", () => {
  const r = scenario("traps");
  assert.equal(r.get("failed"), ["node /dev/null: EEXIST", "node /dev/mem/null: ELOOP", "node /dev/abs/null: ELOOP", "node /dev/file: EEXIST"]);
  assert.equal(r.get("outside"), ["false false"]);
});

kernelTest("a node left by another device is replaced", () => assert.equal(scenario("traps").get("stale"), ["20666 1:3 0:0"]));

kernelTest("the host's own /dev and that of a dead process are never touched", () => {
  const r = scenario("traps");
  assert.equal(r.get("hostdev"), ["-1"]);
  assert.equal(r.get("dead"), ["-1"]);
});

kernelTest("the kernel's events arrive, and one that sysfs contradicts doesn't", () => {
  const r = scenario("events");
  assert.equal(r.get("event"), ["add /devices/virtual/mem/null 1:3"]);
  assert.equal(r.get("modaliases"), ["true"]);
});

test.run();

/** What vectors cannot say: bounds, names both ways, the key table against the parser. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { capabilityName, capabilityNumber } from "../../../src/lxc/capabilities.ts";
import { emptyDescription, type ContainerDescription } from "../../../src/lxc/description.ts";
import { findLxcKey, lxcKeys } from "../../../src/lxc/keys.ts";
import { parseLxcConfig } from "../../../src/lxc/parser.ts";
import { ConfigReader, NoIncludes, type ReadText } from "../../../src/lxc/reader.ts";
import { signalName, signalNumber } from "../../../src/lxc/signals.ts";

/** A value that each kind of key accepts. */
const SAMPLES: Record<string, string> = {
  "lxc.include": "", "lxc.rootfs.path": "/r", "lxc.rootfs.options": "ro", "lxc.init.groups": "1", "lxc.environment": "A=1",
  "lxc.environment.runtime": "A=1", "lxc.environment.hooks": "A=1", "lxc.arch": "x86_64", "lxc.mount.entry": "a b none bind", "lxc.mount.auto": "proc:rw",
  "lxc.console.size": "1KB", "lxc.console.buffer.size": "1KB", "lxc.namespace.keep": "net", "lxc.namespace.clone": "net", "lxc.namespace.share.*": "x",
  "lxc.idmap": "u 0 1 1", "lxc.cap.drop": "kill", "lxc.cap.keep": "kill", "lxc.cgroup2.*": "1", "lxc.cgroup.*": "1",
  "lxc.net.N.type": "veth", "lxc.net.N.flags": "up", "lxc.net.N.hwaddr": "00:00:00:00:00:01", "lxc.net.N.mtu": "1400", "lxc.net.N.ipv4.address": "10.0.0.1",
  "lxc.net.N.ipv6.address": "fd00::1", "lxc.net.N.ipv4.gateway": "10.0.0.1", "lxc.net.N.ipv6.gateway": "fd00::1", "lxc.net.N.veth.mode": "router",
  "lxc.net.N.veth.ipv4.route": "10.0.0.0/8", "lxc.net.N.veth.ipv6.route": "fd00::/8", "lxc.net.N.veth.vlan.id": "3", "lxc.net.N.veth.vlan.tagged.id": "3",
  "lxc.net.N.macvlan.mode": "vepa", "lxc.net.N.vlan.id": "3", "lxc.net.N.ipvlan.mode": "l2", "lxc.net.N.ipvlan.isolation": "vepa", "lxc.net.N.l2proxy": "1",
  "lxc.prlimit.*": "5", "lxc.sysctl.*": "1", "lxc.proc.*": "1", "lxc.signal.halt": "TERM", "lxc.signal.reboot": "TERM", "lxc.signal.stop": "TERM",
  "lxc.time.offset.boot": "1s", "lxc.time.offset.monotonic": "1s", "lxc.autodev": "0", "lxc.keyring.session": "0",
};

/** The name a row stands for in a file. */
function nameOf(key: string): string {
  const share = key === "lxc.namespace.share.*" ? "net" : key === "lxc.prlimit.*" ? "core" : "memory.max";
  return key.replace(".N.", ".0.").replace("*", share);
}

function sampleOf(key: string, kind: string): string {
  return SAMPLES[key] ?? (kind === "flag" || kind.startsWith("number") ? "1" : "x");
}

function described(text: string): ContainerDescription {
  return parseLxcConfig(text, "c", new NoIncludes()).description;
}

for (const row of lxcKeys()) {
  if (row.support === "ignored") {
    test(`${row.key} is ignored with its reason`, () => {
      const c = parseLxcConfig(`${nameOf(row.key)} = x\n`, "c", new NoIncludes());
      assert.equal(c.problems, []);
      assert.equal(c.warnings.map((w) => w.why), [`ignored: ${row.why}`]);
      assert.equal(c.description, emptyDescription());
    });
  } else if (row.key !== "lxc.include") {
    test(`${row.key} reaches the description and its empty value takes it back`, () => {
      const line = `${nameOf(row.key)} = ${sampleOf(row.key, row.kind)}\n`;
      const base = row.key.startsWith("lxc.net.") && row.key !== "lxc.net.N.type" ? "lxc.net.0.type = phys\nlxc.net.0.link = e\n" : "";
      assert.not.equal(described(base + line), described(base));
      if (row.key === "lxc.net.N.type") return;
      const cleared = parseLxcConfig(`${base}${line}${nameOf(row.key)} =\n`, "c", new NoIncludes());
      const link = row.key === "lxc.net.N.link";
      if (!link) assert.equal(cleared.problems, []);
      if (!link) assert.equal(cleared.description, described(base));
    });
  }
  for (const old of row.legacy) {
    test(`${old} means ${row.key}`, () => {
      const found = findLxcKey(old.replace("*", "core"));
      assert.is(found?.key, row.key);
      assert.is(found?.legacy, true);
    });
  }
}

test("no key and no older name is in the table twice", () => {
  const names = lxcKeys().flatMap((k) => (k.legacy.includes(k.key) ? [k.key] : [k.key, ...k.legacy]));
  assert.equal(names.filter((n, i) => names.indexOf(n) !== i), []);
});

test("every key that is not plainly supported says why", () => {
  assert.equal(lxcKeys().filter((k) => (k.support === "supported") !== (k.why === "")).map((k) => k.key), []);
});

test("capability numbers have their names back", () => {
  for (let n = 0; n <= 40; n++) assert.is(capabilityNumber(capabilityName(n)), n);
  assert.is(capabilityName(40), "checkpoint_restore");
  assert.is(capabilityName(41), "41");
});

test("signal numbers have their names back", () => {
  for (let n = 1; n <= 31; n++) assert.is(signalNumber(signalName(n)), n);
  for (let n = 34; n <= 64; n++) assert.is(signalNumber(signalName(n)), n);
  assert.is(signalName(30), "SIGPWR");
  assert.is(signalName(37), "SIGRTMIN+3");
});

class Endless extends ConfigReader {
  reads = 0;
  read(_path: string): ReadText {
    this.reads += 1;
    return { ok: true, text: "lxc.include = /a\nlxc.include = /b\n", why: "" };
  }
  list(_path: string): string[] | null {
    return null;
  }
}

test("includes that double at every level stop at the bound of files", () => {
  const reader = new Endless();
  const c = parseLxcConfig("lxc.include = /a\n", "c", reader);
  assert.ok(reader.reads <= 64, `${reader.reads} reads`);
  assert.is(c.problems.filter((p) => p.why.startsWith("configuration larger than")).length, 1);
});

test("a configuration beyond 256 KiB is refused, not read", () => {
  const c = parseLxcConfig(`lxc.tty.max = 1\n${"#".repeat(262144)}`, "c", new NoIncludes());
  assert.is(c.description.ttyMax, 0);
  assert.match(c.problems[0]!.why, "larger than");
});

test("a configuration of more than 4096 settings is refused", () => {
  const c = parseLxcConfig(Array.from({ length: 5000 }, (_, i) => `lxc.environment = A${i}=1`).join("\n"), "c", new NoIncludes());
  assert.is(c.description.environment.length, 4096);
  assert.equal(c.problems.map((p) => `${p.at}: ${p.why}`), ["c:4097: more than 4096 settings"]);
});

test("a text of nothing but mistakes ends after 128 of them", () => {
  const c = parseLxcConfig("lxc.nope = 1\n".repeat(4000), "c", new NoIncludes());
  assert.is(c.problems.length, 128);
});

test.run();

/**
 * What vectors can't say about the state room: the spec's own examples, raw
 * spans, the table of keys, bounds on what is told.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { stateKeys } from "../../../src/state/keys.ts";
import { parseState, usualOptions } from "../../../src/state/parse.ts";
import { parseSize, parseTimeMs } from "../../../src/state/units.ts";
import { UNLIMITED } from "../../../src/state/model.ts";

const id = (c: string): string => c.repeat(64);
const parse = (text: string): ReturnType<typeof parseState> => parseState(new TextEncoder().encode(text), usualOptions());

const DEVICE = {
  disks: [{ name: "secrets", type: "dm-crypt-versatile", path: "/storage/dm-crypt-files/secrets/v.img,2,key1", aliases: ["dm-versatile"] }],
  groups: [
    { name: "data", status_goal: "MOUNTED", restart_policy: "system", timeout: 30 }, { name: "root", restart_policy: "system", timeout: 30 },
    { name: "app", restart_policy: "container", timeout: 60, auto_recovery: { policy: "on-failure", max_retries: 5, retry_delay: 5, backoff_factor: 2, stable_timeout: 30, backoff_policy: "10min" } },
  ],
  network: { pools: { internal: { type: "bridge", bridge: "pvbr0", subnet: "10.0.5.0/24", gateway: "10.0.5.1", nat: true } } },
  volumes: { "pv--usrmeta": { disk: "secrets", persistence: "permanent" }, "pv--firmware": { persistence: "boot" } },
};
const WEB = {
  "#spec": "service-manifest-run@1", name: "web", type: "lxc", config: "lxc.container.conf", "root-volume": "dm:root.squashfs", volumes: ["assets.squashfs"],
  group: "app", status_goal: "READY", roles: ["nobody"], "dev-log": false, drivers: { required: ["wifi"], optional: [], manual: ["usbserial"] }, exports: ["/run/web"],
  logs: [{ file: "/var/log/web.log", truncate: "true", maxsize: "1048576", name: "web" }], network: { pool: "internal", hostname: "web" },
  services: { required: [], optional: [{ name: "store", type: "rest", target: "/run/store.sock" }] },
  storage: { "lxc-overlay": { persistence: "boot" }, "docker--var-lib-web": { persistence: "permanent", disk: "dm-versatile" } },
};
const STATE = JSON.stringify({
  "#spec": "pantavisor-service-system@1", "_config/web/etc/motd": id("d"), "_sigs/web.json": { "#spec": "pvs@2", protected: "eyJ", signature: "RSK" },
  "bsp/kernel.img": id("1"), "bsp/modules.squashfs": id("7"), "bsp/pantavisor": id("0"),
  "bsp/run.json": { addons: [], initrd: "pantavisor", initrd_config: "", linux: "kernel.img", modules: "modules.squashfs" },
  "device.json": DEVICE, "web/assets.squashfs": id("8"), "web/lxc.container.conf": id("a"), "web/root.squashfs": id("5"), "web/run.json": WEB,
  "web/src.json": { "#spec": "service-manifest-src@1" },
});

test("the example of the state format is read whole", () => {
  const r = parse(STATE);
  assert.equal(r.problems, []);
  const c = r.state.containers[0]!;
  assert.is(r.state.groups[c.group]!.name, "app");
  assert.is(c.statusGoal, "READY");
  assert.is(c.mgmt, false);
  assert.is(c.devLog, "no");
  assert.is(c.autoRecovery.backoffSeconds, 600);
  assert.equal(c.storage, [{ name: "lxc-overlay", persistence: "boot", disk: "" }, { name: "docker--var-lib-web", persistence: "permanent", disk: "secrets" }]);
  assert.equal(c.rootVolume, { kind: "image", handler: "dm", name: "root.squashfs", fstype: "squashfs" });
  assert.ok(c.hasConfigOverlay);
  assert.equal(r.state.signatures, ["_sigs/web.json"]);
  assert.is(r.state.artifacts.length, 10);
});

test("inline items keep the bytes they had", () => {
  const text = STATE.replace("\"#spec\":\"pantavisor", " \"#spec\" : \"pantavisor").replace("{\"addons\":[]", "{ \"addons\" :  [ ]");
  const r = parse(text);
  const bsp = r.state.artifacts.find((a) => a.name === "bsp/run.json")!;
  assert.is(new TextDecoder().decode(r.state.bytes.subarray(bsp.start, bsp.end)), "{ \"addons\" :  [ ],\"initrd\":\"pantavisor\",\"initrd_config\":\"\",\"linux\":\"kernel.img\",\"modules\":\"modules.squashfs\"}");
});

test("every cut of a state is refused with a place, or is a state", () => {
  for (let n = 0; n < STATE.length; n += 7) {
    const r = parse(STATE.slice(0, n));
    assert.not(r.ok);
    assert.is(r.problems.length, 1);
    assert.ok(r.problems[0]!.line === 1 && r.problems[0]!.column > 0 && r.problems[0]!.why.length > 0);
  }
});

test("a state full of mistakes gives a bounded list that says how many more there are", () => {
  const members = Array.from({ length: 1000 }, (_x, i) => `"a/${i}":7`);
  const r = parse(`{"#spec":"pantavisor-service-system@1",${members.join(",")}}`);
  assert.is(r.problems.length, 201);
  assert.is(r.problems[200]!.why, "and 800 problems more");
});

test("the same key is in a table once, and every different or ignored one says why", () => {
  for (const t of stateKeys()) {
    assert.is(new Set(t.rows.map((r) => r.key)).size, t.rows.length, t.name);
    for (const r of t.rows) if (r.support !== "supported") assert.ok(r.why !== "", `${t.name} ${r.key}`);
  }
  assert.is(new Set(stateKeys().map((t) => t.name)).size, stateKeys().length);
});

test("sizes and times as people write them", () => {
  const sizes: [string, number | null][] = [["0", 0], ["4096", 4096], ["64K", 65536], ["64KiB", 65536], ["1.5GiB", 1610612736], ["max", UNLIMITED], ["", null], ["K", null], ["1 K", null], ["-1", null], ["0.5", null], ["1KB", null], ["9000T", null]];
  for (const [text, want] of sizes) assert.is(parseSize(text), want, text);
  const times: [string, number | null][] = [["10", 10000], ["500ms", 500], ["1.5s", 1500], ["2min", 120000], ["1h", 3600000], ["250us", 0.25], ["", null], ["soon", null], ["1d", null], ["1000h", null]];
  for (const [text, want] of times) assert.is(parseTimeMs(text), want, text);
});

test.run();

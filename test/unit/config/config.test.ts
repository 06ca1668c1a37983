/** What vectors cannot say: accessors, changes, bounds, the key table as a whole. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Config, isSecretKey, MASK } from "../../../src/config/config.ts";
import { configKey, configKeys, findConfigKey, indexOfKey, keyCount, keyName } from "../../../src/config/keys.ts";
import { ENV, HUB, levelName, PH_CONF, POLICY, PV_CONF } from "../../../src/config/levels.ts";
import { parseConfFile, parseCommandLine, parseEnvironment } from "../../../src/config/lines.ts";
import { formatHubFile } from "../../../src/config/load.ts";
import { parseConfigValue } from "../../../src/config/values.ts";

for (const row of configKeys()) {
  test(`${row.key}: its default is a value of its type, within its range`, () => {
    if (row.standard === null) return;
    const raw = row.type === "mask" ? "filetree" : row.standard;
    const v = parseConfigValue(row, raw);
    assert.equal(v, { text: row.standard, why: "", warn: "" });
  });
  test(`${row.key}: found by each of its names`, () => {
    const index = indexOfKey(row.key);
    assert.equal(findConfigKey(row.key.toLowerCase()), { index, alias: false });
    for (const a of row.aliases) assert.equal(findConfigKey(a), { index, alias: true });
  });
}

test("no name is in the table twice", () => {
  const names = configKeys().flatMap((k) => [k.key, ...k.aliases]);
  assert.equal(names.filter((n, i) => names.indexOf(n) !== i), []);
});

test("every key says what it does, and why when it is not plainly supported", () => {
  for (const k of configKeys()) {
    assert.ok(k.effect.length > 5, k.key);
    assert.is(k.support === "supported", k.why === "", k.key);
  }
});

test("texts inside the table are not keys", () => {
  for (const name of ["", "text", "text|~", "hub host", "PV_", "PHO", "int", "uboot", "log", "dir", "B", "~", "="]) assert.is(findConfigKey(name).index, -1, name);
});

test("docs/configuration.md lists Wherry's keys with their defaults, and no others", () => {
  const page = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
  const listed = [...page.matchAll(/^\| `(WHERRY_\w+)` \| `([^`]*)` \|/gm)].map((m) => `${m[1]}=${m[2]}`);
  assert.equal(listed.sort(), configKeys().filter((k) => k.key.startsWith("WHERRY_")).map((k) => `${k.key}=${k.standard}`).sort());
});

test("the socket of the command line is no setting", () => {
  assert.equal(parseEnvironment(["WHERRY_SOCKET=/s", "WHERRY_CGROUP=unified"]).settings.map((p) => p.key), ["WHERRY_CGROUP"]);
});

test("rows are found by every index", () => {
  for (let i = 0; i < keyCount(); i++) assert.is(configKey(i).key, keyName(i));
  assert.is(keyName(0), "PH_CREDS_HOST");
});

test("asking for a key that is not in the table is our mistake and throws", () => {
  const c = new Config(false);
  assert.throws(() => c.text("PV_NOPE"), "no configuration key PV_NOPE");
  assert.throws(() => c.number("PV_LOG_DIR"), "is no number");
  assert.throws(() => c.text("log.level"), "no configuration key log.level");
});

test("values by kind", () => {
  const c = new Config(false);
  assert.is(c.number("PV_UPDATER_COMMIT_DELAY"), 25);
  assert.is(c.flag("PV_LOG_CAPTURE"), true);
  assert.is(c.has("PV_OEM_NAME"), false);
  assert.is(c.textOr("PV_OEM_NAME", "none"), "none");
  assert.is(c.text("PV_OEM_NAME"), "");
  assert.is(levelName(c.level("PV_LOG_DIR")), "default");
});

test("changes are told once, and only real ones", () => {
  const c = new Config(false);
  c.set("PV_LOG_LEVEL", "3", PV_CONF, "f");
  c.set("PV_LOG_LEVEL", "4", ENV, "e");
  c.set("PV_LOG_DIR", "/storage/logs/", PV_CONF, "f");
  assert.equal(c.takeChanges(), ["PV_LOG_LEVEL"]);
  assert.equal(c.takeChanges(), []);
  c.override("PV_LOG_LEVEL", "4");
  assert.equal(c.takeChanges(), []);
  c.restore("PV_LOG_LEVEL");
  c.override("PV_LOG_LEVEL", "1");
  c.restore("PV_LOG_LEVEL");
  assert.equal(c.takeChanges(), ["PV_LOG_LEVEL"]);
});

test("identity from the hub is written whatever held before, and saved", () => {
  const c = new Config(false);
  c.set("PH_CREDS_PRN", "old", ENV, "e");
  assert.is(c.set("PH_CREDS_PRN", "prn:1", HUB, "hub"), "set");
  assert.is(c.text("PH_CREDS_PRN"), "prn:1");
  assert.is(levelName(c.level("PH_CREDS_PRN")), "unknown");
  assert.match(formatHubFile(c), "PH_CREDS_PRN=prn:1\n");
});

test("a saved file read again gives the same file", () => {
  const c = new Config(false);
  for (const p of parseConfFile("PH_CREDS_PRN=p\nPH_CREDS_SECRET=s=t\nPH_UPDATER_INTERVAL=7\n")) c.set(p.key, p.value, PH_CONF, "f");
  const again = new Config(false);
  for (const p of parseConfFile(formatHubFile(c))) again.set(p.key, p.value, PH_CONF, "f");
  assert.is(formatHubFile(again), formatHubFile(c));
  assert.equal(again.takeNotes(), []);
});

test("a secret is in no note and in no history", () => {
  const c = new Config(true);
  c.set("PH_CREDS_SECRET", "hush", PV_CONF, "f");
  c.set("creds.secret", "hush", PH_CONF, "g");
  const index = indexOfKey("PH_CREDS_SECRET");
  assert.not.match(JSON.stringify([c.takeNotes(), c.historyOf(index), c.shown(index)]), "hush");
  assert.is(c.shown(index), MASK);
  assert.is(c.text("PH_CREDS_SECRET"), "hush");
  assert.is(isSecretKey("factory.autotok"), true);
  assert.is(isSecretKey("PV_LOG_DIR"), false);
});

test("a policy that unlocks nothing later: lock order does not matter within the file", () => {
  const c = new Config(false);
  c.set("WHERRY_POLICY_LOCKED", "1", POLICY, "p");
  assert.is(c.set("PV_DEBUG_SSH", "0", POLICY, "p"), "set");
  assert.is(c.set("PV_DEBUG_SSH", "1", ENV, "e"), "locked");
});

test("notes and sysctl settings are bounded", () => {
  const c = new Config(false);
  for (let i = 0; i < 5000; i++) {
    c.set(`PV_NOPE${i}`, "1", PV_CONF, "f");
    c.set(`PV_SYSCTL_A${i}`, "1", PV_CONF, "f");
  }
  assert.is(c.takeNotes().length, 256);
  assert.is(c.sysctls().length, 256);
});

test("files and command lines are bounded", () => {
  const many = Array.from({ length: 5000 }, (_, i) => `k${i}=1`).join("\n");
  assert.is(parseConfFile(many).length, 2048);
  assert.is(parseCommandLine(Array.from({ length: 5000 }, (_, i) => `pv_k${i}=1`).join(" ")).pv.length, 2048);
});

test.run();

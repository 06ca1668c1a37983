/** What `wherry config` prints and how it ends, from given files. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { reportConfig, type ConfigReport } from "../../../src/cli/config_report.ts";
import { ConfigFiles, type ConfigText } from "../../../src/config/load.ts";

class Given extends ConfigFiles {
  private files: Record<string, string>;
  constructor(files: Record<string, string>) {
    super();
    this.files = files;
  }
  read(path: string): ConfigText {
    const text = this.files[path];
    return text === undefined ? { found: false, text: "", why: "" } : { found: true, text, why: "" };
  }
}

const WHOLE = "PV_STORAGE_MNTPOINT=/s\nPV_STORAGE_DEVICE=LABEL=root\nPV_STORAGE_FSTYPE=ext4\n";

type Wish = { explain?: string; json?: boolean; changed?: boolean; hub?: string; oem?: string; env?: string[] };

function report(files: Record<string, string>, wish: Wish): ConfigReport {
  return reportConfig({
    boot: { confPath: "", commandLine: "", environment: wish.env ?? [], words: [] },
    hub: wish.hub ?? "", oem: wish.oem ?? "", explain: wish.explain ?? "", json: wish.json ?? false, changed: wish.changed ?? false,
  }, new Given(files));
}

test("a whole configuration is a table of every key, and nothing to complain about", () => {
  const r = report({ "/etc/pantavisor.config": WHOLE }, {});
  assert.equal([r.status, r.err], [0, ""]);
  assert.match(r.out, /^KEY +VALUE +FROM\n/);
  assert.match(r.out, /\nPV_STORAGE_DEVICE +LABEL=root +pv conf file\n/);
  assert.match(r.out, /\nWHERRY_CGROUP +hybrid +default\n/);
});

test("--changed leaves defaults out", () => {
  const r = report({ "/etc/pantavisor.config": WHOLE }, { changed: true });
  assert.is(r.out.split("\n").length, 5);
});

test("what a boot would stop at is told and fails, the table is still there", () => {
  const r = report({}, {});
  assert.is(r.status, 1);
  assert.match(r.err, "error /etc/pantavisor.config: no such file\n");
  assert.match(r.err, "error PV_STORAGE_MNTPOINT: must be set\n");
  assert.match(r.out, "PV_LOG_LEVEL");
});

test("warnings go to the words, not into the data", () => {
  const r = report({ "/etc/pantavisor.config": `${WHOLE}PV_NOPE=1\n` }, { json: true });
  assert.is(r.status, 0);
  assert.is(r.err, "warn /etc/pantavisor.config:4 PV_NOPE: unknown key, ignored\n");
  const keys = (JSON.parse(r.out) as { key: string }[]).map((k) => k.key);
  assert.ok(keys.includes("WHERRY_SECURITY_PROFILE"));
});

test("--explain names everyone who wrote the key", () => {
  const r = report({ "/etc/pantavisor.config": `${WHOLE}PV_LOG_LEVEL=1\n`, o: "PV_LOG_LEVEL=3\n" }, { explain: "log.level", env: ["PV_LOG_LEVEL=4"], oem: "o" });
  assert.is(r.status, 0);
  assert.match(r.out, "value:          4 (from: env)");
  assert.match(r.out, "/etc/pantavisor.config:4 (pv conf file): 1: set\n  environment (env): 4: set\n  o:1 (oem config): 3: a higher level holds\n");
});

test("--explain needs no configuration file", () => {
  const r = report({}, { explain: "PV_LOG_LEVEL" });
  assert.equal([r.status, r.err], [0, ""]);
});

test("a misspelt key is refused with the nearest one", () => {
  assert.equal(report({}, { explain: "PV_LOG_LEVLE" }), { status: 1, out: "", err: "no configuration key \"PV_LOG_LEVLE\"; did you mean PV_LOG_LEVEL?\n" });
  assert.match(report({}, { explain: "log.levle" }).err, "did you mean log.level?");
  assert.is(report({}, { explain: "zzz" }).err, "no configuration key \"zzz\"\n");
});

test("a secret of the hub's file is masked", () => {
  const r = report({ "/etc/pantavisor.config": WHOLE, h: "PH_CREDS_SECRET=hush\n" }, { hub: "h", changed: true });
  assert.not.match(r.out + r.err, "hush");
  assert.match(r.out, /PH_CREDS_SECRET +XXXX/);
});

test("a hub or OEM file that is missing is named", () => {
  assert.match(report({ "/etc/pantavisor.config": WHOLE }, { hub: "h" }).err, "error h: no such file");
  assert.is(report({ "/etc/pantavisor.config": WHOLE }, { oem: "o" }).status, 1);
});

test.run();

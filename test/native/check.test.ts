/**
 * `wherry check` and `wherry plan` as a user runs them: the shipped program on
 * folders and states made here, with OpenSSL's signatures.
 *   node test/native/check.test.ts [PROGRAM]
 */
import { spawnSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ensureBinary } from "../../build/images.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { canonical, makeKey, publicKey, sha256, signedDocument, type Members } from "./sign/openssl.ts";

type Finding = { check: string; at: string; line?: number; column?: number; why: string };
type Report = {
  ok: boolean; state: string; containers: string[]; items: number; problems: Finding[]; warnings: Finding[]; checked: string[];
  skipped: { check: string; why: string }[]; signatures: { at: string; ok: boolean; trustedBy?: string }[];
};
type Ended = { status: number | null; out: string; err: string };

const program = resolve(process.argv[2] ?? (await ensureBinary(targetNamed("x86_64"))));
const top = mkdtempSync(join(tmpdir(), "wherry-check-"));
process.on("exit", () => rmSync(top, { recursive: true, force: true }));

function wherry(args: string[], input = ""): Ended {
  const r = spawnSync(program, args, { cwd: top, encoding: "utf8", input, maxBuffer: 1 << 26 });
  return { status: r.status, out: r.stdout, err: r.stderr };
}

function check(...args: string[]): Report {
  const r = wherry(["check", "--json", ...args]);
  const report = JSON.parse(r.out) as Report;
  assert.is(r.status, report.ok ? 0 : 1, r.err);
  return report;
}

function put(path: string, data: string): string {
  mkdirSync(dirname(join(top, path)), { recursive: true });
  writeFileSync(join(top, path), data);
  return path;
}

const CONFIG = "lxc.rootfs.path = /volumes/web/root.squashfs\nlxc.init.cmd = /bin/sh\n";

/** A state and the objects it names. */
function revision(more: Members = {}, config = CONFIG): { state: Members; objects: Record<string, string> } {
  const files: Record<string, string> = { "bsp/kernel.img": "kernel", "bsp/pantavisor": "initrd", "web/root.squashfs": "root", "web/lxc.container.conf": config };
  const objects: Record<string, string> = {};
  const state: Members = {
    "#spec": "pantavisor-service-system@1", "bsp/run.json": { initrd: "pantavisor", linux: "kernel.img" },
    "web/run.json": { config: "lxc.container.conf", group: "app", name: "web", "root-volume": "root.squashfs", type: "lxc" }, "web/src.json": {},
  };
  for (const [key, text] of Object.entries(files)) {
    state[key] = sha256(text);
    objects[sha256(text)] = text;
  }
  return { state: { ...state, ...more }, objects };
}

/** A pvr checkout; returns its folder. */
function checkout(name: string, r = revision()): string {
  put(`${name}/.pvr/json`, canonical(r.state));
  for (const [id, text] of Object.entries(r.objects)) put(`${name}/.pvr/objects/${id}`, text);
  return name;
}

/** A storage with one revision, its items linked as on a device; returns the revision's folder. */
function trail(storage: string, name: string, r = revision()): string {
  const folder = `${storage}/trails/${name}`;
  put(`${folder}/.pvr/json`, canonical(r.state));
  for (const [id, text] of Object.entries(r.objects)) put(`${storage}/objects/${id}`, text);
  for (const [key, value] of Object.entries(r.state)) {
    if (typeof value === "string" && key !== "#spec") {
      mkdirSync(dirname(join(top, folder, key)), { recursive: true });
      linkSync(join(top, storage, "objects", value), join(top, folder, key));
    } else if (!key.endsWith("/src.json") && key !== "#spec") put(`${folder}/${key}`, canonical(value));
  }
  return folder;
}

test("a good checkout is good, and says what was looked at", () => {
  const r = wherry(["check", checkout("good")]);
  assert.equal([r.status, r.err], [0, ""]);
  assert.match(r.out, "checked: state, objects (4), container configurations (1)\n");
  assert.match(r.out, "not checked: signatures: no trust folder");
  assert.match(r.out, /good\/.pvr\/json: good\n$/);
});

test("so is a state alone, and one that comes through a pipe; what is not at hand is said", () => {
  const text = canonical(revision().state);
  const report = check(put("alone.json", text));
  assert.equal([report.ok, report.containers, report.items, report.checked], [true, ["web"], 6, ["state"]]);
  assert.equal(report.skipped.map((s) => s.check), ["signatures", "objects", "lxc"]);
  const piped = wherry(["check", "-"], text);
  assert.equal([piped.status, piped.out.split("\n").slice(-2)], [0, ["-: good", ""]]);
});

test("an unpacked export is found by its json, objects elsewhere by --objects", () => {
  const r = revision();
  put("export/json", canonical(r.state));
  for (const [id, text] of Object.entries(r.objects)) put(`export/objects/${id}`, text);
  assert.ok(check("export").checked.includes("objects (4)"));
  assert.ok(check("alone.json", "--objects", "export/objects").checked.includes("objects (4)"));
});

test("everything that is wrong with a state is told, with path, line and column", () => {
  const state = revision({ "web/run.json": { config: "lxc.container.conf", group: "nope", name: "web", restart_policy: "perhaps", type: "docker" }, "web/x": "123" }).state;
  const path = put("bad.json", JSON.stringify(state, null, 1));
  const report = check(path);
  for (const at of ["web/run.json .group", "web/run.json .restart_policy", "web/run.json .type", "web/x"]) {
    const f = report.problems.find((p) => p.at === at);
    assert.ok(f !== undefined && f.check === "state" && f.line! > 1 && f.column! > 1, `${at}: ${JSON.stringify(report.problems)}`);
  }
  assert.match(wherry(["check", path]).out, /^bad\.json:\d+:\d+: web\/run\.json \./m);
});

test("text that ends early, is empty, or is no state", () => {
  assert.equal(check(put("cut.json", "{\"#spec\": 1,\n \"a\": [")).problems.map((p) => [p.line, p.column]), [[2, 8]]);
  assert.match(check(put("empty.json", "")).problems[0]!.why, "found the end of the text");
  assert.match(check(put("list.json", "[]")).problems[0]!.why, "a state must be an object");
  assert.match(check(put("bytes.json", "\u0000\u0001")).problems[0]!.why, "expected a value");
});

test("a file that is missing, a folder without a state, and a file of 17 MB are refused with the path", () => {
  assert.match(check("nowhere.json").problems[0]!.why, "open nowhere.json: ENOENT");
  mkdirSync(join(top, "void"), { recursive: true });
  assert.match(check("void").problems[0]!.why, "open void/.pvr/json: ENOENT");
  put("huge.json", "{");
  truncateSync(join(top, "huge.json"), 17 * 1048576);
  assert.match(check("huge.json").problems[0]!.why, "read huge.json: EFBIG (more than 16777216 bytes)");
});

test("an object that is missing or is not what its name says is named by its items", () => {
  const folder = checkout("objects", revision());
  const root = sha256("root");
  put(`${folder}/.pvr/objects/${root}`, "rooT");
  assert.equal(check(folder).problems, [{ check: "objects", at: "web/root.squashfs", why: `object has sha256 ${sha256("rooT")}` }]);
  unlinkSync(join(top, folder, ".pvr/objects", sha256("kernel")));
  assert.equal(check(folder).problems.map((p) => [p.at, p.why.split(" sha256")[0]]), [["web/root.squashfs", "object has"], ["bsp/kernel.img", "object is missing"]]);
});

test("a revision of a device's storage: links and inline files too", () => {
  const folder = trail("storage", "7");
  assert.equal([check(folder).ok, check(`${folder}/`).warnings], [true, []]);
  const local = trail("storage2", "locals/try");
  assert.equal([check(local).ok, check(local).checked.includes("objects (4)")], [true, true]);
  put(`${folder}/web/run.json`, "{}");
  unlinkSync(join(top, folder, "web/root.squashfs"));
  put(`${folder}/web/root.squashfs`, "root");
  unlinkSync(join(top, folder, "bsp/kernel.img"));
  const report = check(folder);
  assert.equal(report.problems.map((p) => p.at).sort(), ["web/root.squashfs", "web/run.json"]);
  assert.match(report.problems.find((p) => p.at === "web/root.squashfs")!.why, "not a link to object");
  assert.equal(report.warnings.map((p) => p.at), ["bsp/kernel.img"]);
});

test("container configurations are read with what they include; their problems name file, line and key", () => {
  const folder = checkout("lxc", revision({}, `${CONFIG}lxc.include = common.conf\nlxc.tty.mx = 3\n`));
  put("lxc/web/common.conf", "lxc.pty.max = many\n");
  assert.equal(check(folder).problems.map((p) => [p.check, p.at]), [["lxc", "common.conf:1 lxc.pty.max"], ["lxc", "web/lxc.container.conf:4 lxc.tty.mx"]]);
  assert.match(wherry(["check", folder]).out, "web/lxc.container.conf:4 lxc.tty.mx: unknown key; did you mean lxc.tty.max?");
});

test("signatures: good, bad, uncovered, and each mode", () => {
  const keys = join(top, "keys");
  mkdirSync(keys, { recursive: true });
  const key = makeKey(keys, "web", "P-256");
  put("trust/pub.pem", publicKey(key));
  const r = revision();
  const all = Object.keys(r.state).filter((k) => k !== "web/src.json");
  const document = signedDocument(r.state, all, { key, alg: "ES256", include: ["#spec", "bsp/**", "web/**"], exclude: ["web/src.json"] });
  r.state["_sigs/all.json"] = document;
  const folder = checkout("signed", r);
  for (const mode of ["lenient", "strict", "audit"]) {
    const report = check(folder, "--trust", "trust", "--mode", mode);
    assert.equal([report.ok, report.signatures], [true, [{ at: "_sigs/all.json", ok: true, algorithm: "ES256", trustedBy: "pub.pem" }]], mode);
  }
  const more = checkout("uncovered", { ...r, state: { ...r.state, "README.md": sha256("root") } });
  assert.is(check(more, "--trust", "trust").ok, true);
  assert.equal(check(more, "--trust", "trust", "--mode", "strict").problems, [{ check: "signatures", at: "README.md", why: "not covered by any signature" }]);
  const audit = check(more, "--trust", "trust", "--mode=audit");
  assert.equal([audit.ok, audit.warnings.map((w) => w.at)], [true, ["README.md"]]);
  const changed = checkout("changed", { ...r, state: { ...r.state, "web/root.squashfs": sha256("kernel") } });
  assert.equal(check(changed, "-t", "trust").problems, [{ check: "signatures", at: "_sigs/all.json", why: "signature does not fit the state" }]);
  assert.equal(check(changed, "-t", "trust", "-m", "disabled").skipped[0], { check: "signatures", why: "mode disabled" });
});

test("the configuration of a device decides where no flag does", () => {
  const config = put("device.config", "PV_SECUREBOOT_MODE=strict\nPV_SYSTEM_INIT_MODE=appengine\n");
  const report = check("alone.json", "-c", config, "-t", "trust");
  assert.ok(report.problems.some((p) => p.at === "#spec" && p.check === "signatures"));
});

test("folders that a flag names must be there", () => {
  assert.equal(check("good", "--objects", "nope").problems.map((p) => [p.check, p.at, p.why]), [["objects", "nope", "no such folder"]]);
  assert.equal(check("good", "--trust", "nope").problems.map((p) => [p.check, p.at, p.why]), [["signatures", "nope", "no such folder"]]);
});

test("a plan says what restarts and why, as table and as JSON", () => {
  const before = revision();
  const after = revision({ "web/root.squashfs": sha256("other"), "new/run.json": { config: "c", group: "app", name: "new", "root-volume": "r.squashfs", type: "lxc" }, "new/c": sha256("c"), "new/r.squashfs": sha256("r") });
  put("before.json", canonical(before.state));
  put("after.json", canonical(after.state));
  const r = wherry(["plan", "before.json", "after.json"]);
  assert.is(r.status, 0);
  assert.match(r.out, "restart: only these containers");
  assert.match(r.out, "  stop   web\n  start  new, web\n");
  assert.match(r.out, /\nweb\/root.squashfs +changed +restart +container web/);
  const plan = JSON.parse(wherry(["plan", "before.json", "after.json", "--json"]).out) as { transition: string; stop: string[]; start: string[]; items: { item: string }[] };
  assert.equal([plan.transition, plan.stop, plan.start], ["restart", ["web"], ["new", "web"]]);
  assert.match(wherry(["plan", "good", "before.json"]).out, /^nothing: /);
});

test("a change of the bsp is a reboot, one of sources only is nothing", () => {
  put("bsp.json", canonical(revision({ "bsp/kernel.img": sha256("newer") }).state));
  put("sources.json", canonical(revision({ "web/src.json": { a: 1 } }).state));
  assert.match(wherry(["plan", "good", "bsp.json"]).out, /^reboot: [^]*bsp\/kernel.img +changed +reboot +belongs to no container\n$/);
  assert.match(wherry(["plan", "good", "sources.json"]).out, /^nothing: /);
});

test("a plan of something that is no good state is refused with its problems", () => {
  const r = wherry(["plan", "good", "bad.json"]);
  assert.equal([r.status, r.out], [1, ""]);
  assert.match(r.err, /wherry: plan: bad\.json:\d+:\d+: web\/run\.json \.group: there is no group/);
  assert.match(wherry(["plan", "nowhere", "also-nowhere"]).err, "open also-nowhere: ENOENT");
});

test("a wrong command line ends with 2 and says what would be right", () => {
  const cases: [string[], RegExp][] = [
    [["check"], /which revision/], [["check", "a", "b"], /unexpected "b"/], [["check", "good", "--mode", "x"], /no mode "x"; there are disabled, audit, lenient, strict/],
    [["check", "good", "--nope"], /unknown flag --nope[^]*usage: wherry check/], [["check", "good", "--trust"], /--trust needs a value/],
    [["plan", "good"], /name two revisions/], [["plan", "a", "b", "c"], /name two revisions/],
  ];
  for (const [args, why] of cases) {
    const r = wherry(args);
    assert.equal([r.status, r.out], [2, ""], args.join(" "));
    assert.match(r.err, why);
  }
});

test("--help shows flags and examples", () => {
  for (const command of ["check", "plan"]) {
    const r = wherry([command, "--help"]);
    assert.is(r.status, 0);
    assert.match(r.out, /^usage: wherry [^]*flags:[^]*--json[^]*examples:\n {2}wherry /);
    assert.match(wherry(["--help"]).out, new RegExp(`\\n  ${command} +Tells `));
  }
});

test.run();

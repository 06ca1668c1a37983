/** What `wherry check` and `wherry plan` print, from given findings. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatCheck, formatCheckJson, formatFindings, formatPlan, stateFindings, type CheckReport } from "../../../src/cli/check_report.ts";

function report(more: Partial<CheckReport>): CheckReport {
  return { name: "s.json", containers: ["web"], items: 3, problems: [], warnings: [], done: ["state"], skipped: [], signatures: [], ...more };
}

const BAD = { part: "state" as const, at: "web/run.json .group", line: 4, column: 12, why: "there is no group \"x\"" };
const LOST = { part: "objects" as const, at: "web/root.squashfs", line: 0, column: 0, why: "object is missing" };

test("a good revision says what was looked at and what was not", () => {
  assert.is(formatCheck(report({ done: ["state", "objects (2)"], skipped: [{ part: "signatures", why: "mode disabled" }] })),
    "checked: state, objects (2)\nnot checked: signatures: mode disabled\ns.json: good\n");
});

test("problems of the text name file, line, column and path; others their item", () => {
  assert.is(formatCheck(report({ problems: [BAD, LOST] })),
    "s.json:4:12: web/run.json .group: there is no group \"x\"\nweb/root.squashfs: object is missing\nchecked: state\ns.json: 2 problems\n");
});

test("warnings are marked and counted, and are no problems", () => {
  assert.is(formatCheck(report({ warnings: [BAD], done: [] })), "s.json:4:12: warning: web/run.json .group: there is no group \"x\"\ns.json: good, 1 warning\n");
  assert.is((JSON.parse(formatCheckJson(report({ warnings: [BAD] }))) as { ok: boolean }).ok, true);
});

test("a problem without a path has its line only", () => {
  const findings = stateFindings([{ at: "", line: 2, column: 10, why: "expected a value" }, { at: " .x", line: 1, column: 1, why: "no" }]);
  assert.is(formatFindings("s.json", findings, []), "s.json:2:10: expected a value\ns.json:1:1: .x: no\n");
});

test("what a state says can't speak to the terminal", () => {
  const findings = stateFindings([{ at: "a\u001b[2Jb", line: 1, column: 1, why: "bad\nline" }]);
  assert.is(formatFindings("s", findings, []), "s:1:1: a\\x1b[2Jb: bad\\x0aline\n");
});

test("the JSON holds all of it, lines only where there are some", () => {
  const signatures = [
    { at: "_sigs/web.json", why: "", algorithm: "ES256", trustedBy: "ca-certificates", signer: "acme", internal: false },
    { at: "_sigs/db.json", why: "header is no JSON", algorithm: "", trustedBy: "", signer: "", internal: false },
  ];
  assert.equal(JSON.parse(formatCheckJson(report({ problems: [BAD, LOST], skipped: [{ part: "lxc", why: "not here" }], signatures }))), {
    ok: false, state: "s.json", containers: ["web"], items: 3,
    problems: [
      { check: "state", at: "web/run.json .group", line: 4, column: 12, why: "there is no group \"x\"" },
      { check: "objects", at: "web/root.squashfs", why: "object is missing" },
    ],
    warnings: [], checked: ["state"], skipped: [{ check: "lxc", why: "not here" }],
    signatures: [
      { at: "_sigs/web.json", ok: true, algorithm: "ES256", signer: "acme", trustedBy: "ca-certificates" },
      { at: "_sigs/db.json", ok: false, why: "header is no JSON" },
    ],
  });
});

test("a plan without differences is one line", () => {
  assert.is(formatPlan({ kind: "nothing", stop: [], start: [], items: [] }), "nothing: no item differs that a device runs\n");
});

test("a plan names who stops, who starts, and the item it is because of", () => {
  const text = formatPlan({
    kind: "restart", stop: ["web", "old"], start: ["web"],
    items: [{ item: "web/run.json", change: "changed", container: "web", reboot: false, why: "" }, { item: "old/run.json", change: "removed", container: "old", reboot: false, why: "" }],
  });
  assert.match(text, /^restart: .*\n {2}stop {3}web, old\n {2}start {2}web\n\nITEM +CHANGE +NEEDS +BECAUSE\n/);
  assert.match(text, /\nold\/run.json +removed +restart +container old has restart policy container\n/);
});

test("a reboot says which item needs it and why", () => {
  const text = formatPlan({ kind: "reboot", stop: [], start: [], items: [{ item: "bsp/run.json", change: "changed", container: "", reboot: true, why: "belongs to no container" }] });
  assert.match(text, /^reboot: .*\n\nITEM.*\nbsp\/run.json +changed +reboot +belongs to no container\n$/);
});

test.run();

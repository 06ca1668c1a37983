/** What matching the patterns of hostile signatures may cost. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { indexKeys, selectKeys } from "../../../src/sign/coverage.ts";
import { matchesPattern, parsePattern, Work } from "../../../src/sign/pattern.ts";
import { planSignatures } from "../../../src/sign/plan.ts";
import { readStateText } from "../../../src/sign/state_text.ts";

const HOSTILE = `*${"[".repeat(2000)}\\]`;
const KEY = "[".repeat(4000);

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

function stateWith(patterns: string[]): Uint8Array {
  const head = base64url(JSON.stringify({ typ: "PVS", alg: "ES256", pvs: { include: patterns, exclude: [] } }));
  return new TextEncoder().encode(JSON.stringify({ "#spec": "x", "_sigs/a.json": { "#spec": "pvs@2", protected: head, signature: "AAAA" }, [KEY]: "x", "web/run.json": {} }));
}

test("a usual pattern costs no more than its key is long", () => {
  const work = new Work();
  assert.ok(matchesPattern(parsePattern("web/**"), "web/etc/some/file", work));
  assert.ok(work.steps < 20, String(work.steps));
});

test("brackets that never end are looked for once", () => {
  const work = new Work();
  assert.not(matchesPattern(parsePattern(`*${"[".repeat(1000)}x`), "[".repeat(1500), work));
  assert.ok(work.steps < 1_100_000, String(work.steps));
});

test("a pattern that would take minutes matches nothing, and says that it was too much", () => {
  const work = new Work();
  assert.not(matchesPattern(parsePattern(HOSTILE), KEY, work));
  assert.ok(work.isSpent());
});

test("selections stop there", () => {
  const index = indexKeys([KEY, "web/run.json"]);
  const selection = selectKeys(index, [parsePattern(HOSTILE), parsePattern("web/**")], []);
  assert.ok(index.work.isSpent());
  assert.equal(selection.included, []);
});

test("such a signature can't verify, nor can those behind it", () => {
  const plan = planSignatures(readStateText(stateWith([HOSTILE])));
  assert.equal(plan.tasks.map((t) => [t.at, t.why, t.included.length]), [["_sigs/a.json", "patterns of the signatures take too long to match", 0]]);
  assert.ok(plan.uncovered.includes("web/run.json"));
});

test("a state whose patterns are usual is planned as ever", () => {
  const plan = planSignatures(readStateText(stateWith(["web/**", "#spec"])));
  assert.equal(plan.tasks.map((t) => [t.why, t.included]), [["", [0, 3]]]);
});

test.run();

/** What matching the patterns of hostile signatures may cost. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { indexKeys, selectKeys } from "../../../src/sign/coverage.ts";
import { matchesPattern, parsePattern, Work } from "../../../src/sign/pattern.ts";
import { planSignatures } from "../../../src/sign/plan.ts";
import { readStateText } from "../../../src/sign/state_text.ts";

const HOSTILE = `*${"a".repeat(2000)}b`;
const KEYS = Array.from({ length: 20 }, (_, i) => `${"a".repeat(4000)}${i}`);

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

function stateWith(patterns: string[]): Uint8Array {
  const head = base64url(JSON.stringify({ typ: "PVS", alg: "ES256", pvs: { include: patterns, exclude: [] } }));
  return new TextEncoder().encode(JSON.stringify({ "#spec": "x", "_sigs/a.json": { "#spec": "pvs@2", protected: head, signature: "AAAA" }, "web/run.json": {}, ...Object.fromEntries(KEYS.map((k) => [k, "x"])) }));
}

test("a usual pattern costs no more than its key is long", () => {
  const work = new Work();
  assert.ok(matchesPattern(parsePattern("web/**"), "web/etc/some/file", work));
  assert.ok(work.steps < 20, String(work.steps));
});

test("brackets that never end are looked for once, however often a star comes back to them", () => {
  for (const end of ["x", "\\]"]) {
    const work = new Work();
    assert.not(matchesPattern(parsePattern(`*${"[".repeat(1000)}${end}`), "[".repeat(1500), work));
    assert.ok(work.steps < 3_000_000, String(work.steps));
  }
});

test("when the work is spent nothing matches any more", () => {
  const work = new Work();
  for (const k of KEYS) assert.not(matchesPattern(parsePattern(HOSTILE), k, work));
  assert.ok(work.isSpent());
  assert.not(matchesPattern(parsePattern("web/**"), "web/run.json", work));
});

test("selections stop there", () => {
  const index = indexKeys([...KEYS, "web/run.json"]);
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
  assert.equal(plan.tasks.map((t) => [t.why, t.included]), [["", [0, 2]]]);
});

test.run();

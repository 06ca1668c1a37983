/** The conformance suite fails when it must, and its table gives back what was written. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatTable, parseTable, type Row } from "../../toolchain/conformance/table.ts";
import { firstDifference, judge, KNOWN_DIFFERENCES, problemsOf, type Ran, type Verdict, type Verdicts } from "../../toolchain/conformance/verdict.ts";
import { root } from "../../toolchain/places.ts";

const OK: Ran = { status: 0, signal: null, stdout: "a\nb\n", timedOut: false };

function all(v: Verdict): Verdicts {
  return { x86_64: v, armv7: v, aarch64: v };
}

test("right means the same bytes and the same status", () => {
  assert.is(judge(OK, OK), "right");
  assert.is(judge(OK, { ...OK, stdout: "a\nb" }), "wrong");
  assert.is(judge(OK, { ...OK, status: 1 }), "wrong");
  assert.is(judge({ ...OK, status: 7 }, { ...OK, status: 7 }), "right");
  assert.is(judge(OK, { ...OK, status: -1, signal: "SIGSEGV" }), "crash");
  assert.is(judge(OK, { ...OK, signal: "SIGKILL", timedOut: true }), "timeout");
});

test("a difference is shown by its first line, or by the status", () => {
  assert.is(firstDifference(OK, { ...OK, stdout: "a\nc\n" }), "line 2 is \"c\", wanted \"b\"");
  assert.is(firstDifference(OK, { ...OK, stdout: "" }), "line 1 is \"\", wanted \"a\"");
  assert.is(firstDifference(OK, { ...OK, status: 3 }), "status 3, wanted 0");
});

test("agreeing or refusing as in the table is no problem", () => {
  assert.equal(problemsOf("p", all("right"), all("right")), []);
  assert.equal(problemsOf("p", all("refused"), all("refused")), []);
});

test("a disagreement on one machine is a problem that names it", () => {
  const now = { ...all("right"), aarch64: "wrong" as const };
  assert.match(problemsOf("p", now, all("right")).join("\n"), /^p: wrong on aarch64$/m);
  assert.match(problemsOf("p", now, now).join("\n"), /^p: wrong on aarch64$/m);
  for (const v of ["crash", "timeout", "broken"] as const) assert.is(problemsOf("p", all(v), all(v)).length, 3);
});

test("a refusal that is new, or gone, is a problem until the table says so", () => {
  assert.match(problemsOf("p", all("refused"), all("right")).join("\n"), /^p: refused on x86_64, right in toolchain\/engines\.md/m);
  assert.match(problemsOf("p", all("right"), all("refused")).join("\n"), /^p: right on armv7, refused in toolchain\/engines\.md/m);
});

test("a program that the table lacks is a problem", () => {
  assert.match(problemsOf("p", all("right"), undefined).join("\n"), /^p: not in toolchain\/engines\.md/);
});

test("a known difference is accepted as long as it is one", () => {
  const known = Object.keys(KNOWN_DIFFERENCES)[0]!;
  assert.equal(problemsOf(known, all("wrong"), all("wrong")), []);
  assert.match(problemsOf(known, all("right"), all("right")).join("\n"), /take it off the known differences/);
});

const COST = { sizeBytes: 2048, rssKb: 1024, ms: 1 };
const ROW: Row = {
  program: "a-or-b", says: "what a | b does", scriptc: { x86_64: "right", armv7: "right", aarch64: "wrong" }, refusal: "", porffor: "crash",
  node: COST, native: COST, armv7Bytes: 1000, porfforCost: COST,
};

test("the table gives back the verdicts that were written into it", () => {
  const text = formatTable([ROW, { ...ROW, program: "other", scriptc: all("refused"), refusal: "SC1090" }], ["Node 1"]);
  assert.equal(parseTable(text), new Map([["a-or-b", ROW.scriptc], ["other", all("refused")]]));
});

test("every program says in its first line what it shows", () => {
  const folder = join(root, "toolchain/engines");
  const programs = readdirSync(folder).filter((f) => f.endsWith(".ts"));
  assert.ok(programs.length >= 60);
  assert.equal(programs.filter((f) => !/^\/\/ \S.+\n/.test(readFileSync(join(folder, f), "utf8"))), []);
  assert.equal(Object.keys(KNOWN_DIFFERENCES).filter((k) => !programs.includes(`${k}.ts`)), []);
});

test.run();

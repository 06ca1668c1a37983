/**
 * The vector runner itself: that it finds what is wrong.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkAnswers, loadVectors } from "../../vectors/run.ts";

test("there are vectors of every pure room", () => {
  const vectors = loadVectors();
  for (const room of ["json", "state", "difference", "lxc", "config", "sign"]) assert.ok(vectors.some((v) => v.room === room), room);
  assert.ok(vectors.length >= 400, `${vectors.length} vectors`);
});

test("another answer, and an answer that is no JSON, are failures", () => {
  const vector = { room: "json", file: "x", says: "x", input: {}, want: { a: 1 } };
  const r = checkAnswers([vector, vector, vector], ["{\"a\":1}", "{\"a\":2}", "{"]);
  assert.is(r.passed, 1);
  assert.equal(r.failures.map((f) => f.got), ["{\"a\":2}", "{"]);
});

test.run();

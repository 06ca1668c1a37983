import { test } from "uvu";
import * as assert from "uvu/assert";
import { Turns } from "../../../src/manager/turns.ts";

function begun(t: Turns): string[] {
  const out: string[] = [];
  for (let name = t.next(); name !== ""; name = t.next()) out.push(name);
  return out;
}

test("a bounded number starts at once, the others in the order they asked", () => {
  const t = new Turns();
  const names = Array.from({ length: 20 }, (_, i) => `c${i}`);
  for (const n of names) t.ask(n);
  const first = begun(t);
  assert.ok(first.length > 1 && first.length < 20, String(first.length));
  assert.equal(first, names.slice(0, first.length));
  assert.equal(begun(t), []);
  t.leave(first[1]!);
  assert.equal(begun(t), [names[first.length]]);
});

test("who asks twice gets one turn; who leaves while waiting gets none", () => {
  const t = new Turns();
  t.ask("a");
  t.ask("a");
  assert.equal(begun(t), ["a"]);
  t.ask("a");
  assert.equal(begun(t), []);
  t.ask("b");
  t.leave("b");
  t.leave("nobody");
  assert.equal(begun(t), []);
  t.leave("a");
  t.ask("a");
  assert.equal(begun(t), ["a"]);
});

test.run();

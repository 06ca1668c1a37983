import { test } from "uvu";
import * as assert from "uvu/assert";
import { Console } from "../../qemu/console.ts";
import { bootSteps, stepTable } from "../../build/smoke.ts";

async function rejection(p: Promise<unknown>): Promise<string> {
  try {
    await p;
  } catch (e) {
    return (e as Error).message;
  }
  throw new Error("it was fulfilled");
}

test("a text that arrives in pieces is found, with its whole line so far", async () => {
  const c = new Console();
  const line = c.waitFor("goals reached", 5000);
  c.add("info supervisor: goals rea");
  c.add("ched containers=2\r\nnext\r\n");
  assert.is(await line, "info supervisor: goals reached containers=2");
});

test("a search from a mark doesn't see what was there before", async () => {
  const c = new Console();
  c.add("started\n");
  const mark = c.mark();
  assert.is(c.find("started", mark), undefined);
  const again = c.waitFor(/^started$/, 5000, mark);
  c.add("started\n");
  assert.is(await again, "started");
});

test("the end of the device and the deadline refuse, naming the text and showing the last lines", async () => {
  const c = new Console();
  c.add("the last words\n");
  assert.match(await rejection(c.waitFor("more", 1)), /never showed "more": not within 1 ms[^]*the last words/);
  const pending = rejection(c.waitFor("more", 5000));
  c.close("the device ended (panic)");
  assert.match(await pending, /never showed "more": the device ended \(panic\)/);
  assert.match(await rejection(c.waitFor("more", 5000)), /the device ended/);
});

test("boot steps are read from the console in order, and tabled with what each took", () => {
  const steps = bootSteps("noise\n[ 1.0] boot: userland at_ms=900\nboot: started name=web at_ms=1250\nboot: nothing\n");
  assert.equal(steps, [{ step: "userland", atMs: 900 }, { step: "started name=web", atMs: 1250 }]);
  assert.match(stepTable(steps), /started name=web +1250 ms {2}\+350 ms/);
});

test.run();

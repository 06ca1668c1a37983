import { test } from "uvu";
import * as assert from "uvu/assert";
import { pingSeconds, silenceSeconds } from "../../../src/init/heartbeat.ts";

test("without a watchdog the configured silence counts", () => {
  assert.equal([pingSeconds(30, 0), silenceSeconds(30, 0)], [10, 30]);
  assert.equal([pingSeconds(1, 0), silenceSeconds(1, 0)], [1, 1]);
});

test("with one the manager is fed for thrice in its time, and started again before it bites", () => {
  assert.equal([pingSeconds(30, 15), silenceSeconds(30, 15)], [5, 10]);
  assert.equal([pingSeconds(6, 60), silenceSeconds(6, 60)], [2, 6]);
  assert.equal([pingSeconds(30, 1), silenceSeconds(30, 1)], [1, 1]);
});

test.run();

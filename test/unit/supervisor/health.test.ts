import { test } from "uvu";
import * as assert from "uvu/assert";
import type { FailureStep, HealthCheck } from "../../../src/state/model.ts";
import { endingText } from "../../../src/supervisor/ending_text.ts";
import { answerTo, configuredLadder, countResult, failureNumber, isSpent, newRecord, quietWindowMs } from "../../../src/supervisor/health.ts";
import { parseNotification } from "../../../src/supervisor/notification.ts";

const CHECK: HealthCheck = {
  kind: "tcp", command: [], host: "127.0.0.1", port: 1, socket: "", path: "/", status: 0, intervalMs: 1000, timeoutMs: 500, retries: 3, startDelayMs: 0,
  onFailure: [], feedsWatchdog: false,
};

/** What a row of results comes to: F for each that is a failure of the container, . for the others. */
function counted(results: string, early: number = 0): string {
  let record = newRecord();
  const out: string[] = [];
  for (let i = 0; i < results.length; i++) {
    const c = countResult(CHECK, record, results.charAt(i) === "+", "why", i < early);
    record = c.record;
    out.push(c.failed ? "F" : ".");
  }
  return `${out.join("")} ${record.status}`;
}

test("only so many failures in a row as `retries` says are a failure, and so many more are the next", () => {
  assert.is(counted("---"), "..F failing");
  assert.is(counted("------"), "..F..F failing");
  assert.is(counted("--+--"), "..... healthy");
  assert.is(counted("+--"), "... healthy");
});

test("failures within start_delay don't count, successes do", () => {
  assert.is(counted("-----", 5), "..... unknown");
  assert.is(counted("---+---", 3), "......F failing");
});

const LADDER: FailureStep[] = [{ action: "restart", times: 2 }, { action: "restart-group", times: 1 }, { action: "reboot", times: 1 }];

test("each step is taken as often as it says, the last one for good", () => {
  assert.equal([1, 2, 3, 4, 5, 99].map((n) => answerTo(LADDER, n)), ["restart", "restart", "restart-group", "reboot", "reboot", "reboot"]);
  assert.is(answerTo([], 1), null);
  assert.equal([3, 4].map((n) => isSpent(LADDER, n)), [false, true]);
});

test("the configuration's words become steps; restarts are tried several times, what ends the device once", () => {
  assert.equal(configuredLadder("container,group,rollback,reboot", 3), [
    { action: "restart", times: 3 }, { action: "restart-group", times: 3 }, { action: "rollback", times: 1 }, { action: "reboot", times: 1 },
  ]);
  assert.equal(configuredLadder("reboot", 5), [{ action: "reboot", times: 1 }]);
  assert.equal(configuredLadder("", 5), []);
});

test("after a quiet time the ladder begins again", () => {
  assert.equal([failureNumber(0, 0, 100), failureNumber(4, 100, 100), failureNumber(4, 101, 100)], [1, 5, 1]);
  assert.is(quietWindowMs(CHECK, 0), 600000);
  assert.is(quietWindowMs(CHECK, 30), 30000);
  assert.is(quietWindowMs({ ...CHECK, intervalMs: 3600000 }, 30), 3 * 3 * 3600500, "rare checks would else never climb");
});

test("a notification's lines are told apart; what is not known means nothing", () => {
  assert.equal(parseNotification("READY=1\nSTATUS=up and running\nMAINPID=7\n"), { ready: true, alive: false, hung: false, stopping: false, status: "up and running" });
  assert.equal(parseNotification("WATCHDOG=1\nSTATUS="), { ready: false, alive: true, hung: false, stopping: false, status: "" });
  assert.equal(parseNotification("WATCHDOG=trigger\nSTOPPING=1"), { ready: false, alive: false, hung: true, stopping: true, status: null });
  assert.equal(parseNotification("READY=10\n WATCHDOG=1\nready=1"), { ready: false, alive: false, hung: false, stopping: false, status: null });
  assert.is(parseNotification(`STATUS=${"x".repeat(5000)}`).status!.length, 256);
});

const ENDINGS: [string, Parameters<typeof endingText>][] = [
  ["exited with status 3", [{ pid: 1, exited: true, status: 3 }, false, ""]],
  ["killed by signal 9 (out of memory)", [{ pid: 1, exited: false, status: 9 }, true, ""]],
  ["exited with status 1 (a process of it was killed for lack of memory)", [{ pid: 1, exited: true, status: 1 }, true, ""]],
  ["killed by signal 9 (tcp 127.0.0.1:80: connect: ECONNREFUSED)", [{ pid: 1, exited: false, status: 9 }, false, "tcp 127.0.0.1:80: connect: ECONNREFUSED"]],
  ["ended, nobody knows how", [null, false, ""]],
];
for (const [says, facts] of ENDINGS) test(`an end reads: ${says}`, () => assert.is(endingText(facts[0], facts[1], facts[2]), says));

test.run();

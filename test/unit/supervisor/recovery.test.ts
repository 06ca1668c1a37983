import { test } from "uvu";
import * as assert from "uvu/assert";
import { afterEnd, retryDelay, type EndFacts } from "../../../src/supervisor/recovery.ts";
import type { AutoRecovery } from "../../../src/state/model.ts";

function rules(change: Partial<AutoRecovery>): AutoRecovery {
  return {
    policy: "on-failure", maxRetries: 3, retryDelay: 5, backoffFactor: 2, resetWindow: 0, stableTimeout: 0, backoff: "reboot", backoffSeconds: 0, ...change,
  };
}

function facts(change: Partial<EndFacts>): EndFacts {
  return { userStopped: false, discarded: false, succeeded: false, neverStarted: false, retries: 0, upSeconds: 1, duringUpdate: false, ...change };
}

const VECTORS: { says: string; rules: Partial<AutoRecovery>; facts: Partial<EndFacts>; want: string }[] = [
  { says: "first failure waits the base delay", rules: {}, facts: {}, want: "recover 5 1" },
  { says: "the delay grows by the factor", rules: {}, facts: { retries: 2 }, want: "recover 20 3" },
  { says: "retries used up with backoff reboot fail", rules: {}, facts: { retries: 3 }, want: "fail" },
  { says: "retries used up with backoff never stay stopped", rules: { backoff: "never" }, facts: { retries: 3 }, want: "stay" },
  { says: "retries used up with a duration begin a new round", rules: { backoff: "wait", backoffSeconds: 600 }, facts: { retries: 3 }, want: "recover 600 0" },
  { says: "during an update nothing is waited for", rules: { backoff: "wait", backoffSeconds: 600 }, facts: { retries: 3, duringUpdate: true }, want: "fail" },
  { says: "a run longer than the reset window starts counting again", rules: { resetWindow: 60 }, facts: { retries: 3, upSeconds: 61 }, want: "recover 5 1" },
  { says: "a run as long as the reset window does not", rules: { resetWindow: 60 }, facts: { retries: 3, upSeconds: 60 }, want: "fail" },
  { says: "on-failure leaves a container alone that ended with 0", rules: {}, facts: { succeeded: true }, want: "stay" },
  { says: "always starts a container again that ended with 0", rules: { policy: "always" }, facts: { succeeded: true }, want: "recover 5 1" },
  { says: "unless-stopped is always, until someone stops it", rules: { policy: "unless-stopped" }, facts: { succeeded: true }, want: "recover 5 1" },
  { says: "a stop on request stays", rules: { policy: "always" }, facts: { userStopped: true }, want: "stay" },
  { says: "policy no fails the revision", rules: { policy: "no" }, facts: {}, want: "fail" },
  { says: "no limit of retries never ends", rules: { maxRetries: 0, backoffFactor: 1 }, facts: { retries: 5000 }, want: "recover 5 5001" },
  { says: "what the manager stops itself stays, whatever the policy", rules: { policy: "no" }, facts: { discarded: true }, want: "stay" },
];

for (const v of VECTORS) {
  test(v.says, () => {
    const r = afterEnd(rules(v.rules), facts(v.facts));
    assert.is(r.kind === "recover" ? `recover ${r.delaySeconds} ${r.retries}` : r.kind, v.want);
  });
}

test("the delay is cut to whole seconds and does not overflow", () => {
  assert.is(retryDelay(rules({ retryDelay: 3, backoffFactor: 1.5 }), 2), 4);
  assert.ok(Number.isFinite(retryDelay(rules({ backoffFactor: 10 }), 100000)));
});

test.run();

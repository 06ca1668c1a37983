import "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatProgress, parseProgress, UNEXPECTED } from "../../../src/update/progress.ts";
import { planCommit, planResume, type BootFacts } from "../../../src/update/trial.ts";
import type { Step } from "../../../src/update/steps.ts";

function told(s: Step): string {
  if (s.kind === "environment") return `environment ${s.committed}`.trim();
  return s.kind === "done" ? `done ${s.revision}` : `${s.revision} ${s.progress.status} ${s.progress.message}`;
}

const FACTS: BootFacts = { booted: "4", committed: "4", tried: "", standing: "", bootedStatus: "", triedStatus: "", done: true, again: false };
const TRYING: Partial<BootFacts> = { booted: "5", tried: "5" };

const RESUMES: { says: string; facts: Partial<BootFacts>; want: string }[] = [
  { says: "nothing is tried: nothing to do", facts: {}, want: "run" },
  { says: "the factory's revision for the first time", facts: { booted: "0", committed: "0", done: false }, want: "run, then factory" },
  { says: "the factory's revision afterwards", facts: { booted: "0", committed: "0", bootedStatus: "DONE" }, want: "run" },
  { says: "power was lost before a factory's .pv/done", facts: { booted: "0", committed: "0", bootedStatus: "DONE", done: false }, want: "run, then factory" },
  { says: "it is what is tried", facts: TRYING, want: "trial: 5 INPROGRESS Trying new revision" },
  { says: "a new manager in the midst of a test tests again", facts: { ...TRYING, triedStatus: "TESTING", again: true }, want: "trial: 5 INPROGRESS Trying new revision" },
  { says: "it has failed and is booted once more (no latch)", facts: { ...TRYING, triedStatus: "ERROR" }, want: "refuse: environment" },
  { says: "as has one that was refused", facts: { ...TRYING, triedStatus: "WONTGO" }, want: "refuse: environment" },
  { says: "an older manager's commit that was cut: DONE before the environment", facts: { ...TRYING, triedStatus: "DONE" }, want: "run, then committed" },
  { says: "a commit that left pv_try", facts: { ...TRYING, committed: "5", triedStatus: "TESTING", bootedStatus: "TESTING" }, want: "run: environment, then committed" },
  { says: "pv_try names a committed revision that failed when it was tried again", facts: { ...TRYING, committed: "5", triedStatus: "ERROR" }, want: "run: environment" },
  { says: "a commit that was cut after the environment", facts: { bootedStatus: "TESTING", done: false }, want: "run, then committed" },
  { says: "a commit that was cut before .pv/done", facts: { bootedStatus: "DONE", done: false }, want: "run, then committed" },
  { says: "a revision booted by hand is not committed by that", facts: { booted: "7", bootedStatus: "TESTING" }, want: "run" },
  { says: "back from a trial that has said why", facts: { tried: "5", triedStatus: "ERROR" }, want: "run: environment" },
  { says: "back from a trial that could say nothing", facts: { tried: "5", triedStatus: "TESTING" }, want: "run: 5 ERROR Unexpected rollback, environment" },
  { says: "back from one that an older manager had called DONE", facts: { tried: "5", triedStatus: "DONE" }, want: "run: 5 ERROR Unexpected rollback, environment" },
  { says: "a new manager while a trial is to come does not take it for over", facts: { tried: "5", triedStatus: "INPROGRESS", again: true }, want: "run" },
  { says: "the environment was lost and something else has booted", facts: { booted: "0", standing: "restored" }, want: "refuse" },
  { says: "it was lost, and the committed revision has booted all the same", facts: { standing: "restored" }, want: "run" },
  { says: "the boot loader's part of a commit is done, the rest is not", facts: { ...TRYING, triedStatus: "TESTING", standing: "switched" }, want: "run, then committed" },
  { says: "a partition that is not on trial", facts: { tried: "5", standing: "astray" }, want: "refuse" },
  { says: "a commit without the boot loader's part", facts: { standing: "elsewhere" }, want: "refuse: environment 4" },
];
for (const v of RESUMES) {
  test(`resume: ${v.says}`, () => {
    const r = planResume({ ...FACTS, ...v.facts });
    assert.is(`${r.verdict}${r.now.length > 0 ? `: ${r.now.map(told).join(", ")}` : ""}${r.loaded !== "" ? `, then ${r.loaded}` : ""}`, v.want);
  });
}

test("a commit begins with what the boot loader reads", () => {
  assert.equal(planCommit("5", 0).map(told), ["environment 5", "5 DONE Update finished, revision set as rollback point", "done 5"]);
});

test("progress is written as clients and the hub read it", () => {
  assert.is(
    formatProgress({ status: "ERROR", message: UNEXPECTED, logs: "" }, 2),
    "{\"status\":\"ERROR\",\"status-msg\":\"Unexpected rollback\",\"progress\":100,\"retries\":2}",
  );
  const logs = "{\"lvl\":\"ERROR\",\"msg\":\"a \\\"b\\\"\"}\n";
  const text = formatProgress({ status: "TESTING", message: "x", logs }, 0);
  assert.equal(JSON.parse(text), { status: "TESTING", "status-msg": "x", progress: 75, retries: 0, logs });
  assert.equal(parseProgress(new Uint8Array(Buffer.from(text))), { status: "TESTING", retries: 0 });
  assert.equal(parseProgress(new Uint8Array(Buffer.from("{\"status\":\"TEST"))), { status: "", retries: 0 });
});

test.run();

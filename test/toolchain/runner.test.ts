/**
 * The test runner must fail when it must: each case is a small test file that
 * goes wrong in one way, run through test/run.ts as npm test does.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { outDir, root } from "../../toolchain/places.ts";
import { runResult } from "../../toolchain/run.ts";
import { runTasks, type Task } from "../runner/schedule.ts";

const UVU = 'import { test } from "uvu";\n';
const GOOD = `${UVU}test("holds", () => {});\ntest.run();\n`;

type Run = { status: number; last: string; out: string };

/** Runs the runner on a table of one part with these files (name → text). `row` changes the part's row. */
function runner(files: Record<string, string>, row: Record<string, unknown> = {}, args: string[] = []): Run {
  const dir = join(outDir, "test-fixture", String(process.pid));
  rmSync(dir, { recursive: true, force: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, "files", name)), { recursive: true });
    writeFileSync(join(dir, "files", name), text);
  }
  mkdirSync(dir, { recursive: true });
  const part = { name: "p", says: "a part", needs: [], alone: false, after: [], deadlineS: 60, files: relative(root, join(dir, "files")), ...row };
  const rows = [...(row.before as unknown[] ?? []), part];
  writeFileSync(join(dir, "table.ts"), `export const PARTS = ${JSON.stringify(rows)};\n`);
  const r = runResult(process.execPath, ["test/run.ts", "--table", join(dir, "table.ts"), ...args], { cwd: root });
  rmSync(dir, { recursive: true, force: true });
  const lines = r.stdout.trimEnd().split("\n");
  return { status: r.status, last: lines[lines.length - 1]!, out: r.stdout + r.stderr };
}

function fails(r: Run, last: string, why: RegExp): void {
  assert.is(r.last, last, r.out);
  assert.is(r.status, 1);
  assert.match(r.out, why);
}

test("passing files end with their count and status 0", () => {
  const r = runner({ "a.test.ts": GOOD, "b/c.test.ts": GOOD });
  assert.is(r.last, "2 passed, 0 failed", r.out);
  assert.is(r.status, 0);
});

test("a failing test counts and is named", () => {
  const r = runner({ "a.test.ts": `${UVU}test("holds", () => {});\ntest("breaks", () => { throw new Error("because"); });\ntest.run();\n` });
  fails(r, "1 passed, 1 failed", /a\.test\.ts: 1 of 2 tests failed[^]*breaks[^]*because/);
});

test("a file that throws while loading fails", () => {
  fails(runner({ "a.test.ts": "throw new Error('early');\n" }), "0 passed, 1 failed", /a\.test\.ts: exit status 1[^]*no summary/);
});

test("a file that never calls test.run() fails", () => {
  fails(runner({ "a.test.ts": `${UVU}test("holds", () => {});\n` }), "0 passed, 1 failed", /a\.test\.ts: no summary/);
});

test("a file with zero tests fails", () => {
  fails(runner({ "a.test.ts": `${UVU}test.run();\n` }), "0 passed, 1 failed", /a\.test\.ts: zero tests ran/);
});

test("a throwing before hook fails, though uvu exits with 0", () => {
  fails(runner({ "a.test.ts": `${UVU}test.before(() => { throw new Error("no"); });\ntest("holds", () => {});\ntest.run();\n` }), "0 passed, 1 failed", /1 of 1 tests failed/);
});

test("process.exit(0) in the middle of a test fails", () => {
  fails(runner({ "a.test.ts": `${UVU}test("leaves", () => { process.exit(0); });\ntest.run();\n` }), "0 passed, 1 failed", /a\.test\.ts: (exit status 1|no summary)/);
});

test("a crash by signal after the tests have passed fails", () => {
  fails(runner({ "a.test.ts": `${GOOD}process.on("exit", () => { process.kill(process.pid, "SIGKILL"); });\n` }), "1 passed, 1 failed", /a\.test\.ts: ended by SIGKILL/);
});

test("a status other than 0 after the tests have passed fails", () => {
  fails(runner({ "a.test.ts": `${GOOD}process.on("exit", () => { process.exitCode = 3; });\n` }), "1 passed, 1 failed", /a\.test\.ts: exit status 3/);
});

test("a file that hangs is killed at its deadline and named", () => {
  const r = runner({ "a.test.ts": `${GOOD}setInterval(() => {}, 1000);\n`, "b.test.ts": GOOD }, { deadlineS: 2 });
  fails(r, "2 passed, 1 failed", /a\.test\.ts: did not end within 2 s and was killed/);
});

test("a child that outlives its test is killed and doesn't hold the run up", () => {
  const r = runner({ "a.test.ts": `${UVU}import { spawn } from "node:child_process";\ntest("spawns", () => { spawn("sleep", ["1000"], { stdio: "inherit" }).unref(); });\ntest.run();\n` });
  assert.is(r.last, "1 passed, 0 failed", r.out);
});

test("a part without files fails, and so does a filter that fits none", () => {
  fails(runner({}), "0 passed, 1 failed", /no \*\.test\.ts below/);
  fails(runner({ "a.test.ts": GOOD }, {}, ["--only", "p/other"]), "0 passed, 1 failed", /with "other" in its path/);
});

test("what it does not know runs nothing, and the usage is shown", () => {
  for (const args of [["--onyl", "p"], ["p"]]) {
    const r = runner({ "a.test.ts": GOOD }, {}, args);
    assert.is(r.status, 2);
    assert.match(r.out, /^unknown: .+\nnpm test -- \[--only/);
  }
  const help = runner({ "a.test.ts": GOOD }, {}, ["--help"]);
  assert.is(help.status, 0);
  assert.match(help.out, /^npm test -- \[--only/m);
});

test("--only with an unknown name is a usage error that lists the names", () => {
  const r = runner({ "a.test.ts": GOOD }, {}, ["--only", "q"]);
  assert.is(r.status, 2);
  assert.match(r.out, /no part "q"; there are p/);
});

test("a filter picks files by their path", () => {
  const r = runner({ "a.test.ts": "throw 1;\n", "b.test.ts": GOOD }, {}, ["--only", "p/b.test"]);
  assert.is(r.last, "1 passed, 0 failed", r.out);
});

test("all tests skipped passes only with a printed reason, which the summary shows", () => {
  const skipping = `${UVU}test.skip("needs the moon", () => {});\ntest.run();\n`;
  fails(runner({ "a.test.ts": skipping }), "0 passed, 1 failed", /no reason was printed/);
  const r = runner({ "a.test.ts": `console.log("skip: needs the moon: daytime");\n${skipping}` });
  assert.is(r.status, 0, r.out);
  assert.match(r.out, /skipped needs the moon: daytime/);
});

test("a command is judged by its counts and its status together", () => {
  const command = (script: string, counts: string): Run => runner({}, { files: undefined, command: ["sh", "-c", script], counts });
  assert.is(command("echo 3 passed, 0 failed", "line").last, "3 passed, 0 failed");
  fails(command("echo 3 passed, 1 failed; exit 1", "line"), "3 passed, 1 failed", /1 failed/);
  fails(command("echo 3 passed, 1 failed", "line"), "3 passed, 1 failed", /1 failed/);
  fails(command("echo 3 passed, 0 failed; exit 1", "line"), "3 passed, 1 failed", /exit status 1/);
  fails(command("echo 0 passed, 0 failed", "line"), "0 passed, 1 failed", /nothing was checked/);
  fails(command("true", "line"), "0 passed, 1 failed", /no line "N passed, N failed"/);
  assert.is(command("true", "exit").last, "1 passed, 0 failed");
  fails(command("false", "exit"), "0 passed, 1 failed", /exit status 1/);
  fails(runner({}, { files: undefined, command: ["/no/such/program"], counts: "exit" }), "0 passed, 1 failed", /ENOENT/);
});

test("a part that depends on a failed one is not run and counts as failed", () => {
  const before = [{ name: "first", says: "", needs: [], alone: true, after: [], deadlineS: 60, command: ["false"], counts: "exit" }];
  fails(runner({ "a.test.ts": GOOD }, { before, after: ["first"] }), "0 passed, 2 failed", /not run, since "first" failed/);
});

test("two parts of one name are an error", () => {
  const before = [{ name: "p", says: "", needs: [], alone: false, after: [], deadlineS: 60, command: ["true"], counts: "exit" }];
  const r = runner({ "a.test.ts": GOOD }, { before });
  assert.is(r.status, 1);
  assert.match(r.out, /two parts are called "p"/);
});

test("two jobs run at a time, and never two that must be alone", async () => {
  const events: string[] = [];
  let now = 0;
  let most = 0;
  let alone = 0;
  let mostAlone = 0;
  const tasks: Task<{ name: string; alone: boolean }>[] = ["A1", "s1", "A2", "s2", "A3", "s3"].map((name) => ({ part: name, alone: name.startsWith("A"), after: name === "s1" ? ["A3"] : [], job: { name, alone: name.startsWith("A") } }));
  await runTasks(tasks, 2, async (job) => {
    now += 1;
    alone += job.alone ? 1 : 0;
    most = Math.max(most, now);
    mostAlone = Math.max(mostAlone, alone);
    events.push(job.name);
    for (let i = 0; i < 3; i++) await new Promise((r) => { setImmediate(r); });
    now -= 1;
    alone -= job.alone ? 1 : 0;
    return true;
  }, () => assert.unreachable());
  assert.is(most, 2);
  assert.is(mostAlone, 1);
  assert.equal([...events].sort(), ["A1", "A2", "A3", "s1", "s2", "s3"]);
  assert.ok(events.indexOf("s1") > events.indexOf("A3"));
});

test("parts that wait for each other are an error, not a hang", async () => {
  const row = (part: string, after: string): Task<string> => ({ part, alone: false, after: [after], job: part });
  let why = "";
  await runTasks([row("a", "b"), row("b", "a")], 2, async () => true, () => undefined).catch((e: Error) => { why = e.message; });
  assert.is(why, "parts wait for each other: a, b");
});

test.run();

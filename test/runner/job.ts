/**
 * One process of the test run: a uvu file or a command. Starts it in a
 * process group of its own, with its output in a file (a child that outlives
 * it can't hold the run up), kills it at its deadline, and decides the verdict
 * from status and output together: silence is never a pass.
 */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * How a job's counts are read. uvu: its summary. line: the last line
 * "N passed, N failed". exit: one check, passed when the status is 0.
 */
export type Counts = "uvu" | "line" | "exit";

export type Job = { title: string; command: string[]; counts: Counts; deadlineS: number; logFile: string; cwd: string };

/** Facts about a finished process. `killed`: by us, at the deadline. */
export type Ended = { status: number | null; signal: string | null; killed: boolean; output: string };

/** `problems`: one line a thing that went wrong; empty when all is well. `skips`: "title: reason" lines of single tests. */
export type Verdict = { passed: number; failed: number; skips: string[]; problems: string[] };

export type Outcome = Verdict & { seconds: number; output: string };

function plain(output: string): string {
  return output.replace(/\x1b\[[0-9;]*m/g, "");
}

function lastNumber(output: string, label: string): number {
  const all = [...output.matchAll(new RegExp(`^  ${label}: +(\\d+)$`, "gm"))];
  return all.length === 0 ? -1 : Number(all[all.length - 1]![1]);
}

/** Lines "skip: title: reason" that a test printed; uvu's bullets may stand before them. */
function skipLines(output: string): string[] {
  return [...output.matchAll(/^[•✘ ]*skip: (.+)$/gm)].map((m) => m[1]!);
}

function uvuVerdict(output: string): Verdict {
  const total = lastNumber(output, "Total");
  const passed = lastNumber(output, "Passed");
  const skipped = lastNumber(output, "Skipped");
  const skips = skipLines(output);
  if (total < 0 || passed < 0 || skipped < 0) return { passed: 0, failed: 1, skips, problems: ["no summary: it crashed, or no test.run() was reached"] };
  if (total === 0 && skips.length === 0) return { passed: 0, failed: 1, skips, problems: ["zero tests ran and no reason was printed (skip: title: reason)"] };
  if (passed < total) return { passed, failed: total - passed, skips, problems: [`${total - passed} of ${total} tests failed`] };
  return { passed, failed: 0, skips, problems: [] };
}

function lineVerdict(output: string): Verdict {
  const skips = skipLines(output);
  const all = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)];
  const last = all[all.length - 1];
  if (last === undefined) return { passed: 0, failed: 1, skips, problems: ["no line \"N passed, N failed\""] };
  const passed = Number(last[1]);
  const failed = Number(last[2]);
  if (passed + failed === 0 && skips.length === 0) return { passed, failed: 1, skips, problems: ["nothing was checked"] };
  return { passed, failed, skips, problems: failed > 0 ? [`${failed} failed`] : [] };
}

/** The verdict on a finished job. Any sign of trouble that the counts don't show is one more failure. */
export function judge(ended: Ended, counts: Counts, deadlineS: number): Verdict {
  const output = plain(ended.output);
  const bad = ended.killed ? `did not end within ${deadlineS} s and was killed`
    : ended.signal !== null ? `ended by ${ended.signal}`
    : ended.status !== 0 ? `exit status ${ended.status}` : "";
  if (counts === "exit") return { passed: bad === "" ? 1 : 0, failed: bad === "" ? 0 : 1, skips: skipLines(output), problems: bad === "" ? [] : [bad] };
  const v = counts === "uvu" ? uvuVerdict(output) : lineVerdict(output);
  if (bad === "") return v;
  const explained = v.failed > 0 && !ended.killed;
  return { ...v, failed: explained ? v.failed : v.failed + 1, problems: [bad, ...v.problems] };
}

/** Runs one job to its end or its deadline. Never throws for what the job does. */
export function runJob(job: Job): Promise<Outcome> {
  mkdirSync(dirname(job.logFile), { recursive: true });
  const log = openSync(job.logFile, "w");
  const begin = process.hrtime.bigint();
  return new Promise((done) => {
    let killed = false;
    const finish = (status: number | null, signal: string | null, extra: string): void => {
      clearTimeout(timer);
      const output = readFileSync(job.logFile, "utf8") + extra;
      const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
      done({ ...judge({ status, signal, killed, output }, job.counts, job.deadlineS), seconds, output });
    };
    const child = spawn(job.command[0]!, job.command.slice(1), {
      cwd: job.cwd, detached: true, stdio: ["ignore", log, log], env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
    });
    closeSync(log);
    const timer = setTimeout(() => {
      killed = true;
      killGroup(child.pid);
    }, job.deadlineS * 1000);
    child.on("error", (e) => finish(null, null, `${job.command[0]}: ${e.message}\n`));
    child.on("exit", (status, signal) => {
      killGroup(child.pid);
      finish(status, signal, "");
    });
  });
}

/** Ends what is left of a job: its group was made for it alone. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== "ESRCH") throw e;
  }
}

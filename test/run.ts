/**
 * npm test -- [--only PART[/FILTER]]… [--list] [--table FILE]
 * Runs the parts of test/parts.ts, two jobs at a time where that is safe, and
 * ends with the line "N passed, N failed"; status 0 only when none failed.
 * Output of every job is kept below build/out/test/. FILTER picks the files of
 * a part whose path contains it.
 */
import { existsSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import parse from "yargs-parser";
import { outDir, root } from "../toolchain/places.ts";
import { missing } from "./needs.ts";
import { PARTS, type Part } from "./parts.ts";
import { runJob, type Job, type Outcome } from "./runner/job.ts";
import { runTasks, type Task } from "./runner/schedule.ts";

type Sum = { passed: number; failed: number; seconds: number; jobs: number; skips: string[] };
type PartJob = { part: Part; job: Job };

const SLOTS = 2;
const TAIL_LINES = 60;

function filesOf(part: Part): string[] {
  const folder = join(root, part.files!);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".test.ts")).sort().map((f) => join(part.files!, f));
}

function jobsOf(part: Part, filter: string): Job[] {
  const node = join(root, "node_modules/.bin/node");
  const common = { deadlineS: part.deadlineS, cwd: root };
  if (part.command !== undefined) {
    const [program, ...rest] = part.command;
    return [{ ...common, title: part.name, command: [program === "node" ? node : program!, ...rest], counts: part.counts ?? "line", logFile: join(outDir, "test", `${part.name}.log`) }];
  }
  return filesOf(part).filter((f) => f.includes(filter)).map((f) => ({
    ...common, title: f, command: [node, f], counts: "uvu" as const, logFile: join(outDir, "test", part.name, `${relative(part.files!, f).replaceAll("/", "-")}.log`),
  }));
}

function report(o: Outcome, job: Job): void {
  const counts = `${o.passed} passed${o.failed > 0 ? `, ${o.failed} failed` : ""}`;
  console.log(`${o.failed > 0 ? "FAIL" : "ok  "} ${job.title}  ${counts}  ${o.seconds.toFixed(1)} s`);
  if (o.failed === 0) return;
  for (const p of o.problems) console.log(`     ${job.title}: ${p}`);
  const lines = o.output.trimEnd().split("\n");
  if (lines.length > TAIL_LINES) console.log(`     … ${lines.length - TAIL_LINES} lines before these are in ${relative(root, job.logFile)}`);
  for (const l of lines.slice(-TAIL_LINES)) console.log(`     | ${l}`);
}

function summary(sums: Map<string, Sum>, skipped: { part: string; why: string }[]): void {
  const width = Math.max(12, ...[...sums.keys(), ...skipped.map((s) => s.part)].map((n) => n.length));
  console.log("");
  for (const [name, s] of sums) {
    console.log(`${name.padEnd(width)}  ${String(s.passed).padStart(5)} passed  ${String(s.failed).padStart(3)} failed  ${s.seconds.toFixed(1).padStart(7)} s  in ${s.jobs} ${s.jobs === 1 ? "process" : "processes"}`);
    for (const line of s.skips) console.log(`${"".padEnd(width)}  skipped ${line}`);
  }
  for (const s of skipped) console.log(`${s.part.padEnd(width)}  skipped: ${s.why}`);
}

const USAGE = "npm test -- [--only PART[/FILTER]]… [--list] [--table FILE]: without --only all parts; --list names them";

async function main(): Promise<number> {
  const args = parse(process.argv.slice(2), { array: ["only"], string: ["only", "table"], boolean: ["list", "help"] });
  const strange = Object.keys(args).filter((k) => !["_", "only", "table", "list", "help"].includes(k));
  if (args.help || strange.length > 0 || args._.length > 0) {
    console.error(args.help ? USAGE : `unknown: ${[...strange.map((k) => `--${k}`), ...args._].join(" ")}\n${USAGE}`);
    return args.help ? 0 : 2;
  }
  const table: Part[] = args.table === undefined ? PARTS : ((await import(resolve(String(args.table)))) as { PARTS: Part[] }).PARTS;
  const twice = table.find((p, i) => table.findIndex((q) => q.name === p.name) < i);
  if (twice !== undefined) throw new Error(`two parts are called "${twice.name}"`);
  if (args.list) {
    for (const p of table) console.log(`${p.name.padEnd(14)} ${p.says}${p.needs.length > 0 ? ` (needs ${p.needs.join(", ")})` : ""}`);
    return 0;
  }
  const only = ((args.only ?? []) as string[]).map((o) => ({ name: o.split("/")[0]!, filter: o.split("/").slice(1).join("/") }));
  const unknown = only.filter((o) => !table.some((p) => p.name === o.name));
  if (unknown.length > 0 || (args.only !== undefined && only.length === 0)) {
    console.error(`no part "${unknown.map((u) => u.name).join(", ")}"; there are ${table.map((p) => p.name).join(", ")}`);
    return 2;
  }

  const sums = new Map<string, Sum>();
  const skipped: { part: string; why: string }[] = [];
  const tasks: Task<PartJob>[] = [];
  const fail = (part: string, title: string, why: string): void => {
    sums.get(part)!.failed += 1;
    console.log(`FAIL ${title}  ${why}`);
  };
  for (const part of table) {
    const asked = only.filter((o) => o.name === part.name);
    if (only.length > 0 && asked.length === 0) continue;
    const why = part.needs.map(missing).filter((w) => w !== "");
    if (why.length > 0) {
      skipped.push({ part: part.name, why: why.join("; ") });
      continue;
    }
    sums.set(part.name, { passed: 0, failed: 0, seconds: 0, jobs: 0, skips: [] });
    const filters = asked.length === 0 ? [""] : asked.map((a) => a.filter);
    const jobs = filters.flatMap((f) => jobsOf(part, f));
    if (jobs.length === 0) fail(part.name, part.name, `no *.test.ts below ${part.files}${filters.join(" ") === "" ? "" : ` with "${filters.join(" ")}" in its path`}`);
    for (const job of jobs) tasks.push({ part: part.name, alone: part.alone, after: part.after, job: { part, job } });
  }

  await runTasks(tasks, SLOTS, async ({ part, job }) => {
    const o = await runJob(job);
    const s = sums.get(part.name)!;
    s.passed += o.passed;
    s.failed += o.failed;
    s.seconds += o.seconds;
    s.jobs += 1;
    s.skips.push(...o.skips);
    report(o, job);
    return o.failed === 0;
  }, ({ part, job }, because) => fail(part.name, job.title, `not run, since "${because}" failed`));

  summary(sums, skipped);
  const all = [...sums.values()];
  const passed = all.reduce((n, s) => n + s.passed, 0);
  const failed = all.reduce((n, s) => n + s.failed, 0);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && sums.size + skipped.length > 0 ? 0 : 1;
}

process.exitCode = await main();

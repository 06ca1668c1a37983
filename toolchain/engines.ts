/**
 * npm run engines -- [--ci] [--write] [--only NAME]…
 * Runs the programs of toolchain/engines/ under Node and through the engines,
 * lowered and shrunk as what ships is.
 * Without options: scriptc and porffor, verdicts printed. --write measures too
 * and writes toolchain/engines.md. --ci: scriptc only, no file written, fails
 * on any disagreement or difference from the written table.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import parse from "yargs-parser";
import { compileLowered, lower, type Program } from "./compile.ts";
import { compileWithPorffor } from "./conformance/porffor.ts";
import { formatTable, parseTable, type Cost, type Row } from "./conformance/table.ts";
import { firstDifference, judge, KNOWN_DIFFERENCES, problemsOf, type Ran, type Verdict, type Verdicts } from "./conformance/verdict.ts";
import { outDir, root } from "./places.ts";
import { run, runResultAsync } from "./run.ts";
import { TARGETS } from "./targets.ts";

const FOLDER = "toolchain/engines";
const TABLE = join(root, "toolchain", "engines.md");
const RUN_TIMEOUT_MS = 30_000;
const NOTHING: Cost = { sizeBytes: 0, rssKb: 0, ms: 0 };
/** Not what ships, but the same C through the same compiler, and links in a tenth of the time. */
const QUICK_FLAGS = ["-fno-lto", "-O1"];

const node = join(root, "node_modules/.bin/node");

async function ran(command: string[]): Promise<Ran> {
  const r = await runResultAsync(command[0]!, command.slice(1), { cwd: root, timeout: RUN_TIMEOUT_MS, killSignal: "SIGKILL" });
  return { ...r, timedOut: r.signal === "SIGKILL" };
}

/** porffor colours what console.log shows, terminal or not: that alone is not called wrong. */
function withoutColours(r: Ran): Ran {
  return { ...r, stdout: r.stdout.replace(/\x1b\[[0-9;]*m/g, "") };
}

/** Peak memory and least CPU time of three runs; nothing where none ended in time. */
async function cost(measure: string, command: string[], sizeBytes: number, work: string): Promise<Cost> {
  const found: Cost = { sizeBytes, rssKb: 0, ms: 0 };
  const result = join(work, "measured");
  for (let i = 0; i < 3; i++) {
    if ((await runResultAsync(measure, [result, ...command], { cwd: root, timeout: RUN_TIMEOUT_MS })).signal !== null) break;
    const [rssKb, microseconds] = readFileSync(result, "utf8").split(" ").map(Number);
    found.rssKb = Math.max(found.rssKb, rssKb!);
    found.ms = found.ms === 0 ? microseconds! / 1000 : Math.min(found.ms, microseconds! / 1000);
  }
  return found;
}

type Mode = { withPorffor: boolean; measure: string };

async function examine(name: string, mode: Mode, say: (text: string) => void): Promise<Row> {
  const entry = `${FOLDER}/${name}.ts`;
  const work = join(outDir, "engines", name);
  mkdirSync(work, { recursive: true });
  const says = /^\/\/ (.+)/.exec(readFileSync(join(root, entry), "utf8"))?.[1] ?? "";
  const expected = await ran([node, entry]);
  const row: Row = {
    program: name, says, scriptc: { x86_64: "refused", armv7: "refused", aarch64: "refused" }, refusal: "", porffor: "refused",
    node: NOTHING, native: NOTHING, armv7Bytes: 0, porfforCost: NOTHING,
  };
  let c = "";
  await lower(entry, work).then((text) => { c = text; }, (e: Error) => {
    row.refusal = /error (SC\d+)/.exec(e.message)?.[1] ?? "";
    if (row.refusal === "") for (const t of TARGETS) row.scriptc[t.name] = "broken";
  });
  for (const t of c === "" ? [] : TARGETS) {
    const quick: Program = { entry, out: join(work, t.name), target: t, flavor: "release", extraFlags: QUICK_FLAGS };
    try {
      await compileLowered(quick, c, work);
      const got = await ran([...t.emulator, quick.out]);
      row.scriptc[t.name] = judge(expected, got);
      if (row.scriptc[t.name] !== "right" && !(name in KNOWN_DIFFERENCES)) say(`${name} on ${t.name}: ${firstDifference(expected, got)}`);
    } catch (e) {
      row.scriptc[t.name] = "broken";
      say(`${name} on ${t.name}: ${(e as Error).message.split("\n").slice(1, 6).join("\n")}`);
    }
  }
  if (mode.withPorffor) {
    const made = await compileWithPorffor(entry, work);
    row.porffor = "verdict" in made ? made.verdict : judge(expected, withoutColours(await ran([made.binary])));
    if (mode.measure !== "" && "binary" in made) row.porfforCost = await cost(mode.measure, [made.binary], statSync(made.binary).size, work);
  }
  if (mode.measure !== "") {
    row.node = await cost(mode.measure, [node, entry], 0, work);
    for (const t of TARGETS.filter((each) => each.name !== "aarch64" && row.scriptc[each.name] !== "refused" && row.scriptc[each.name] !== "broken")) {
      const shipped: Program = { entry, out: join(work, `${t.name}.shipped`), target: t, flavor: "release" };
      await compileLowered(shipped, c, work);
      const size = statSync(shipped.out).size;
      if (t.name === "armv7") row.armv7Bytes = size;
      else row.native = await cost(mode.measure, [shipped.out], size, work);
    }
  }
  rmSync(work, { recursive: true });
  return row;
}

function versions(): string[] {
  const of = (name: string): string => (JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")) as { version: string }).version;
  return [`Node ${of("node")}`, `scriptc ${of("scriptc")}, ${run("gcc", ["--version"]).split("\n")[0]}`, `porffor ${of("porffor")}, esbuild ${of("esbuild")}`];
}

function summarise(v: Verdicts): Verdict | string {
  const all = new Set(Object.values(v));
  return all.size === 1 ? [...all][0]! : `${v.x86_64}/${v.armv7}/${v.aarch64}`;
}

async function main(): Promise<number> {
  const args = parse(process.argv.slice(2), { array: ["only"], string: ["only"], boolean: ["ci", "write"] });
  const only = (args.only ?? []) as string[];
  const names = readdirSync(join(root, FOLDER)).filter((f) => f.endsWith(".ts")).map((f) => f.slice(0, -3)).filter((n) => only.length === 0 || only.includes(n)).sort();
  const committed = existsSync(TABLE) ? parseTable(readFileSync(TABLE, "utf8")) : new Map<string, Verdicts>();
  mkdirSync(join(outDir, "engines"), { recursive: true });
  const mode: Mode = { withPorffor: !args.ci, measure: "" };
  if (args.write) {
    mode.measure = join(outDir, "engines", "measure");
    run("gcc", ["-Os", "-static", "-o", mode.measure, join(root, "toolchain/conformance/measure.c")]);
  }

  const rows: Row[] = [];
  const waiting = [...names];
  const worker = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const row = await examine(name, mode, console.log);
      rows.push(row);
      if (!args.ci) console.log(`${name.padEnd(28)} scriptc ${summarise(row.scriptc)}${row.refusal === "" ? "" : ` ${row.refusal}`}  porffor ${row.porffor}`);
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  rows.sort((a, b) => (a.program < b.program ? -1 : 1));

  if (args.write && only.length === 0) writeFileSync(TABLE, formatTable(rows, versions()));
  const problems = rows.map((r) => problemsOf(r.program, r.scriptc, args.ci ? committed.get(r.program) : r.scriptc));
  if (args.ci && only.length === 0) for (const gone of [...committed.keys()].filter((p) => !names.includes(p))) problems.push([`${gone}: in toolchain/engines.md, but there is no such program`]);
  for (const p of problems.flat()) console.log(p);
  const failed = problems.filter((p) => p.length > 0).length;
  console.log(`${problems.length - failed} passed, ${failed} failed`);
  return failed === 0 && rows.length > 0 ? 0 : 1;
}

process.exitCode = await main();

/**
 * npm run fuzz -- [--seconds N] [--runs N] [--target json|state|lxc|config|signature|certificate] [--input FILE]
 * Coverage-guided fuzzing of one parser after the other: the compiled C with
 * ASan, UBSan and leak checking, driven in-process by libFuzzer. Seeds are
 * the vectors' inputs and test/fuzz/corpus/<target>/; what is found on the way
 * stays in build/out/fuzz/<target>/corpus. --input runs one file. Ends with
 * "N passed, N failed"; a finding is written next to the corpus and named.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import parse from "yargs-parser";
import { compileLowered, lower } from "../../toolchain/compile.ts";
import { outDir, root } from "../../toolchain/places.ts";
import { runResult, runResultAsync } from "../../toolchain/run.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { configWords, lxcWords, stateWords } from "./words.ts";
import { loadVectors } from "../vectors/run.ts";

type Target = {
  name: string;
  /** Function of test/fuzz/<name>.ts that takes the bytes. */
  entry: string;
  longest: number;
  /** Inputs to begin with. */
  seeds: () => string[];
  /** Words to try. */
  words: () => string[];
};

/** Texts under these members of the vectors of a room. */
function vectorTexts(room: string, members: string[]): string[] {
  const found: string[] = [];
  for (const v of loadVectors(room)) {
    const input = v.input as Record<string, unknown>;
    for (const m of members) {
      const value = input[m];
      if (value !== undefined) found.push(typeof value === "string" ? value : JSON.stringify(value));
    }
  }
  return found;
}

/** States of the vectors, as test/vectors/state.ts makes them. */
function stateSeeds(): string[] {
  return loadVectors("state").map((v) => {
    const input = v.input as { state?: unknown; text?: string; add?: Record<string, unknown>; run?: Record<string, unknown> };
    if (input.text !== undefined) return input.text;
    if (input.state !== undefined) return JSON.stringify(input.state);
    const id = (c: string): string => c.repeat(64);
    return JSON.stringify({
      "#spec": "pantavisor-service-system@1",
      "bsp/run.json": { linux: "k", initrd: "i" }, "bsp/k": id("1"), "bsp/i": id("2"),
      ...(input.run === undefined ? {} : { "web/run.json": { name: "web", type: "lxc", config: "c", "root-volume": "r.squashfs", ...input.run }, "web/c": id("3"), "web/r.squashfs": id("4") }),
      ...input.add,
    });
  });
}

const TARGETS: Target[] = [
  { name: "json", entry: "fuzzJson", longest: 2048, seeds: () => [...vectorTexts("json", ["text"]), ...stateSeeds().slice(0, 40)], words: () => ["true", "false", "null", "\\ud83d\\ude00", "\\u0000", "1e5", "-0.5"] },
  { name: "state", entry: "fuzzState", longest: 4096, seeds: stateSeeds, words: stateWords },
  { name: "lxc", entry: "fuzzLxc", longest: 2048, seeds: () => [...vectorTexts("lxc", ["conf"]), ...vectorTexts("lxc", ["seccomp"]).map((t) => `s\n${t}`), ...vectorTexts("lxc", ["fstab"]).map((t) => `f\n${t}`), ...vectorTexts("lxc", ["command"]).map((t) => `c\n${t}`)], words: lxcWords },
  { name: "config", entry: "fuzzConfig", longest: 2048, seeds: () => loadVectors("config").map((v) => { const i = v.input as { conf?: string; cmdline?: string; env?: string[] }; return `${i.conf ?? ""}\0${i.cmdline ?? ""}\0${(i.env ?? []).join("\n")}`; }), words: configWords },
  { name: "signature", entry: "fuzzSignature", longest: 2048, seeds: () => vectorTexts("sign", ["state", "text", "header", "protected"]).flatMap((t) => ["\0", "\x01", "\x02", "\x03"].map((k) => `${k}${t}`)), words: () => ["pvs@2", "protected", "signature", "include", "exclude", "x5c", "/**", "RS256", "ES256", "_sigs/"] },
  { name: "certificate", entry: "fuzzCertificate", longest: 4096, seeds: () => ["0\x82"], words: () => [] },
];

/** Without comparison tracing (half of the time; the words stand in for it). */
const FLAGS = ["-O2", "-fsanitize=fuzzer", "-fno-sanitize-coverage=trace-cmp"];

/** The program: the compiler keeps fuzzOne because files can be run by hand. */
function program(t: Target): string {
  return `import { readFileSync } from "node:fs";
import { ${t.entry} } from "../../../test/fuzz/${t.name}.ts";

function fuzzOne(input: Uint8Array): number {
  return ${t.entry}(input);
}

if (process.argv.length > 2) console.log(fuzzOne(new Uint8Array(readFileSync(process.argv[2]!))));
`;
}

/** The C text with libFuzzer's entry points: its main sets up and keeps what it set up. */
function withDriver(text: string): string {
  const main = "int main(int argc, char **argv) {";
  const end = "  sc_release_globals();\n  return scr_exit_code_hint_get();\n}";
  if (!text.includes(main) || !text.includes(end)) throw new Error("the compiler's main() looks different: adapt test/fuzz/run.ts");
  return `${text.replace(main, "static int fuzz_program_main(int argc, char **argv) {").replace(end, "  return 0;\n}")}\n${readFileSync(join(root, "test/fuzz/driver.c"), "utf8")}`;
}

async function build(t: Target): Promise<string> {
  const folder = join(outDir, "fuzz");
  mkdirSync(folder, { recursive: true });
  const tools = join(folder, "clang-");
  writeFileSync(`${tools}gcc`, "#!/bin/sh\nexec clang \"$@\"\n");
  chmodSync(`${tools}gcc`, 0o755);
  const entry = join(folder, `${t.name}.ts`);
  writeFileSync(entry, program(t));
  const work = join(folder, `${t.name}.work`);
  mkdirSync(work, { recursive: true });
  const out = join(folder, `${t.name}.fuzz`);
  const text = withDriver(await lower(relative(root, entry), work));
  await compileLowered({ entry: relative(root, entry), out, target: { ...targetNamed("x86_64"), tools }, flavor: "sanitize", extraFlags: FLAGS }, text, work);
  return out;
}

function prepare(t: Target): { corpus: string; seeds: string; dictionary: string } {
  const folder = join(outDir, "fuzz", t.name);
  const corpus = join(folder, "corpus");
  const seeds = join(folder, "seeds");
  for (const d of [corpus, seeds]) mkdirSync(d, { recursive: true });
  t.seeds().forEach((text, i) => writeFileSync(join(seeds, `vector-${i}`), text));
  const kept = join(root, "test/fuzz/corpus", t.name);
  if (existsSync(kept)) for (const f of readdirSync(kept)) copyFileSync(join(kept, f), join(seeds, f));
  const dictionary = join(folder, "words");
  writeFileSync(dictionary, [...t.words(), "\n"].map((w) => `"${w.replaceAll("\\", "\\\\").replaceAll("\"", "\\\"").replaceAll("\n", "\\x0a")}"\n`).join(""));
  return { corpus, seeds, dictionary };
}

// What is not the parser is kept cheap: no weighing of inputs, no stacks of allocations (--input shows a finding with stacks).
const STAT = /^stat::number_of_executed_units:\s*(\d+)/m;

async function fuzz(t: Target, seconds: number, runs: number): Promise<boolean> {
  const binary = await build(t);
  const p = prepare(t);
  const folder = join(outDir, "fuzz", t.name);
  const args = [
    ...(runs > 0 ? [`-runs=${runs}`] : [`-max_total_time=${seconds}`]), `-max_len=${t.longest}`, "-timeout=10", "-rss_limit_mb=2048",
    "-print_final_stats=1", "-verbosity=0", "-entropic=0", `-dict=${p.dictionary}`, `-artifact_prefix=${folder}/`, p.corpus, p.seeds,
  ];
  const began = Date.now();
  const r = await runResultAsync(binary, args, { cwd: root, env: { ...process.env, ASAN_OPTIONS: "detect_leaks=1:malloc_context_size=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=32:max_malloc_fill_size=0", UBSAN_OPTIONS: "print_stacktrace=1" } });
  const executed = Number(STAT.exec(r.stderr)?.[1] ?? 0);
  console.log(`${r.status === 0 ? "ok  " : "FAIL"} ${t.name}  ${executed} executions in ${Math.round((Date.now() - began) / 1000)} s, corpus ${readdirSync(p.corpus).length}`);
  if (r.status === 0 && executed > 0) return true;
  console.log(r.stderr.split("\n").slice(-80).join("\n"));
  return false;
}

async function main(): Promise<number> {
  const args = parse(process.argv.slice(2), { string: ["target", "input"], number: ["seconds", "runs"], default: { seconds: 60, runs: 0, target: "all", input: "" } });
  const targets = TARGETS.filter((t) => args.target === "all" || t.name === args.target);
  if (targets.length === 0) throw new Error(`no target "${args.target}"; there are ${TARGETS.map((t) => t.name).join(", ")}`);
  if (runResult("sh", ["-c", "command -v clang"]).status !== 0) throw new Error("clang is not there: apt-get install clang libclang-rt-14-dev");
  if (args.input !== "") {
    const r = runResult(await build(targets[0]!), [String(args.input)]);
    console.log(r.stdout + r.stderr);
    return r.status === 0 ? 0 : 1;
  }
  let failed = 0;
  for (const t of targets) if (!(await fuzz(t, Number(args.seconds), Number(args.runs)))) failed += 1;
  console.log(`${targets.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();

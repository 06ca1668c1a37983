/**
 * Runs the vector suites: test/vectors/<room>/*.json, arrays of { says,
 * input, want }. Under Node each answer is compared with `want`; the compiled
 * programs must then give the same bytes. Also a program:
 * node test/vectors/run.ts [--only ROOM] [--targets x86_64,armv7,aarch64] [--accept]
 * prints what failed and "N passed, N failed". --accept writes answers into
 * vectors whose `want` is null (to be read before they are committed).
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import parse from "yargs-parser";
import { compile } from "../../toolchain/compile.ts";
import { outDir, root } from "../../toolchain/places.ts";
import { runResult } from "../../toolchain/run.ts";
import { targetNamed, type Target } from "../../toolchain/targets.ts";

export type Vector = { room: string; file: string; says: string; input: unknown; want: unknown };
export type VectorFailure = { vector: Vector; got: string; where: string };
export type VectorResult = { passed: number; failures: VectorFailure[] };

const PROGRAM = "test/vectors/main.ts";
const folder = join(root, "test/vectors");

/** All vectors of the tree, of one room when it is named. A file that is no array of vectors throws with its name. */
export function loadVectors(only: string = ""): Vector[] {
  const vectors: Vector[] = [];
  for (const room of readdirSync(folder, { withFileTypes: true })) {
    if (!room.isDirectory() || (only !== "" && room.name !== only)) continue;
    for (const name of readdirSync(join(folder, room.name)).filter((f) => f.endsWith(".json")).sort()) {
      const file = relative(root, join(folder, room.name, name));
      const list = JSON.parse(readFileSync(join(root, file), "utf8")) as unknown;
      if (!Array.isArray(list) || list.length === 0) throw new Error(`${file}: not an array of vectors`);
      for (const v of list as { says?: unknown; input?: unknown; want?: unknown }[]) {
        if (typeof v.says !== "string" || v.input === undefined || v.want === undefined) throw new Error(`${file}: a vector has says, input and want: ${JSON.stringify(v).slice(0, 200)}`);
        vectors.push({ room: room.name, file, says: v.says, input: v.input, want: v.want });
      }
    }
  }
  return vectors;
}

function inputLines(vectors: Vector[]): string {
  return vectors.map((v) => `${v.room}\t${JSON.stringify(v.input)}\n`).join("");
}

/** Answers of a program (and what runs it) to all vectors, one line each. */
function answersOf(command: string[], vectors: Vector[]): string[] {
  const file = join(mkdtempSync(join(tmpdir(), "wherry-vectors-")), "input");
  writeFileSync(file, inputLines(vectors));
  const r = runResult(command[0]!, [...command.slice(1), file], { cwd: root });
  rmSync(dirname(file), { recursive: true });
  const lines = r.stdout.split("\n").slice(0, -1);
  if (r.status !== 0 || lines.length !== vectors.length) {
    throw new Error(`${command.join(" ")}: status ${r.status} ${r.signal ?? ""}, ${lines.length} answers to ${vectors.length} vectors, stopped at "${vectors[lines.length]?.says ?? ""}"\n${r.stderr}`);
  }
  return lines;
}

/** Answers under Node. */
export function nodeAnswers(vectors: Vector[]): string[] {
  return answersOf([join(root, "node_modules/.bin/node"), PROGRAM], vectors);
}

/** Compares answers with what the vectors want; members in any order. */
export function checkAnswers(vectors: Vector[], answers: string[]): VectorResult {
  const failures: VectorFailure[] = [];
  for (let i = 0; i < vectors.length; i++) {
    const vector = vectors[i]!;
    let same = false;
    try {
      same = isDeepStrictEqual(JSON.parse(answers[i]!), vector.want);
    } catch {
      same = false;
    }
    if (!same) failures.push({ vector, got: answers[i]!, where: "node" });
  }
  return { passed: vectors.length - failures.length, failures };
}

/** Compiles the program for a target and compares its answers byte for byte with those under Node. */
export async function checkTarget(target: Target, vectors: Vector[], wanted: string[]): Promise<VectorResult> {
  const out = await compile({ entry: PROGRAM, out: join(outDir, target.name, "vectors"), target, flavor: "release" });
  const answers = answersOf([...target.emulator, out], vectors);
  const failures: VectorFailure[] = [];
  for (let i = 0; i < vectors.length; i++) {
    if (answers[i] !== wanted[i]) failures.push({ vector: vectors[i]!, got: answers[i]!, where: target.name });
  }
  return { passed: vectors.length - failures.length, failures };
}

function show(f: VectorFailure, wanted: string): void {
  console.log(`FAIL ${f.vector.file}: ${f.vector.says} (${f.where})\n  input ${JSON.stringify(f.vector.input)}\n  want  ${wanted}\n  got   ${f.got}`);
}

/** Writes the answers into vectors whose want is null. */
function accept(vectors: Vector[], answers: string[]): void {
  for (const file of new Set(vectors.map((v) => v.file))) {
    const own = vectors.map((v, i) => ({ v, answer: answers[i]! })).filter((x) => x.v.file === file);
    if (!own.some((x) => x.v.want === null)) continue;
    const lines = own.map((x) => `  ${JSON.stringify({ says: x.v.says, input: x.v.input, want: x.v.want === null ? JSON.parse(x.answer) : x.v.want })}`);
    writeFileSync(join(root, file), `[\n${lines.join(",\n")}\n]\n`);
  }
}

async function main(): Promise<number> {
  const args = parse(process.argv.slice(2), { string: ["only", "targets"], boolean: ["accept"], default: { only: "", targets: "x86_64,armv7,aarch64" } });
  const vectors = loadVectors(String(args.only));
  if (!existsSync(folder) || vectors.length === 0) throw new Error(`no vectors${args.only === "" ? "" : ` of room "${args.only}"`}`);
  const answers = nodeAnswers(vectors);
  if (args.accept) {
    accept(vectors, answers);
    return 0;
  }
  const own = checkAnswers(vectors, answers);
  for (const f of own.failures) show(f, JSON.stringify(f.vector.want));
  let passed = own.passed;
  let failed = own.failures.length;
  const rooms = [...new Set(vectors.map((v) => v.room))].map((r) => `${r} ${vectors.filter((v) => v.room === r).length}`);
  console.log(`vectors: ${rooms.join(", ")}\nnode: ${own.passed} as wanted`);
  for (const name of String(args.targets).split(",").filter((t) => t !== "")) {
    const r = await checkTarget(targetNamed(name), vectors, answers);
    for (const f of r.failures) show(f, answers[vectors.indexOf(f.vector)]!);
    console.log(`${name}: ${r.passed} byte for byte as node`);
    passed += r.passed;
    failed += r.failures.length;
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main();

/**
 * The programs a benchmark runs: Wherry's binary as it ships, and the small C
 * programs beside them, built when their source has changed.
 */
import { join } from "node:path";
import { ensureCProgram } from "../../build/cprogram.ts";
import { ensureBinary } from "../../build/images.ts";
import { outDir } from "../../toolchain/places.ts";
import { targetNamed } from "../../toolchain/targets.ts";

/** Paths. */
export type Programs = { wherry: string; floor: string; stopwatch: string; payload: string };

export async function ensurePrograms(): Promise<Programs> {
  const target = targetNamed("x86_64");
  const program = (name: string): Promise<string> => ensureCProgram(`test/bench/${name}.c`, target, join(outDir, "bench", name));
  const payload = await ensureCProgram("build/payload.c", target, join(outDir, "bench", "payload"));
  return { wherry: await ensureBinary(target), floor: await program("floor"), stopwatch: await program("stopwatch"), payload };
}

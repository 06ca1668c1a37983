/**
 * The second engine: esbuild makes one JavaScript file of a program, porffor
 * makes C of it, gcc a binary. Only reported; no stage of it may stop a run.
 */
import { join } from "node:path";
import { buildSync } from "esbuild";
import { root } from "../places.ts";
import { runResultAsync } from "../run.ts";
import type { Verdict } from "./verdict.ts";

const STAGE_TIMEOUT_MS = 300_000;

/** Binary of the program, or the verdict on why there is none. */
export async function compileWithPorffor(file: string, workDir: string): Promise<{ binary: string } | { verdict: Verdict }> {
  const [js, c, binary] = [join(workDir, "porffor.js"), join(workDir, "porffor.c"), join(workDir, "porffor")];
  try {
    buildSync({ entryPoints: [file], outfile: js, bundle: true, format: "esm", platform: "node", logLevel: "silent" });
  } catch {
    return { verdict: "refused" };
  }
  const stage = async (cmd: string, args: string[]): Promise<boolean> => (await runResultAsync(cmd, args, { timeout: STAGE_TIMEOUT_MS, killSignal: "SIGKILL" })).status === 0;
  if (!await stage(join(root, "node_modules/.bin/porf"), ["c", "--module", js, "-o", c])) return { verdict: "refused" };
  return await stage("gcc", ["-Os", "-w", "-s", c, "-o", binary, "-lm"]) ? { binary } : { verdict: "broken" };
}

/**
 * The second engine: esbuild makes one JavaScript file of a program, porffor
 * makes C of it, gcc a binary. Only reported; no stage of it may stop a run.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { root } from "../places.ts";
import type { Verdict } from "./verdict.ts";

const STAGE_TIMEOUT_MS = 60_000;

/** Binary of the program, or the verdict on why there is none. */
export function compileWithPorffor(file: string, workDir: string): { binary: string } | { verdict: Verdict } {
  const [js, c, binary] = [join(workDir, "porffor.js"), join(workDir, "porffor.c"), join(workDir, "porffor")];
  try {
    buildSync({ entryPoints: [file], outfile: js, bundle: true, format: "esm", platform: "node", logLevel: "silent" });
  } catch {
    return { verdict: "refused" };
  }
  const stage = (cmd: string, args: string[]): boolean => spawnSync(cmd, args, { stdio: "ignore", timeout: STAGE_TIMEOUT_MS }).status === 0;
  if (!stage(join(root, "node_modules/.bin/porf"), ["c", "--module", js, "-o", c])) return { verdict: "refused" };
  return stage("gcc", ["-Os", "-w", "-s", c, "-o", binary, "-lm"]) ? { binary } : { verdict: "broken" };
}

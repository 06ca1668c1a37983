/**
 * Runs programs for the tools. A failure carries the command, its status and
 * what it wrote, and is thrown; nothing is retried or hidden.
 */
import { spawn, spawnSync } from "node:child_process";

export type RunOptions = { cwd?: string; env?: NodeJS.ProcessEnv; input?: string | Buffer; timeout?: number; killSignal?: NodeJS.Signals };
export type RunResult = { status: number; signal: string | null; stdout: string; stderr: string };

/** Runs to the end and returns what happened, whatever it was. Throws only when the program can't be started. */
export function runResult(cmd: string, args: string[], options: RunOptions = {}): RunResult {
  const r = spawnSync(cmd, args, { encoding: "utf8", maxBuffer: 1 << 28, ...options });
  if (r.error !== undefined) throw new Error(`${cmd}: ${r.error.message}`);
  return { status: r.status ?? -1, signal: r.signal, stdout: r.stdout, stderr: r.stderr };
}

/** Runs to the end and returns stdout; any other status than 0 throws. */
export function run(cmd: string, args: string[], options: RunOptions = {}): string {
  const r = runResult(cmd, args, options);
  if (r.status !== 0) throw new Error(`${cmd} ${args.join(" ")}\nstatus ${r.status} ${r.signal ?? ""}\n${r.stderr}${r.stdout}`);
  return r.stdout;
}

/** As runResult(), without blocking this process: for work that two cores can share. Refuses only when the program can't be started. */
export function runResultAsync(cmd: string, args: string[], options: Omit<RunOptions, "input"> = {}): Promise<RunResult> {
  return new Promise((done, refuse) => {
    const p = spawn(cmd, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    p.stdout.setEncoding("utf8").on("data", (d: string) => { stdout += d; });
    p.stderr.setEncoding("utf8").on("data", (d: string) => { stderr += d; });
    p.on("error", (e) => refuse(new Error(`${cmd}: ${e.message}`)));
    p.on("close", (status, signal) => done({ status: status ?? -1, signal, stdout, stderr }));
  });
}

/** As run(), without blocking this process. */
export async function runAsync(cmd: string, args: string[], options: Omit<RunOptions, "input"> = {}): Promise<string> {
  const r = await runResultAsync(cmd, args, options);
  if (r.status !== 0) throw new Error(`${cmd} ${args.join(" ")}\nstatus ${r.status} ${r.signal ?? ""}\n${r.stderr}${r.stdout}`);
  return r.stdout;
}

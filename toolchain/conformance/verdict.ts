/**
 * What an engine made of a program, compared with Node. Pure.
 */
import type { RunResult } from "../run.ts";

/**
 * right: the same bytes on stdout and the same exit status. refused: not
 * compiled, and said so. broken: compiled to something that the next tool
 * can't take. crash: ended by a signal.
 */
export type Verdict = "right" | "refused" | "broken" | "wrong" | "crash" | "timeout";

/** A finished run; `timedOut` by us. */
export type Ran = Pick<RunResult, "status" | "signal" | "stdout"> & { timedOut: boolean };

export function judge(expected: Ran, got: Ran): Verdict {
  if (got.timedOut) return "timeout";
  if (got.signal !== null) return "crash";
  return got.status === expected.status && got.stdout === expected.stdout ? "right" : "wrong";
}

/** Where two outputs part, for a person. */
export function firstDifference(expected: Ran, got: Ran): string {
  const a = expected.stdout.split("\n");
  const b = got.stdout.split("\n");
  const at = a.findIndex((line, i) => line !== b[i]);
  if (at < 0 && a.length >= b.length) return `status ${got.status ?? got.signal}, wanted ${expected.status}`;
  const line = at < 0 ? a.length : at;
  return `line ${line + 1} is ${JSON.stringify(b[line] ?? "missing")}, wanted ${JSON.stringify(a[line] ?? "nothing")}`;
}

/**
 * Programs that scriptc compiles to something that differs from Node, and why
 * that is accepted. Nothing else may differ; one that no longer does must
 * leave this list.
 */
export const KNOWN_DIFFERENCES: Record<string, string> = {
  "record-wider": "a wider record passed as a narrower type is copied; src/ treats records as values",
  "bytes-out-of-range": "a typed-array index out of range ends the program; src/ checks bounds where bytes come from outside",
  "exception-union-thrown": "a value of a union type that is thrown arrives as an object; src/ throws errors only",
};

export type ScriptcTarget = "x86_64" | "armv7" | "aarch64";
export type Verdicts = Record<ScriptcTarget, Verdict>;

/** What must hold of a program's verdicts; one line a problem. `committed`: those of the written table, if it has the program. */
export function problemsOf(program: string, now: Verdicts, committed: Verdicts | undefined): string[] {
  const problems: string[] = [];
  for (const t of ["x86_64", "armv7", "aarch64"] as const) {
    const known = program in KNOWN_DIFFERENCES;
    if (now[t] !== "right" && now[t] !== "refused" && !known) problems.push(`${program}: ${now[t]} on ${t}`);
    if (now[t] === "right" && known) problems.push(`${program}: is right on ${t} now: take it off the known differences`);
    if (committed === undefined || committed[t] === now[t]) continue;
    problems.push(`${program}: ${now[t]} on ${t}, ${committed[t]} in toolchain/engines.md: look why, then npm run engines -- --write`);
  }
  if (committed === undefined) problems.push(`${program}: not in toolchain/engines.md; npm run engines -- --write`);
  return problems;
}

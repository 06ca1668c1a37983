/** toolchain/engines.md: written from a full run, read back by CI. Pure. */
import { KNOWN_DIFFERENCES, type Verdict, type Verdicts } from "./verdict.ts";

/** Of one engine's binary: bytes of the file, peak of resident memory, CPU time. 0 where nothing ran. */
export type Cost = { sizeBytes: number; rssKb: number; ms: number };

export type Row = {
  program: string;
  says: string;
  scriptc: Verdicts;
  /** First diagnostic code of a refusal, else "". */
  refusal: string;
  porffor: Verdict;
  node: Cost;
  native: Cost;
  armv7Bytes: number;
  porfforCost: Cost;
};

const VERDICTS: Verdict[] = ["right", "refused", "wrong", "crash", "timeout", "broken"];

function kb(bytes: number): string {
  return bytes === 0 ? "" : String(Math.round(bytes / 1024));
}

function megabytes(rssKb: number): string {
  return rssKb === 0 ? "" : (rssKb / 1024).toFixed(1);
}

function ms(n: number): string {
  return n === 0 ? "" : n < 10 ? n.toFixed(1) : n.toFixed(0);
}

function median(values: number[]): number {
  const sorted = [...values].filter((v) => v > 0).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function count(rows: Row[], verdictOf: (r: Row) => Verdict): string {
  return VERDICTS.map((v) => String(rows.filter((r) => verdictOf(r) === v).length)).join(" | ");
}

function costs(of: Cost[]): string {
  return `${kb(median(of.map((c) => c.sizeBytes)))} | ${megabytes(median(of.map((c) => c.rssKb)))} | ${ms(median(of.map((c) => c.ms)))}`;
}

function line(r: Row): string {
  const cells = [
    r.program, r.says, r.scriptc.x86_64, r.scriptc.armv7, r.scriptc.aarch64, r.porffor, r.refusal,
    kb(r.armv7Bytes), kb(r.native.sizeBytes), kb(r.porfforCost.sizeBytes),
    megabytes(r.node.rssKb), megabytes(r.native.rssKb), megabytes(r.porfforCost.rssKb),
    ms(r.node.ms), ms(r.native.ms), ms(r.porfforCost.ms),
  ];
  return `| ${cells.map((c) => c.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** `versions`: one line each, of what was compared. */
export function formatTable(rows: Row[], versions: string[]): string {
  return `# Engines

The same small programs, one feature of the language or the library each, under Node and through the compilers that
could ship. scriptc must agree with Node byte for byte on stdout and exit status, on all three machines, or refuse at
compile time; what porffor does is only reported (its colours, which it prints to files as well, are taken off). Written by \`npm run engines -- --write\`; CI runs the scriptc columns
and fails on a disagreement or when a verdict differs from this table.

${versions.map((v) => `- ${v}`).join("\n")}

## Summary

| engine | ${VERDICTS.join(" | ")} | size KB | peak RSS MB | ms |
| --- |${" ---: |".repeat(VERDICTS.length + 3)}
| Node | ${count(rows, () => "right")} | ${costs(rows.map((r) => r.node))} |
| scriptc x86_64 | ${count(rows, (r) => r.scriptc.x86_64)} | ${costs(rows.map((r) => r.native))} |
| scriptc armv7 | ${count(rows, (r) => r.scriptc.armv7)} | ${kb(median(rows.map((r) => r.armv7Bytes)))} | | |
| scriptc aarch64 | ${count(rows, (r) => r.scriptc.aarch64)} | | | |
| porffor | ${count(rows, (r) => r.porffor)} | ${costs(rows.map((r) => r.porfforCost))} |

Sizes, memory and times are medians over the programs that ran. scriptc: the flags that ship, static against musl,
stripped. porffor: gcc -Os, dynamic against glibc, stripped. Times are CPU milliseconds of one whole process, the least
of three, on the machine that wrote this.

## Known differences of scriptc

${Object.entries(KNOWN_DIFFERENCES).map(([program, why]) => `- ${program}: ${why}`).join("\n")}

## Programs

| program | shows | x86_64 | armv7 | aarch64 | porffor | refusal | KB armv7 | KB x86_64 | KB porffor | MB node | MB scriptc | MB porffor | ms node | ms scriptc | ms porffor |
| --- | --- | --- | --- | --- | --- | --- |${" ---: |".repeat(9)}
${rows.map(line).join("\n")}
`;
}

/** Verdicts of the scriptc columns by program. */
export function parseTable(text: string): Map<string, Verdicts> {
  const found = new Map<string, Verdicts>();
  for (const row of text.split("\n")) {
    const c = row.split(/(?<!\\)\|/).map((s) => s.trim());
    if (c.length !== 18 || !(VERDICTS as string[]).includes(c[3]!)) continue;
    found.set(c[1]!, { x86_64: c[3] as Verdict, armv7: c[4] as Verdict, aarch64: c[5] as Verdict });
  }
  return found;
}

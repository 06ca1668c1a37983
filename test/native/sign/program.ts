/**
 * Compiled by ../sign.test.ts: one question a line on stdin, one JSON answer a
 * line on stdout. Fields are separated by tabs; a state is given in hex, so
 * that a test can flip any bit of it.
 *   sign  MODE WHEN OEM GUARD COMMITTED TRUST-DIR STATE-HEX
 *   files TRAIL-DIR OBJECTS-DIR HANDLERS STATE-HEX
 */
import { loadTrust } from "../../../src/sign/apply.ts";
import { verifyState } from "../../../src/sign/check.ts";
import { planChecksums } from "../../../src/sign/checksum.ts";
import { checkFiles } from "../../../src/sign/checksum_apply.ts";
import type { DowngradePolicy } from "../../../src/sign/downgrade.ts";
import type { Mode } from "../../../src/sign/verdict.ts";
import { parseState, usualOptions } from "../../../src/state/parse.ts";
import { readFd } from "../../../src/sys/files.ts";
import { fromUtf8 } from "../../../src/sys/text.ts";

function fromHex(text: string): Uint8Array {
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

const GUARDS: DowngradePolicy[] = ["off", "warn", "refuse"];
const MODES: Mode[] = ["disabled", "audit", "lenient", "strict"];

function answerSign(f: string[]): string {
  const mode = MODES.find((m) => m === f[1]);
  if (mode === undefined) throw new Error(`no mode ${f[1] ?? ""}`);
  const trust = loadTrust(f[6]!, "ca-certificates", "ca-oem-certificates", f[3]!);
  const answer = verifyState(fromHex(f[7]!), trust, { mode, when: Number(f[2]), downgrade: GUARDS.find((g) => g === f[4]) ?? "off", committed: Number(f[5]) });
  return JSON.stringify({
    ok: answer.verdict.ok, message: answer.verdict.message, reasons: answer.verdict.reasons, warnings: answer.verdict.warnings,
    results: answer.results, uncovered: answer.uncovered, rollbackIndex: answer.rollbackIndex,
  });
}

function answerFiles(f: string[]): string {
  const bytes = fromHex(f[4]!);
  const checked = parseState(bytes, usualOptions());
  if (!checked.ok) return JSON.stringify({ state: checked.problems });
  const plan = planChecksums(checked.state, f[3] === "1");
  const result = checkFiles(plan, bytes, f[1]!, f[2]!);
  return JSON.stringify({ problems: result.problems, missing: result.missing, skipped: plan.skipped });
}

for (const line of fromUtf8(readFd(0, 268435456, "stdin")).split("\n")) {
  if (line === "") continue;
  const fields = line.split("\t");
  console.log(fields[0] === "files" ? answerFiles(fields) : answerSign(fields));
}

/**
 * The whole question in one call: may a revision with this text run, as far
 * as signatures go? Asked before the state is parsed. Puts plan, checks and
 * verdict together; holds no rule of its own.
 */
import { checkSignatures } from "./apply.ts";
import { readRollbackClaim } from "./document.ts";
import { checkDowngrade, effectiveIndex, type DowngradePolicy } from "./downgrade.ts";
import { planSignatures } from "./plan.ts";
import { findMember, readStateText, type StateText } from "./state_text.ts";
import type { Trust } from "./trust.ts";
import { judge, SIGNATURE_FAILED, type Mode, type SignatureResult, type Verdict } from "./verdict.ts";

/** `when`: see dates.ts. `committed`: highest rollback index of a committed revision, 0 when there is none. */
export type SignatureOptions = { mode: Mode; when: number; downgrade: DowngradePolicy; committed: number };

export type StateSignatures = {
  verdict: Verdict;
  results: SignatureResult[];
  /** Keys that no signature covers. */
  uncovered: string[];
  /** Oddities for the log. */
  notes: string[];
  /** What the committed index becomes if this revision is committed and it is higher. */
  rollbackIndex: number;
};

function withoutLooking(verdict: Verdict): StateSignatures {
  return { verdict, results: [], uncovered: [], notes: [], rollbackIndex: 0 };
}

/** Checks the text of a state. Throws only what our own mistakes cause. */
export function verifyState(bytes: Uint8Array, trust: Trust, options: SignatureOptions): StateSignatures {
  return options.mode === "disabled" ? withoutLooking(judge(options.mode, [], [], "off", "")) : verifyStateText(readStateText(bytes), trust, options);
}

/** As verifyState(), of a text that was read already: see stateTextOf(). */
export function verifyStateText(state: StateText, trust: Trust, options: SignatureOptions): StateSignatures {
  if (options.mode === "disabled") return withoutLooking(judge(options.mode, [], [], "off", ""));
  if (state.why !== "") return withoutLooking({ ok: false, message: SIGNATURE_FAILED, reasons: [state.why], warnings: [] });
  const plan = planSignatures(state);
  const results = checkSignatures(plan, state, trust, options.when);
  const device = findMember(state, "device.json");
  const deviceSigned = device >= 0 && plan.tasks.some((task, i) => results[i]!.why === "" && task.included.includes(device));
  const claim = readRollbackClaim(state, device);
  const downgrade = checkDowngrade(options.downgrade, claim, deviceSigned, options.committed);
  return {
    verdict: judge(options.mode, results, plan.uncovered, options.downgrade, downgrade),
    results,
    uncovered: plan.uncovered,
    notes: plan.notes,
    rollbackIndex: effectiveIndex(claim, deviceSigned),
  };
}

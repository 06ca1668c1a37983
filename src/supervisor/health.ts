/**
 * Health of a container: when results of a check count as a failure, and by
 * which step of a ladder a failure is answered. Decides only; times come in.
 * Rules: docs/state-wherry.md "Health".
 */
import type { FailureAction, FailureStep, HealthCheck } from "../state/model.ts";

/** Results of one check so far. misses: in a row. */
export type CheckRecord = { misses: number; status: "unknown" | "healthy" | "failing"; why: string };

export function newRecord(): CheckRecord {
  return { misses: 0, status: "unknown", why: "" };
}

/** failed: with this result the container has failed once more. */
export type Counted = { record: CheckRecord; failed: boolean };

/** Counts one result. early: still within start_delay, where failures do not count. */
export function countResult(c: HealthCheck, r: CheckRecord, ok: boolean, why: string, early: boolean): Counted {
  if (ok) return { record: { misses: 0, status: "healthy", why: "" }, failed: false };
  if (early) return { record: r, failed: false };
  const misses = r.misses + 1;
  if (misses < c.retries) return { record: { misses, status: r.status, why }, failed: false };
  return { record: { misses: 0, status: "failing", why }, failed: true };
}

const STEP_WORDS = ["container", "group", "rollback", "reboot"];
const STEP_ACTIONS: FailureAction[] = ["restart", "restart-group", "rollback", "reboot"];

/** The ladder of the configuration: its words by commas; restarts are tried `times` each. */
export function configuredLadder(words: string, times: number): FailureStep[] {
  const steps: FailureStep[] = [];
  for (const word of words.split(",")) {
    const at = STEP_WORDS.indexOf(word.trim());
    if (at >= 0) steps.push({ action: STEP_ACTIONS[at]!, times: at < 2 ? times : 1 });
  }
  return steps;
}

/** What answers failure number `failures` (1 is the first): the last step for good. Null without any step. */
export function answerTo(ladder: FailureStep[], failures: number): FailureAction | null {
  let left = failures;
  for (const s of ladder) {
    if (left <= s.times) return s.action;
    left -= s.times;
  }
  return ladder.length === 0 ? null : ladder[ladder.length - 1]!.action;
}

/** Whether every step has been tried as often as it may: nothing else helps any more. */
export function isSpent(ladder: FailureStep[], failures: number): boolean {
  let steps = 0;
  for (const s of ladder) steps += s.times;
  return failures >= steps;
}

const QUIET_MS = 600000;

/** How long a container must not have failed to begin at the first step again: its reset window, ten minutes without one, never less than a few failures take. */
export function quietWindowMs(c: HealthCheck, resetWindowSeconds: number): number {
  const own = resetWindowSeconds > 0 ? resetWindowSeconds * 1000 : QUIET_MS;
  return Math.max(own, 3 * (c.startDelayMs + c.retries * (c.intervalMs + c.timeoutMs)));
}

/** Number of the failure that happens now. sinceLastMs: since the one before. */
export function failureNumber(before: number, sinceLastMs: number, quietMs: number): number {
  return before === 0 || sinceLastMs > quietMs ? 1 : before + 1;
}

/**
 * What follows when a container has ended: stay stopped, try again after a
 * delay, or give up. Decides only; times come in as facts. Rules: state
 * format spec "auto_recovery", runtime spec "Status, goals, recovery".
 */

import type { AutoRecovery } from "../state/model.ts";

export type EndFacts = {
  /** Someone asked for the stop through the API. */
  userStopped: boolean;
  /** The supervisor stopped it on its own account and wants it gone (update, shutdown). */
  discarded: boolean;
  /** Ended by itself with status 0. */
  succeeded: boolean;
  /** It ended before its program ran: mounting or starting was refused. */
  neverStarted: boolean;
  retries: number;
  upSeconds: number;
  /** An update is being tried: nothing is waited for. */
  duringUpdate: boolean;
};

/** recover: after `delaySeconds`, with `retries` counted so far. fail: by the device's ladder (roll back, reboot). */
export type Verdict =
  | { kind: "stay"; why: string }
  | { kind: "recover"; delaySeconds: number; retries: number; why: string }
  | { kind: "fail"; why: string };

export function afterEnd(rules: AutoRecovery, facts: EndFacts): Verdict {
  if (facts.discarded) return { kind: "stay", why: "stopped by the manager" };
  if (facts.userStopped) return { kind: "stay", why: "stopped on request" };
  if (rules.policy === "no") return { kind: "fail", why: "no recovery policy" };
  if (rules.policy === "on-failure" && facts.succeeded && !facts.neverStarted) return { kind: "stay", why: "ended with status 0, policy on-failure" };

  const reset = rules.resetWindow > 0 && facts.upSeconds > rules.resetWindow;
  const retries = reset ? 0 : facts.retries;
  if (rules.maxRetries > 0 && retries >= rules.maxRetries) return exhausted(rules, facts);
  const next = retries + 1;
  return { kind: "recover", delaySeconds: retryDelay(rules, next), retries: next, why: `retry ${next}${rules.maxRetries > 0 ? ` of ${rules.maxRetries}` : ""}` };
}

function exhausted(rules: AutoRecovery, facts: EndFacts): Verdict {
  const why = `${rules.maxRetries} retries used`;
  if (facts.duringUpdate || rules.backoff === "reboot") return { kind: "fail", why };
  if (rules.backoff === "never") return { kind: "stay", why };
  return { kind: "recover", delaySeconds: rules.backoffSeconds, retries: 0, why: `${why}, next round` };
}

/** Seconds before retry n (1 is the first): retryDelay × factor^(n−1), cut to whole seconds; a factor of 1 or less does not grow. */
export function retryDelay(rules: AutoRecovery, n: number): number {
  if (rules.backoffFactor <= 1) return rules.retryDelay;
  let delay = rules.retryDelay;
  for (let i = 1; i < n && delay < 86400 * 365; i++) delay = delay * rules.backoffFactor;
  return Math.floor(delay);
}

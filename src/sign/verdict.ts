/**
 * What the results of all signatures mean for a revision, by mode. Decides
 * only; the texts are those that clients and the hub already know.
 * Rules: state format, "Signatures" (modes) and "Validation and errors".
 */
import type { DowngradePolicy } from "./downgrade.ts";

/** PV_SECUREBOOT_MODE. */
export type Mode = "disabled" | "audit" | "lenient" | "strict";

/** One signature document: `at` is its key in the state, `why` is "" when it verified. */
export type SignatureResult = {
  at: string;
  why: string;
  /** `alg` of its header, "" when that couldn't be read. */
  algorithm: string;
  /** What vouched for it: name of a trust store, or "pub.pem"; "" when nothing did. */
  trustedBy: string;
  /** Leaf certificate's common name, "" without certificates. */
  signer: string;
  /** Not the signature's fault: memory or files of this device. */
  internal: boolean;
};

/** May the revision run? `message` ("" when it may) goes to clients, `reasons` to the log. */
export type Verdict = {
  ok: boolean;
  message: string;
  reasons: string[];
  /** Went on all the same: uncovered keys in audit mode, a downgrade that is only warned of. */
  warnings: string[];
};

export const SIGNATURE_FAILED = "Signature validation failed";
export const NOT_COVERED = "State not fully covered by signatures";
export const DOWNGRADE = "State is older than the committed one";
export const INTERNAL_ERROR = "Internal error";

/** Uncovered keys that a reason names; the rest is counted. */
const NAMED_KEYS = 5;

function uncoveredReason(uncovered: string[]): string {
  const named = uncovered.slice(0, NAMED_KEYS).join(", ");
  const rest = uncovered.length - NAMED_KEYS;
  return `not covered by any signature: ${named}${rest > 0 ? ` and ${String(rest)} more` : ""}`;
}

/**
 * The verdict of a mode on its results. `downgrade`: what the downgrade guard
 * has against the state, "" for nothing. Disabled: nothing is looked at.
 */
export function judge(mode: Mode, results: SignatureResult[], uncovered: string[], policy: DowngradePolicy, downgrade: string): Verdict {
  if (mode === "disabled") return { ok: true, message: "", reasons: [], warnings: [] };
  const reasons: string[] = [];
  const warnings: string[] = [];
  let message = "";
  for (const r of results) {
    if (r.why === "") continue;
    reasons.push(`${r.at}: ${r.why}`);
    message = r.internal && message === "" ? INTERNAL_ERROR : SIGNATURE_FAILED;
  }
  if (uncovered.length > 0 && mode === "audit") warnings.push(uncoveredReason(uncovered));
  if (uncovered.length > 0 && mode === "strict") {
    reasons.push(uncoveredReason(uncovered));
    if (message === "") message = NOT_COVERED;
  }
  if (downgrade !== "" && policy === "warn") warnings.push(downgrade);
  if (downgrade !== "" && policy === "refuse") {
    reasons.push(downgrade);
    if (message === "") message = DOWNGRADE;
  }
  return { ok: message === "", message, reasons, warnings };
}

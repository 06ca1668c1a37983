/**
 * The downgrade guard: a device that has committed a revision refuses one with
 * a smaller rollback index, however well it is signed. Decides only; update/
 * keeps the committed index.
 * Rules: docs/signatures.md, "Downgrade guard".
 */

/** WHERRY_SECUREBOOT_DOWNGRADE. */
export type DowngradePolicy = "off" | "warn" | "refuse";

/** Largest index: all three machines and JSON readers hold it exactly. */
export const MOST_ROLLBACK_INDEX = 2147483647;

/** What a state says: `index` is 0 when it says nothing; `problem` when it says something that is no index. */
export type RollbackClaim = {
  index: number;
  problem: string;
};

/**
 * The index a state counts with: what `device.json` claims, if a verified
 * signature includes that file; else 0, since anyone could have written it.
 */
export function effectiveIndex(claim: RollbackClaim, deviceSigned: boolean): number {
  return deviceSigned && claim.problem === "" ? claim.index : 0;
}

/** What speaks against the state, or "". `committed`: highest index of a committed revision, 0 when there is none. */
export function checkDowngrade(policy: DowngradePolicy, claim: RollbackClaim, deviceSigned: boolean, committed: number): string {
  if (policy === "off") return "";
  if (claim.problem !== "") return claim.problem;
  const index = effectiveIndex(claim, deviceSigned);
  if (index >= committed) return "";
  const unsigned = deviceSigned ? "" : " (no verified signature includes device.json, so its index counts as 0)";
  return `rollback index ${String(index)} is below the committed ${String(committed)}${unsigned}`;
}

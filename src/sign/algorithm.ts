/**
 * Signature algorithms a header may name, as rows, and which keys are strong
 * enough. The kind of the key must be the algorithm's: existing devices only
 * take the hash from it.
 * Rules: state format, "Protected header"; RFC 7518 section 3.1.
 */

export type Algorithm = { name: string; keyKind: "RSA" | "EC"; hashBits: number };

const ALGORITHMS: Algorithm[] = [
  { name: "RS256", keyKind: "RSA", hashBits: 256 },
  { name: "ES256", keyKind: "EC", hashBits: 256 },
  { name: "ES384", keyKind: "EC", hashBits: 384 },
  { name: "ES512", keyKind: "EC", hashBits: 512 },
];

/** Smallest RSA key that is trusted; the curves that are built in are all strong enough. */
export const LEAST_RSA_BITS = 2048;

/** The algorithm of that name, or null. */
export function algorithmNamed(name: string): Algorithm | null {
  return ALGORITHMS.find((a) => a.name === name) ?? null;
}

/** Why a key can't be used with the algorithm, or "". */
export function checkKey(algorithm: Algorithm, kind: "RSA" | "EC", bits: number): string {
  if (kind !== algorithm.keyKind) return `${algorithm.name} needs ${algorithm.keyKind === "RSA" ? "an RSA" : "an EC"} key and this one is ${kind}`;
  if (kind === "RSA" && bits < LEAST_RSA_BITS) return `RSA key of ${String(bits)} bits; at least ${String(LEAST_RSA_BITS)} are needed`;
  return "";
}

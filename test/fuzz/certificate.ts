/**
 * One fuzzed input for the crypto shim: bytes that arrive as a certificate, a
 * key or a signature. Everything is refused or answered, never more; the
 * sanitizers watch the C underneath. Seeds: DER of certificates and keys.
 */
import { commonNameOf, describeKey, keyOfCertificate, verifyChain, verifySignature } from "../../src/sys/crypto.ts";

/** Self-signed, so that a chain to itself is walked: the input is chain and, as PEM would be, anchor. */
const NO_ANCHORS = new TextEncoder().encode("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");

/** Runs one input; returns how many of the readers took it. */
export function fuzzCertificate(input: Uint8Array): number {
  let taken = 0;
  if (describeKey(input).kind !== "") taken += 1;
  if (commonNameOf(input) !== null) taken += 1;
  const key = keyOfCertificate(input);
  if (key !== null) taken += 1;
  const half = Math.floor(input.length / 2);
  verifySignature(key ?? input, 256, new Uint8Array(32), input.slice(half));
  if (verifyChain(input, 1, NO_ANCHORS, -1).flags === 0 || verifyChain(input, 2, input, 0).flags === 0) throw new Error("finding: a chain without trust verified");
  return taken;
}

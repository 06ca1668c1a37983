/**
 * What the checks of a certificate chain say, in words, and how much of a
 * chain is looked at. Bits are mbedTLS's MBEDTLS_X509_BADCERT_*.
 */

/** Certificates in one `x5c`: leaf, eight between, anchor. */
export const MOST_CERTIFICATES = 10;

/** Bytes of one certificate. Real ones take one to two thousand. */
export const MOST_CERTIFICATE_BYTES = 16384;

type Fault = { bit: number; says: string };

const FAULTS: Fault[] = [
  { bit: 0x01, says: "expired" },
  { bit: 0x08, says: "not vouched for by the trust store" },
  { bit: 0x0200, says: "not yet valid" },
  { bit: 0x0800, says: "not allowed to sign certificates" },
  { bit: 0x4000, says: "signed with a hash that is not trusted" },
  { bit: 0x8000, says: "signed with a kind of key that is not trusted" },
  { bit: 0x010000, says: "its key or its issuer's is too short or of a kind that is not trusted" },
];

/** Positive mbedTLS flags as words; `place` is that of the certificate in the chain, 0 for the leaf. */
export function describeFlags(flags: number, place: number): string {
  const said: string[] = [];
  for (const f of FAULTS) {
    if (Math.floor(flags / f.bit) % 2 === 1) said.push(f.says);
  }
  const words = said.length > 0 ? said.join(", ") : `refused (flags ${String(flags)})`;
  return place === 0 ? `leaf certificate: ${words}` : `certificate ${String(place)} above the leaf: ${words}`;
}

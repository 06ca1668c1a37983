/// <reference path="./sys.d.ts" />
/**
 * Hashes, signatures and certificates. What a caller's bytes can cause is
 * returned as -errno (see crypto.c for their meaning); a file that can't be
 * read throws SysError. Which keys and stores are trusted is decided in sign/.
 */
import { checked } from "./error.ts";
import { hexOfBytes } from "./text.ts";

const SHA256_STATE_BYTES = 128;
const SHA256_BYTES = 32;

/** SHA-256 of what arrives piece by piece. One value, used once. */
export class Sha256 {
  private readonly state: Uint8Array;
  constructor() {
    this.state = new Uint8Array(SHA256_STATE_BYTES);
    checked(sys_sha256_begin(this.state), "sha256", "");
  }
  update(data: Uint8Array, offset: number, length: number): void {
    checked(sys_sha256_update(this.state, data, offset, length), "sha256", "");
  }
  /** The hash as 64 lower-case hex digits. */
  finish(): string {
    const out = new Uint8Array(SHA256_BYTES);
    checked(sys_sha256_finish(this.state, out), "sha256", "");
    return hexOfBytes(out);
  }
}

/** SHA-256 of a buffer in hex. */
export function sha256Of(data: Uint8Array): string {
  const h = new Sha256();
  h.update(data, 0, data.length);
  return h.finish();
}

/** SHA-256 in hex of what is left to read from a descriptor; `path` is for the error. */
export function sha256OfFd(fd: number, path: string): string {
  const out = new Uint8Array(SHA256_BYTES);
  checked(sys_sha256_fd(fd, out), "read", path);
  return hexOfBytes(out);
}

/** SHA-256, -384 or -512 (`bits`) of `head` "." base64url(`payload`): what a JWS signs. */
export function jwsDigest(bits: number, head: Uint8Array, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(bits / 8);
  checked(sys_jws_digest(bits, head, payload, out), "hash", "");
  return out;
}

/** A public key's kind and size; kind "" with `refused` (positive errno) when there is none to read. */
export type KeyKind = { kind: "RSA" | "EC" | ""; bits: number; refused: number };

/** Kind of a public key in DER (SubjectPublicKeyInfo) or PEM. */
export function describeKey(key: Uint8Array): KeyKind {
  const out = new Uint8Array(1);
  const r = sys_pk_describe(key, out);
  if (r < 0) return { kind: "", bits: 0, refused: -r };
  return { kind: out[0] === 1 ? "RSA" : "EC", bits: r, refused: 0 };
}

/** 0 when the signature of the digest (SHA-`bits`) was made with the key's other half, else -errno. */
export function verifySignature(key: Uint8Array, bits: number, digest: Uint8Array, signature: Uint8Array): number {
  return sys_pk_verify(key, bits, digest, signature);
}

/** `flags`: 0 for a trusted chain, MBEDTLS_X509_BADCERT_* bits, or -errno. `place`: in the chain, of the one at fault nearest the leaf. */
export type ChainVerdict = { flags: number; place: number };

/** Checks the first certificate of `chain` (DER, `count` of them) against `anchors` (PEM). `when` in seconds; negative: dates don't count. */
export function verifyChain(chain: Uint8Array, count: number, anchors: Uint8Array, when: number): ChainVerdict {
  const out = new Uint8Array(1);
  const flags = sys_x509_verify(chain, count, anchors, when, out);
  return { flags, place: out[0]! };
}

/** Most bytes a public key or a common name may take. */
const FIELD_BYTES = 4096;

/** Public key (DER) of a certificate; null when it can't be read. */
export function keyOfCertificate(der: Uint8Array): Uint8Array | null {
  return field(der, true);
}

/** Last common name of a certificate's subject as it stands, empty if it has none; null when it can't be read. */
export function commonNameOf(der: Uint8Array): Uint8Array | null {
  return field(der, false);
}

function field(der: Uint8Array, key: boolean): Uint8Array | null {
  const out = new Uint8Array(FIELD_BYTES);
  const r = key ? sys_x509_key(der, out) : sys_x509_common_name(der, out);
  return r < 0 ? null : out.slice(0, r);
}

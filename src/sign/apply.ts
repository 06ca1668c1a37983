/**
 * Checks the signatures of a plan: certificates, keys, hashes. Effects are
 * reading the trust folder and calling the crypto shim; what the results mean
 * is verdict.ts.
 * Rules: state format, "Key and trust".
 */
import { commonNameOf, describeKey, jwsDigest, keyOfCertificate, verifyChain, verifySignature } from "../sys/crypto.ts";
import { ELOOP, EKEYREJECTED, ENOKEY, ENOMEM, errnoName } from "../sys/errno.ts";
import { reason } from "../sys/error.ts";
import { readBytes } from "../sys/files.ts";
import { concatBytes } from "../sys/bytes.ts";
import { fromUtf8, toUtf8 } from "../sys/text.ts";
import { algorithmNamed, checkKey } from "./algorithm.ts";
import { describeFlags } from "./certificate.ts";
import { payloadOf } from "./payload.ts";
import type { SignaturePlan, SignatureTask } from "./plan.ts";
import { keysAt, type StateText } from "./state_text.ts";
import { chooseStore, type Trust, type TrustFile } from "./trust.ts";
import type { SignatureResult } from "./verdict.ts";

/** A bundle of all public authorities has 200 to 300 KB. */
const MOST_STORE_BYTES = 4194304;

function readTrustFile(dir: string, name: string): TrustFile {
  try {
    return { name, text: readBytes(`${dir}/${name}`, MOST_STORE_BYTES), why: "" };
  } catch (e) {
    return { name, text: new Uint8Array(0), why: reason(e) };
  }
}

/** Reads the trust folder. Names are base names without `.crt`; a file that can't be read is an error only for signatures that need it. */
export function loadTrust(dir: string, store: string, oemStore: string, oemName: string): Trust {
  return {
    store: readTrustFile(dir, `${store}.crt`),
    oemStore: readTrustFile(dir, `${oemStore}.crt`),
    publicKey: readTrustFile(dir, "pub.pem"),
    oemName,
  };
}

type Voucher = {
  key: Uint8Array;
  trustedBy: string;
  signer: string;
  why: string;
  internal: boolean;
};

function refused(why: string, internal: boolean, signer: string = ""): Voucher {
  return { key: new Uint8Array(0), trustedBy: "", signer, why, internal };
}

/** Chains already checked, so that a hundred signatures by one signer cost one chain. */
type KnownChains = Map<string, Voucher>;

function checkChain(chain: Uint8Array, count: number, store: TrustFile, when: number, signer: string): Voucher {
  if (store.why !== "") return refused(`trust store: ${store.why}`, false, signer);
  const verdict = verifyChain(chain, count, store.text, when);
  if (verdict.flags > 0) return refused(`${describeFlags(verdict.flags, verdict.place)} (${store.name})`, false, signer);
  if (verdict.flags === -ENOKEY) return refused(`trust store ${store.name} holds a certificate that can't be read`, false, signer);
  if (verdict.flags === -ELOOP) return refused("certificate chain is too long", false, signer);
  if (verdict.flags < 0) return refused(`certificate chain: ${errnoName(-verdict.flags)}`, verdict.flags === -ENOMEM, signer);
  const key = keyOfCertificate(chain);
  if (key === null) return refused("public key of the leaf certificate can't be read", false, signer);
  return { key, trustedBy: store.name, signer, why: "", internal: false };
}

function voucherOf(task: SignatureTask, keys: string[], trust: Trust, when: number, known: KnownChains): Voucher {
  const certificates = task.header.certificates;
  if (certificates.length === 0) {
    const file = trust.publicKey;
    if (file.why !== "") return refused(`public key: ${file.why}`, false);
    return { key: file.text, trustedBy: file.name, signer: "", why: "", internal: false };
  }
  const name = commonNameOf(certificates[0]!);
  if (name === null) return refused("leaf certificate can't be read", false);
  const signer = fromUtf8(name);
  const store = chooseStore(trust, signer, keys);
  const id = `${store.name}:${task.header.certificatesId}`;
  const before = known.get(id);
  if (before !== undefined) return before;
  const voucher = checkChain(concatBytes(certificates), certificates.length, store, when, signer);
  known.set(id, voucher);
  return voucher;
}

function checkOne(task: SignatureTask, state: StateText, trust: Trust, when: number, known: KnownChains): SignatureResult {
  const result = { at: task.at, why: task.why, algorithm: task.header.algorithm, trustedBy: "", signer: "", internal: false };
  const algorithm = algorithmNamed(task.header.algorithm);
  if (task.why !== "" || algorithm === null) return result;
  const voucher = voucherOf(task, keysAt(state, task.included), trust, when, known);
  result.signer = voucher.signer;
  result.internal = voucher.internal;
  result.why = voucher.why;
  if (voucher.why !== "") return result;
  const kind = describeKey(voucher.key);
  if (kind.kind === "") {
    result.why = `public key of ${voucher.trustedBy}: ${errnoName(kind.refused)}`;
    result.internal = kind.refused === ENOMEM;
    return result;
  }
  result.why = checkKey(algorithm, kind.kind, kind.bits);
  if (result.why !== "") return result;
  const digest = jwsDigest(algorithm.hashBits, toUtf8(task.head), payloadOf(state, task.included));
  const answer = verifySignature(voucher.key, algorithm.hashBits, digest, task.signature);
  if (answer === 0) {
    result.trustedBy = voucher.trustedBy;
    return result;
  }
  result.why = answer === -EKEYREJECTED ? "signature does not fit the state" : `signature: ${errnoName(-answer)}`;
  result.internal = answer === -ENOMEM;
  return result;
}

/** Results of all signatures of the plan, in its order. `when`: seconds to compare certificates' dates with; negative: dates don't count. */
export function checkSignatures(plan: SignaturePlan, state: StateText, trust: Trust, when: number): SignatureResult[] {
  const known: KnownChains = new Map<string, Voucher>();
  const results: SignatureResult[] = [];
  for (const task of plan.tasks) results.push(checkOne(task, state, trust, when, known));
  return results;
}

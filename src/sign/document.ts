/**
 * What sign/ reads of a state's members: signature documents, and the
 * rollback index in device.json. Everything else is the state room's.
 * Rules: state format, "Signatures" (Document); docs/signatures.md.
 */
import { Node } from "../json/value.ts";
import { MOST_ROLLBACK_INDEX, type RollbackClaim } from "./downgrade.ts";
import type { StateText } from "./state_text.ts";

/** `#spec` of a signature document. */
const SPEC = "pvs@2";

/** `head` is the text of its `protected` member, `signature` that of its `signature`. */
export type SignatureDocument = { head: string; signature: string };

/** The signature document at this place; null for any other value and for one with a member missing, which counts as none. */
export function readDocument(state: StateText, place: number): SignatureDocument | null {
  const value = new Node(state.document, state.members[place]!.value);
  if (value.getString("#spec", "") !== SPEC) return null;
  const head = value.get("protected");
  const signature = value.get("signature");
  if (head === null || signature === null || !head.isString() || !signature.isString()) return null;
  return { head: head.string(""), signature: signature.string("") };
}

/** What `device.json` (at this place; negative: there is none) says under `wherry.rollback_index`. */
export function readRollbackClaim(state: StateText, place: number): RollbackClaim {
  const wherry = place < 0 ? null : new Node(state.document, state.members[place]!.value).get("wherry");
  const index = wherry === null ? null : wherry.get("rollback_index");
  if (index === null) return { index: 0, problem: "" };
  const n = index.integer(-1);
  if (n >= 0 && n <= MOST_ROLLBACK_INDEX) return { index: n, problem: "" };
  return { index: 0, problem: `device.json .wherry.rollback_index: ${index.raw()} is not an integer from 0 to ${String(MOST_ROLLBACK_INDEX)}` };
}

/**
 * The text of a state as sign/ sees it: its top-level members, each with the
 * places of its key and value, since signatures are over these very bytes.
 */
import type { Document } from "../json/document.ts";
import { scan } from "../json/scanner.ts";
import { STATE_LIMITS } from "../state/parse.ts";

/** `keyStart..keyEnd` is between the quotes, as written; `key` is what that says. `value`: place in the document. */
export type StateMember = {
  key: string;
  keyStart: number;
  keyEnd: number;
  value: number;
  valueStart: number;
  valueEnd: number;
};

/** In document order. With `why` set the text can't be read, and there are no members. */
export type StateText = {
  why: string;
  bytes: Uint8Array;
  document: Document;
  members: StateMember[];
};

/** The members of a document that was read completely and is free of problems. */
export function stateTextOf(document: Document): StateText {
  const members: StateMember[] = [];
  const state: StateText = { why: "", bytes: document.bytes, document, members };
  if (document.count === 0 || document.kind(0) !== "object") return { ...state, why: "state is not an object" };
  const end = document.next(0);
  for (let k = 1; k < end; k = document.next(k + 1)) {
    members.push({
      key: document.text(k), keyStart: document.start(k) + 1, keyEnd: document.end(k) - 1,
      value: k + 1, valueStart: document.start(k + 1), valueEnd: document.end(k + 1),
    });
  }
  return state;
}

/** Reads the text of a state. */
export function readStateText(bytes: Uint8Array): StateText {
  const read = scan(bytes, STATE_LIMITS);
  if (read.ok) return stateTextOf(read.document);
  const p = read.problems[0]!;
  return { why: `state: line ${String(p.line)}, column ${String(p.column)}: ${p.why}`, bytes, document: read.document, members: [] };
}

/** Keys of the members at these places. */
export function keysAt(state: StateText, places: number[]): string[] {
  const keys: string[] = [];
  for (let i = 0; i < places.length; i++) keys.push(state.members[places[i]!]!.key);
  return keys;
}

/** Place of the member with that key, or -1. */
export function findMember(state: StateText, key: string): number {
  return state.members.findIndex((m) => m.key === key);
}

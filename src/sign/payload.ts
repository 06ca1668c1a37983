/**
 * The bytes a signature signs for a state: the included members as they stand
 * in the state's text, in its order, never written anew.
 * Rules: state format, "Signatures", "Payload".
 */
import type { StateText } from "./state_text.ts";

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Bytes added around a member: two quotes and a colon, a comma or brace, two quotes for a bare value. */
const AROUND_MEMBER = 6;

function isBare(first: number): boolean {
  return first !== OPEN_BRACE && first !== OPEN_BRACKET && first !== QUOTE;
}

/**
 * Payload of the members at these places (rising). Objects and arrays are
 * copied as they are, any other value between quotes. Nothing included gives
 * a lone brace, as on existing devices.
 */
export function payloadOf(state: StateText, included: number[]): Uint8Array {
  let most = 2;
  for (let i = 0; i < included.length; i++) {
    const m = state.members[included[i]!]!;
    most += m.keyEnd - m.keyStart + m.valueEnd - m.valueStart + AROUND_MEMBER;
  }
  const out = new Uint8Array(most);
  let at = 0;
  for (let i = 0; i < included.length; i++) {
    const m = state.members[included[i]!]!;
    out[at] = i === 0 ? OPEN_BRACE : COMMA;
    out[at + 1] = QUOTE;
    out.set(state.bytes.subarray(m.keyStart, m.keyEnd), at + 2);
    at += 2 + m.keyEnd - m.keyStart;
    out[at] = QUOTE;
    out[at + 1] = COLON;
    at += 2;
    const bare = isBare(state.bytes[m.valueStart]!);
    if (bare) out[at] = QUOTE;
    if (bare) at += 1;
    out.set(state.bytes.subarray(m.valueStart, m.valueEnd), at);
    at += m.valueEnd - m.valueStart;
    if (bare) out[at] = QUOTE;
    if (bare) at += 1;
  }
  out[at] = CLOSE_BRACE;
  return out.slice(0, at + 1);
}

/**
 * Which signatures a state carries, what each of them signs, and which keys
 * none of them covers. Decides only: apply.ts does the cryptography.
 * Rules: state format, "Signatures".
 */
import { indexKeys, selectKeys } from "./coverage.ts";
import { readDocument } from "./document.ts";
import { emptyHeader, parseHeader, type Header } from "./header.ts";
import type { StateText } from "./state_text.ts";

/** One signature document. With `why` set it can't verify and the rest is empty. */
export type SignatureTask = {
  /** Its key in the state. */
  at: string;
  why: string;
  /** `protected` as found. */
  head: string;
  header: Header;
  signature: Uint8Array;
  /** Places of the members it includes, rising. */
  included: number[];
};

export type SignaturePlan = {
  tasks: SignatureTask[];
  /** Keys outside `_sigs/` that no signature covers, in document order. */
  uncovered: string[];
  /** Oddities that change nothing, for the log: `at: what`. */
  notes: string[];
};

/** Most signature documents in a state; one a container is usual. */
const MOST_SIGNATURES = 4096;

const SIGNATURES_FOLDER = "_sigs/";

function unusable(at: string, head: string, why: string, header: Header): SignatureTask {
  return { at, why, head, header, signature: new Uint8Array(0), included: [] };
}

/** Plans the check of every signature document of a state. */
export function planSignatures(state: StateText): SignaturePlan {
  const keys = state.members.map((m) => m.key);
  const index = indexKeys(keys);
  const covered = new Uint8Array(keys.length);
  const tasks: SignatureTask[] = [];
  const notes: string[] = [];
  for (let place = 0; place < keys.length; place++) {
    const document = readDocument(state, place);
    if (document === null) continue;
    const at = keys[place]!;
    if (tasks.length === MOST_SIGNATURES) {
      tasks.push(unusable(at, document.head, `more than ${String(MOST_SIGNATURES)} signatures`, emptyHeader()));
      break;
    }
    const parsed = parseHeader(document.head, document.signature);
    if (parsed.why !== "") {
      tasks.push(unusable(at, document.head, parsed.why, parsed.header));
      continue;
    }
    for (const note of parsed.notes) notes.push(`${at}: ${note}`);
    const selection = selectKeys(index, parsed.header.include, parsed.header.exclude);
    if (index.work.isSpent()) {
      tasks.push(unusable(at, document.head, "patterns of the signatures take too long to match", parsed.header));
      continue;
    }
    for (let i = 0; i < selection.covered.length; i++) covered[selection.covered[i]!] = 1;
    tasks.push({ at, why: "", head: document.head, header: parsed.header, signature: parsed.signature, included: selection.included });
  }
  const uncovered = keys.filter((key, place) => covered[place] === 0 && !key.startsWith(SIGNATURES_FOLDER));
  return { tasks, uncovered, notes };
}

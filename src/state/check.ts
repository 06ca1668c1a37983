/**
 * Collects what is wrong with a state, and what is worth saying about it.
 * problems refuse the revision; warnings do not. Both name the document and
 * the path in it, line and column. Bounded: past a number they are counted.
 */
import { type Document, OBJECT } from "../json/document.ts";

/** at: "web/run.json .storage.data.disk"; line and column from 1. */
export type Problem = { at: string; line: number; column: number; why: string };

/** More than these of a kind are only counted. */
const MOST = 200;

export class Check {
  readonly document: Document;
  readonly problems: Problem[];
  readonly warnings: Problem[];
  private dropped: number;

  constructor(document: Document) {
    this.document = document;
    this.problems = [];
    this.warnings = [];
    this.dropped = 0;
  }

  /** The revision is refused because of the value (or key) at this place of the document. */
  refuse(at: number, why: string): void {
    if (this.problems.length < MOST) this.problems.push(problemAt(this.document, at, why));
    else this.dropped += 1;
  }

  /** Something is ignored, or probably not meant so. */
  warn(at: number, why: string): void {
    if (this.warnings.length < MOST) this.warnings.push(problemAt(this.document, at, why));
  }

  /** To be called once, last: says how many problems are not listed. */
  close(): void {
    if (this.dropped > 0) this.problems.push({ at: "", line: 1, column: 1, why: `and ${this.dropped} problems more` });
  }
}

function problemAt(d: Document, at: number, why: string): Problem {
  const place = d.place(d.start(at));
  return { at: pathTo(d, at), line: place.line, column: place.column, why };
}

/**
 * Path of a value, or of the member a key belongs to: the top-level key,
 * and behind a blank where in its document. "" is the whole text.
 */
export function pathTo(d: Document, at: number): string {
  const parts: string[] = [];
  let node = 0;
  while (node !== at) {
    const isObject = d.kindCode(node) === OBJECT;
    const child = childHolding(d, node, at);
    if (!isObject) parts.push(`[${elementNumber(d, node, child)}]`);
    else if (node === 0) parts.push(d.text(child - 1));
    else parts.push(memberName(d.text(child - 1)));
    if (parts.length === 1 && at > child) parts.push(" ");
    node = at < child ? at : child;
  }
  return parts.join("");
}

/** Place of the value in `node` that is, holds, or has as its key the place `at`. */
function childHolding(d: Document, node: number, at: number): number {
  const skip = d.kindCode(node) === OBJECT ? 1 : 0;
  let child = node + 1 + skip;
  while (d.next(child) <= at) child = d.next(child) + skip;
  return child;
}

function elementNumber(d: Document, array: number, element: number): number {
  let i = 0;
  for (let n = array + 1; n < element; n = d.next(n)) i += 1;
  return i;
}

function memberName(key: string): string {
  let plain = key !== "";
  for (let i = 0; i < key.length && plain; i++) {
    const c = key.charCodeAt(i);
    plain = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c === 95 || c === 45;
  }
  return plain ? `.${key}` : `["${key}"]`;
}

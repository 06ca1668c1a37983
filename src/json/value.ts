/**
 * One value of a JSON text, with ways to ask what it is. Asking for the wrong
 * kind answers the fallback, so a reader decides what absence means. For a
 * large document, go over a Document by places instead: no object a value.
 * Numbers: integers count only within ±(2^53 - 1), beyond that they have no
 * exact value in any of our programs.
 */
import { type Document, type Kind, NUMBER, OBJECT, PLAIN_STRING, STRING, ARRAY, TRUE, FALSE } from "./document.ts";

/** The number a JSON number says; NaN for another kind of value. Too large is ±Infinity. */
export function numberAt(d: Document, at: number): number {
  return d.kindCode(at) === NUMBER ? Number(d.raw(at)) : Number.NaN;
}

/** An integer within ±(2^53 - 1), also written as 1e3 or 1.0; else NaN. */
export function integerAt(d: Document, at: number): number {
  const n = numberAt(d, at);
  return Number.isSafeInteger(n) ? n : Number.NaN;
}

/** Place of a member's value in an object, or -1. */
export function memberAt(d: Document, at: number, key: string): number {
  if (at < 0 || d.kindCode(at) !== OBJECT) return -1;
  const end = d.next(at);
  for (let k = at + 1; k < end; k = d.next(k + 1)) {
    if (d.text(k) === key) return k + 1;
  }
  return -1;
}

/** Places of an array's elements, or of an object's values. */
export function childrenAt(d: Document, at: number): number[] {
  const found: number[] = [];
  const isObject = d.kindCode(at) === OBJECT;
  const isArray = d.kindCode(at) === ARRAY;
  if (!isObject && !isArray) return found;
  const end = d.next(at);
  for (let n = at + 1; n < end; n = d.next(n)) {
    if (isObject) n += 1;
    found.push(n);
  }
  return found;
}

/** A member of an object. */
export type Member = { key: string; value: Node };

export class Node {
  readonly document: Document;
  readonly at: number;

  constructor(document: Document, at: number) {
    this.document = document;
    this.at = at;
  }

  kind(): Kind {
    return this.document.kind(this.at);
  }

  isObject(): boolean {
    return this.document.kindCode(this.at) === OBJECT;
  }

  isArray(): boolean {
    return this.document.kindCode(this.at) === ARRAY;
  }

  isString(): boolean {
    const k = this.document.kindCode(this.at);
    return k === STRING || k === PLAIN_STRING;
  }

  /** The value of this key, or null. */
  get(key: string): Node | null {
    const at = memberAt(this.document, this.at, key);
    return at < 0 ? null : new Node(this.document, at);
  }

  /** Elements of an array; none for another kind. */
  items(): Node[] {
    if (!this.isArray()) return [];
    return childrenAt(this.document, this.at).map((at) => new Node(this.document, at));
  }

  /** Members of an object in the order of the text; none for another kind. */
  members(): Member[] {
    if (!this.isObject()) return [];
    return childrenAt(this.document, this.at).map((at) => ({ key: this.document.text(at - 1), value: new Node(this.document, at) }));
  }

  string(fallback: string): string {
    return this.isString() ? this.document.text(this.at) : fallback;
  }

  number(fallback: number): number {
    const n = numberAt(this.document, this.at);
    return Number.isFinite(n) ? n : fallback;
  }

  integer(fallback: number): number {
    const n = integerAt(this.document, this.at);
    return Number.isNaN(n) ? fallback : n;
  }

  boolean(fallback: boolean): boolean {
    const k = this.document.kindCode(this.at);
    return k === TRUE ? true : k === FALSE ? false : fallback;
  }

  /** Member shortcuts: the fallback when the key is absent or of another kind. */
  getString(key: string, fallback: string): string {
    const n = this.get(key);
    return n === null ? fallback : n.string(fallback);
  }

  getInteger(key: string, fallback: number): number {
    const n = this.get(key);
    return n === null ? fallback : n.integer(fallback);
  }

  getBoolean(key: string, fallback: boolean): boolean {
    const n = this.get(key);
    return n === null ? fallback : n.boolean(fallback);
  }

  /** The text of the value as it stands in the document. */
  raw(): string {
    return this.document.raw(this.at);
  }

  /** Line and column, as "3:14". */
  place(): string {
    const p = this.document.place(this.document.start(this.at));
    return `${p.line}:${p.column}`;
  }
}

/** The whole value of a document that was read completely. */
export function rootOf(document: Document): Node {
  return new Node(document, 0);
}

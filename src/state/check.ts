/**
 * Collects what is wrong with a state, and what is worth saying about it.
 * problems refuse the revision; warnings do not. Both name the document and
 * the path in it, line and column. Bounded: past a number they are counted.
 */
import type { Document } from "../json/document.ts";

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

  private problem(path: string, at: number, why: string): Problem {
    const place = this.document.place(at < this.document.count ? this.document.start(at) : 0);
    return { at: path, line: place.line, column: place.column, why };
  }

  /** The revision is refused because of the value at this place of the document. */
  refuse(path: string, at: number, why: string): void {
    if (this.problems.length < MOST) this.problems.push(this.problem(path, at, why));
    else this.dropped += 1;
  }

  /** Something is ignored, or probably not meant so. */
  warn(path: string, at: number, why: string): void {
    if (this.warnings.length < MOST) this.warnings.push(this.problem(path, at, why));
  }

  /** To be called once, last: says how many problems are not listed. */
  close(): void {
    if (this.dropped > 0) this.problems.push({ at: "", line: 1, column: 1, why: `and ${this.dropped} problems more` });
  }
}

function isPlainKey(key: string): boolean {
  if (key === "") return false;
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i);
    const plain = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c === 95 || c === 45;
    if (!plain) return false;
  }
  return true;
}

/** Path of a member: ".name", or "[name]" with what could be misread in quotes. */
export function memberPath(path: string, key: string): string {
  if (isPlainKey(key)) return `${path}.${key}`;
  return `${path}["${key}"]`;
}

/** Path of an element. */
export function elementPath(path: string, index: number): string {
  return `${path}[${index}]`;
}

/** Path of a whole top-level document; members follow it. */
export function documentPath(key: string): string {
  return `${key} `;
}

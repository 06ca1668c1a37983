/**
 * Writes JSON text, compact, members in the order they are given. What was
 * scanned and is written again keeps the text of its strings and numbers, so
 * canonical text comes back byte for byte.
 */
import { ARRAY, type Document, OBJECT } from "./document.ts";
import { quoted } from "./text.ts";

/**
 * Builds a text piece by piece: key() before each value inside an object.
 * Commas are put where they belong; closing matches opening by the caller.
 */
export class JsonWriter {
  private parts: string[];
  private needsComma: boolean;

  constructor() {
    this.parts = [];
    this.needsComma = false;
  }

  private piece(text: string): void {
    if (this.needsComma) this.parts.push(",");
    this.parts.push(text);
    this.needsComma = true;
  }

  private open(bracket: string): void {
    this.piece(bracket);
    this.needsComma = false;
  }

  private close(bracket: string): void {
    this.parts.push(bracket);
    this.needsComma = true;
  }

  beginObject(): void {
    this.open("{");
  }

  endObject(): void {
    this.close("}");
  }

  beginArray(): void {
    this.open("[");
  }

  endArray(): void {
    this.close("]");
  }

  key(name: string): void {
    this.rawKey(quoted(name));
  }

  /** A key that is JSON text already, quotes included. */
  rawKey(text: string): void {
    this.piece(text);
    this.parts.push(":");
    this.needsComma = false;
  }

  string(value: string): void {
    this.piece(quoted(value));
  }

  /** A finite number; NaN and infinities have no JSON text and become null. */
  number(value: number): void {
    this.piece(Number.isFinite(value) ? String(value) : "null");
  }

  boolean(value: boolean): void {
    this.piece(value ? "true" : "false");
  }

  null(): void {
    this.piece("null");
  }

  /** JSON text made elsewhere. */
  raw(text: string): void {
    this.piece(text);
  }

  strings(values: string[]): void {
    this.beginArray();
    for (const v of values) this.string(v);
    this.endArray();
  }

  stringMember(name: string, value: string): void {
    this.key(name);
    this.string(value);
  }

  numberMember(name: string, value: number): void {
    this.key(name);
    this.number(value);
  }

  booleanMember(name: string, value: boolean): void {
    this.key(name);
    this.boolean(value);
  }

  stringsMember(name: string, values: string[]): void {
    this.key(name);
    this.strings(values);
  }

  text(): string {
    return this.parts.join("");
  }
}

/** A value of a document without the blanks between its parts. */
export function formatCompact(d: Document, at: number): string {
  const w = new JsonWriter();
  write(d, at, w);
  return w.text();
}

function write(d: Document, at: number, w: JsonWriter): void {
  const kind = d.kindCode(at);
  const end = d.next(at);
  if (kind === OBJECT) {
    w.beginObject();
    for (let k = at + 1; k < end; k = d.next(k + 1)) {
      w.rawKey(d.raw(k));
      write(d, k + 1, w);
    }
    w.endObject();
  } else if (kind === ARRAY) {
    w.beginArray();
    for (let n = at + 1; n < end; n = d.next(n)) write(d, n, w);
    w.endArray();
  } else {
    w.raw(d.raw(at));
  }
}

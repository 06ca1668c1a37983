/**
 * Reads one object of a state by its table of keys: unknown keys, wrong
 * types, missing and out-of-range values are told to the check; the getters
 * then answer the value or the table's default, never a surprise.
 * Lenient where existing devices are: null is absent, an empty array or
 * object stands for the other, numbers and booleans may be text.
 */
import { ARRAY, type Document, FALSE, NULL, NUMBER, OBJECT, PLAIN_STRING, STRING, TRUE } from "../json/document.ts";
import type { Check } from "./check.ts";
import { type KeyRow, type KeyTable, keyTable } from "./keys.ts";
import { parseSize, parseTimeMs } from "./units.ts";

const ABSENT = -1;
/** There, and told to be wrong: as absent, but not missing. */
const WRONG = -2;

/** Keys beginning so are the row "modules_<release>". */
const MODULES = "modules_";

/** A table with its keys prepared for comparing with the bytes of a text. */
class KeyFinder {
  readonly table: KeyTable;
  readonly names: string[];
  /** Rows of keys that must be there. */
  readonly required: number[];
  /** For each row length and last byte of its key in one number: differs for almost all keys. */
  private readonly signs: Int32Array;
  /** All keys one after the other, and where each begins. */
  private readonly keys: Uint8Array;
  private readonly starts: Int32Array;

  constructor(table: KeyTable) {
    this.table = table;
    this.names = table.rows.map((r) => r.key);
    this.required = [];
    this.signs = new Int32Array(table.rows.length);
    this.starts = new Int32Array(table.rows.length);
    this.keys = new TextEncoder().encode(this.names.join(""));
    let start = 0;
    for (let i = 0; i < table.rows.length; i++) {
      const key = this.names[i]!;
      if (table.rows[i]!.required) this.required.push(i);
      this.signs[i] = key.length * 128 + key.charCodeAt(key.length - 1);
      this.starts[i] = start;
      start += key.length;
    }
  }

  /** The row of the key at this place of the document, or -1. */
  find(d: Document, at: number): number {
    const start = d.start(at) + 1;
    const length = d.end(at) - start - 1;
    if (length < 1) return -1;
    const bytes = d.bytes;
    const sign = length * 128 + bytes[start + length - 1]!;
    const signs = this.signs;
    for (let i = 0; i < signs.length; i++) {
      if (signs[i] === sign && sameBytes(bytes, start, this.keys, this.starts[i]!, length)) return i;
    }
    return -1;
  }
}

function sameBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (a[aStart + i] !== b[bStart + i]) return false;
  }
  return true;
}

/** What every reader of a part of the state is given. */
export class Reader {
  readonly check: Check;
  private readonly finders: Map<string, KeyFinder>;
  /** The table asked for last: mostly it is asked for again. */
  private lastName: string;
  private lastFinder: KeyFinder;

  constructor(check: Check) {
    this.check = check;
    this.finders = new Map<string, KeyFinder>();
    this.lastName = "run";
    this.lastFinder = new KeyFinder(keyTable("run"));
    this.finders.set("run", this.lastFinder);
  }

  /** The object at this place by the named table; -1: there is none, all is absent. */
  fields(name: string, at: number): Fields {
    if (name !== this.lastName) {
      const known = this.finders.get(name);
      const finder = known === undefined ? new KeyFinder(keyTable(name)) : known;
      if (known === undefined) this.finders.set(name, finder);
      this.lastFinder = finder;
      this.lastName = name;
    }
    return new Fields(this, this.lastFinder, at);
  }

  isObject(at: number): boolean {
    return this.check.document.kindCode(at) === OBJECT;
  }

  isArray(at: number): boolean {
    return this.check.document.kindCode(at) === ARRAY;
  }

  isText(at: number): boolean {
    const k = this.check.document.kindCode(at);
    return k === PLAIN_STRING || k === STRING;
  }

  isNull(at: number): boolean {
    return this.check.document.kindCode(at) === NULL;
  }

  /** Nothing is in this object or array. */
  isEmpty(at: number): boolean {
    return this.check.document.next(at) === at + 1;
  }

  /** Text of a string, number or boolean. */
  text(at: number): string {
    return this.check.document.text(at);
  }

  /** Places of the keys of an object. */
  keys(at: number): number[] {
    const d = this.check.document;
    const found: number[] = [];
    if (!this.isObject(at)) return found;
    const end = d.next(at);
    for (let k = at + 1; k < end; k = d.next(k + 1)) found.push(k);
    return found;
  }

  /** Places of the elements of an array. */
  elements(at: number): number[] {
    const d = this.check.document;
    const found: number[] = [];
    if (!this.isArray(at)) return found;
    const end = d.next(at);
    for (let n = at + 1; n < end; n = d.next(n)) found.push(n);
    return found;
  }

  /** Texts of an array; an element that is none is refused. */
  texts(at: number): string[] {
    const found: string[] = [];
    for (const place of this.elements(at)) {
      if (this.isText(place)) found.push(this.text(place));
      else this.check.refuse(place, `must be a string, is ${this.kindWords(place)}`);
    }
    return found;
  }

  kindWords(at: number): string {
    const k = this.check.document.kindCode(at);
    if (k === OBJECT) return "an object";
    if (k === ARRAY) return "an array";
    if (k === NUMBER) return "a number";
    if (k === NULL) return "null";
    return k === TRUE || k === FALSE ? "a boolean" : "a string";
  }
}

export class Fields {
  readonly reader: Reader;
  readonly at: number;
  private readonly finder: KeyFinder;
  private readonly rows: KeyRow[];
  /** For each row the place of its value. */
  private readonly places: Int32Array;

  constructor(reader: Reader, finder: KeyFinder, at: number) {
    this.reader = reader;
    this.at = at;
    this.finder = finder;
    this.rows = finder.table.rows;
    this.places = new Int32Array(this.rows.length).fill(ABSENT);
    if (at < 0) return;
    const d = reader.check.document;
    const end = d.kindCode(at) === OBJECT ? d.next(at) : at;
    for (let k = at + 1; k < end; k = d.next(k + 1)) this.take(finder.find(d, k), k);
    this.checkRequired();
  }

  private take(row: number, key: number): void {
    if (row < 0) {
      this.unknown(key);
      return;
    }
    if (this.reader.isNull(key + 1)) return;
    this.places[row] = this.accepts(this.rows[row]!, key + 1) ? key + 1 : WRONG;
  }

  private unknown(key: number): void {
    const check = this.reader.check;
    const table = this.finder.table;
    if (table.own) check.refuse(key, `unknown key; ${table.title} has ${this.rows.map((r) => r.key).join(", ")}`);
    else if (table.name !== "bsp" || !this.reader.text(key).startsWith(MODULES)) check.warn(key, "unknown key, ignored");
  }

  private checkRequired(): void {
    const required = this.finder.required;
    for (let n = 0; n < required.length; n++) {
      const i: number = required[n]!;
      if (this.places[i]! === WRONG) continue;
      const row = this.rows[i]!;
      if (this.places[i]! === ABSENT) this.reader.check.refuse(this.at, `"${row.key}" is missing`);
      else if (row.type === "text" && this.text(row.key) === "") this.reader.check.refuse(this.places[i]!, "must not be empty");
    }
  }

  private find(key: string): number {
    return this.finder.names.indexOf(key);
  }

  private place(key: string): number {
    const row = this.find(key);
    if (row < 0) throw new Error(`no row for key "${key}"`);
    return this.places[row]!;
  }

  /** Tells what is wrong with the value, if anything. */
  private accepts(row: KeyRow, at: number): boolean {
    const why = this.wrongKind(row, at);
    if (why === "") return true;
    this.reader.check.refuse(at, why);
    return false;
  }

  private wrongKind(row: KeyRow, at: number): string {
    const r = this.reader;
    if (row.type === "text" && r.check.document.kindCode(at) === PLAIN_STRING) return "";
    const empty = (r.isArray(at) || r.isObject(at)) && r.isEmpty(at);
    if (row.type === "any" || row.type === "skip") return "";
    if (row.type === "note") {
      r.check.warn(at, `ignored: ${row.why}`);
      return "";
    }
    if (row.type === "map") return r.isObject(at) || empty ? "" : `must be an object, is ${r.kindWords(at)}`;
    if (row.type === "list" || row.type === "texts") return r.isArray(at) || empty ? "" : `must be an array, is ${r.kindWords(at)}`;
    if (r.isArray(at) || r.isObject(at)) return `must be ${TYPE_WORDS.get(row.type)!}, is ${r.kindWords(at)}`;
    return this.wrongScalar(row, r.text(at));
  }

  private wrongScalar(row: KeyRow, text: string): string {
    if (row.type === "text") return text.includes("\0") ? "must not hold a NUL character" : "";
    if (row.type === "bool") return text === "true" || text === "false" ? "" : "must be true or false";
    if (row.type === "word") return text === "" || row.words.includes(text) ? "" : `"${text}" is none of ${row.words.join(", ")}`;
    if (row.type === "size") return parseSize(text) !== null ? "" : "must be a number of bytes, a size such as \"64MiB\", or \"max\"";
    if (row.type === "count") return parseSize(text) !== null ? "" : "must be a whole number, or \"max\"";
    if (row.type === "time") return parseTimeMs(text) !== null ? "" : "must be seconds, or a time such as \"500ms\", \"10s\", \"2min\"";
    const n = text === "" ? Number.NaN : Number(text);
    if (Number.isNaN(n) || (row.type === "int" && !Number.isSafeInteger(n))) return `"${text}" is not ${TYPE_WORDS.get(row.type)!}`;
    return n < row.least || n > row.most ? `${text} is not within ${row.least} to ${row.most}` : "";
  }

  /** Place of the value, the object's own when there is none. */
  placeOf(key: string): number {
    const at = this.place(key);
    return at < 0 ? this.at : at;
  }

  has(key: string): boolean {
    return this.place(key) >= 0;
  }

  /** Wrong or there: the state meant to say something. */
  mentions(key: string): boolean {
    return this.place(key) !== ABSENT;
  }

  text(key: string): string {
    const row = this.find(key);
    const at = this.places[row]!;
    return at < 0 ? this.rows[row]!.standard : this.reader.text(at);
  }

  /** A word of the row's list; an empty text is absent. */
  word(key: string): string {
    const row = this.find(key);
    const at = this.places[row]!;
    const text = at < 0 ? "" : this.reader.text(at);
    return text === "" ? this.rows[row]!.standard : text;
  }

  flag(key: string): boolean {
    return this.text(key) === "true";
  }

  number(key: string): number {
    return Number(this.text(key));
  }

  /** Bytes or a count; NOT_SET when absent, UNLIMITED for "max". */
  size(key: string): number {
    return parseSize(this.text(key)) ?? -1;
  }

  /** Milliseconds; NOT_SET when absent and without default. */
  ms(key: string): number {
    return parseTimeMs(this.text(key)) ?? -1;
  }

  texts(key: string): string[] {
    const at = this.place(key);
    return at < 0 ? [] : this.reader.texts(at);
  }

  /** Places of an array's elements. */
  elements(key: string): number[] {
    const at = this.place(key);
    return at < 0 ? [] : this.reader.elements(at);
  }

  /** Places of an object's keys. */
  keys(key: string): number[] {
    const at = this.place(key);
    return at < 0 ? [] : this.reader.keys(at);
  }

  /** The member as fields of another table; one without members when it is absent. */
  inner(key: string, table: string): Fields {
    const at = this.place(key);
    return this.reader.fields(table, at < 0 ? ABSENT : at);
  }
}

const TYPE_WORDS = new Map<string, string>([
  ["text", "a string"], ["bool", "a boolean"], ["word", "a string"], ["int", "a whole number"], ["number", "a number"],
  ["size", "a size"], ["count", "a whole number"], ["time", "a time"],
]);

/**
 * A JSON text that was read: its bytes, and for each value where it begins,
 * where it ends and which value follows. Values are numbers (places in the
 * order of the text, the root is 0), so a document costs 16 bytes a value
 * besides its text. In an object, key and value follow each other.
 */
import { textOf, unquoted } from "./text.ts";
import { NEWLINE } from "./tokens.ts";

export type Kind = "object" | "array" | "string" | "number" | "true" | "false" | "null";

/** Kinds as stored. A plain string has neither escapes nor characters beyond ASCII. */
export const OBJECT = 0;
export const ARRAY = 1;
export const STRING = 2;
export const PLAIN_STRING = 3;
export const NUMBER = 4;
export const TRUE = 5;
export const FALSE = 6;
export const NULL = 7;

const KIND_NAMES: Kind[] = ["object", "array", "string", "string", "number", "true", "false", "null"];

/** Both count from 1; columns count characters. */
export type Place = { line: number; column: number };

/** Numbers kept for each value: its kind, offset of its first byte, offset behind its last, the value that follows. */
export const CELLS = 4;
export const CELL_START = 1;
export const CELL_END = 2;
export const CELL_NEXT = 3;

export class Document {
  readonly bytes: Uint8Array;
  /** How many values (keys included) there are. */
  readonly count: number;
  /** CELLS numbers for each value; loops over many values take it as a local. */
  readonly cells: Int32Array;
  /** The same bytes: the cheapest way to a plain string, with and without engine. */
  private readonly plain: Buffer;
  private lines: number[];
  /** Where the last question ended: places are asked for in rising order, mostly, of one long line. */
  private knownLine: number;
  private knownOffset: number;
  private knownColumn: number;

  constructor(bytes: Uint8Array, count: number, cells: Int32Array) {
    this.bytes = bytes;
    this.plain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.count = count;
    this.cells = cells;
    this.lines = [];
    this.knownLine = 0;
    this.knownOffset = 0;
    this.knownColumn = 1;
  }

  kindCode(at: number): number {
    return this.cells[at * CELLS]!;
  }

  kind(at: number): Kind {
    return KIND_NAMES[this.cells[at * CELLS]!]!;
  }

  /** Offset of the value's first byte (a quote, for a string). */
  start(at: number): number {
    return this.cells[at * CELLS + CELL_START]!;
  }

  /** Offset behind the value's last byte. */
  end(at: number): number {
    return this.cells[at * CELLS + CELL_END]!;
  }

  /** The value behind this one and all that is in it: the loop over what is in `at` ends at next(at). */
  next(at: number): number {
    return this.cells[at * CELLS + CELL_NEXT]!;
  }

  /** What a string says; for other kinds its text. */
  text(at: number): string {
    const cells = this.cells;
    const kind = cells[at * CELLS]!;
    const start = cells[at * CELLS + CELL_START]!;
    const end = cells[at * CELLS + CELL_END]!;
    if (kind === PLAIN_STRING) return this.plain.toString("latin1", start + 1, end - 1);
    return kind === STRING ? unquoted(this.bytes, start + 1, end - 1) : textOf(this.bytes, start, end);
  }

  /** The text of a value as it stands. */
  raw(at: number): string {
    return textOf(this.bytes, this.start(at), this.end(at));
  }

  /** Line and column of an offset. */
  place(offset: number): Place {
    if (this.lines.length === 0) this.lines = lineStarts(this.bytes);
    let low = 0;
    let high = this.lines.length;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.lines[middle]! <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: this.column(this.lines[low]!, offset) };
  }

  /** Column of an offset in the line that begins at `start`, from there or from the last answer in this line, whichever is nearer. */
  private column(start: number, offset: number): number {
    const known = this.knownOffset;
    const distance = offset < known ? known - offset : offset - known;
    if (this.knownLine !== start || distance > offset - start) this.knownColumn = charactersIn(this.bytes, start, offset) + 1;
    else if (offset >= known) this.knownColumn = this.knownColumn + charactersIn(this.bytes, known, offset);
    else this.knownColumn = this.knownColumn - charactersIn(this.bytes, offset, known);
    this.knownLine = start;
    this.knownOffset = offset;
    return this.knownColumn;
  }
}

function lineStarts(bytes: Uint8Array): number[] {
  const starts = [0];
  const end = bytes.length;
  for (let i = 0; i < end; i++) {
    if (bytes[i] === NEWLINE) starts.push(i + 1);
  }
  return starts;
}

/** Characters between two offsets: bytes that don't continue one. */
function charactersIn(bytes: Uint8Array, from: number, to: number): number {
  const end = Math.min(to, bytes.length);
  let n = 0;
  for (let i = from; i < end; i++) {
    const c = bytes[i]!;
    if (c < 0x80 || c > 0xbf) n += 1;
  }
  return n;
}

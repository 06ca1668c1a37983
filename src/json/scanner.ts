/**
 * Reads JSON text into a Document: grammar, UTF-8, limits, duplicate keys.
 * Strict: exactly RFC 8259, no byte order mark, nothing behind the value.
 * Reading ends where a text is malformed or over a limit; a duplicate key is
 * a problem too, but reading goes on. Numbers are checked for grammar only
 * and keep their text; value.ts decides about range.
 */
import {
  ARRAY, CELL_END, CELL_NEXT, CELL_START, CELLS, Document, FALSE, NULL, NUMBER, OBJECT, PLAIN_STRING, STRING, TRUE,
} from "./document.ts";
import { duplicateKeys } from "./duplicates.ts";
import {
  beginsNumber, blanksEnd, CLOSE_ARRAY, CLOSE_OBJECT, COLON, COMMA, describeByte, explainNumber, explainString, numberEnd, OPEN_ARRAY,
  OPEN_OBJECT, plainEnd, QUOTE, stringEnd, wordEnd,
} from "./tokens.ts";

/** Most bytes, most levels of nesting, most values (keys count). */
export type Limits = { bytes: number; depth: number; values: number };

/** For what arrives in requests and small files. */
export const SMALL: Limits = { bytes: 1048576, depth: 32, values: 65536 };

/** What is wrong, and where; offset in bytes, line and column from 1. */
export type JsonProblem = { offset: number; line: number; column: number; why: string };

/** complete: the whole text was read. ok: and nothing is wrong with it. */
export type Scan = { ok: boolean; complete: boolean; document: Document; problems: JsonProblem[] };

/** More duplicate keys than these are not listed. */
const MOST_PROBLEMS = 32;
/** Bytes of text a value takes at least, on average of real states; a wrong guess only costs growing. */
const BYTES_A_VALUE = 12;

// What may come next; EXPECTED has the words for each.
const VALUE = 0;
const VALUE_OR_END = 1;
const KEY = 2;
const KEY_OR_END = 3;
const AFTER_KEY = 4;
const AFTER_VALUE = 5;
const EXPECTED = ["a value", "a value or \"]\"", "a key in quotes", "a key in quotes or \"}\"", "\":\"", ""];

function expectedWords(expect: number, depth: number, inObject: boolean): string {
  if (expect !== AFTER_VALUE) return EXPECTED[expect]!;
  if (depth === 0) return "the end of the text";
  return inObject ? "\",\" or \"}\"" : "\",\" or \"]\"";
}

/** Whether an object or array that ends with this byte may end here. */
function mayClose(c: number, expect: number, depth: number, inObject: boolean): boolean {
  if (expect === AFTER_VALUE) return depth > 0 && inObject === (c === CLOSE_OBJECT);
  return expect === (c === CLOSE_OBJECT ? KEY_OR_END : VALUE_OR_END);
}

/** Kind that a value beginning with this byte has; -1: no value begins so. */
function kindOf(c: number): number {
  if (c === QUOTE) return PLAIN_STRING;
  if (c === OPEN_OBJECT) return OBJECT;
  if (c === OPEN_ARRAY) return ARRAY;
  if (beginsNumber(c)) return NUMBER;
  return c === 116 ? TRUE : c === 102 ? FALSE : c === 110 ? NULL : -1;
}

/** Offset behind the number or word at `at`, or -1 - offset. */
function scalarEnd(bytes: Uint8Array, at: number, end: number, kind: number): number {
  if (kind === NUMBER) return numberEnd(bytes, at, end);
  return wordEnd(bytes, at, end, kind === TRUE ? "true" : kind === FALSE ? "false" : "null");
}

function explain(bytes: Uint8Array, offset: number, kind: number): string {
  if (kind === PLAIN_STRING) return explainString(bytes, offset, bytes.length);
  return kind === NUMBER ? explainNumber(bytes, offset) : `expected a value, found ${describeByte(bytes, offset)}`;
}

function wider(cells: Int32Array): Int32Array<ArrayBuffer> {
  const w = new Int32Array(cells.length * 2);
  w.set(cells);
  return w;
}

/**
 * Reads the text; never throws for what is in it. One long loop on local
 * variables: a field of an object costs ten of them in the compiled program.
 */
export function scan(bytes: Uint8Array, limits: Limits): Scan {
  const end = bytes.length;
  if (end > limits.bytes) return refused(bytes, limits.bytes, `longer than ${limits.bytes} bytes`);
  let cells = new Int32Array((Math.floor(end / BYTES_A_VALUE) + 16) * CELLS);
  const open = new Int32Array(limits.depth + 1);
  const objects: number[] = [];
  let count = 0;
  let depth = 0;
  let inObject = false;
  let expect = VALUE;
  let i = 0;
  for (;;) {
    i = blanksEnd(bytes, i, end);
    if (i >= end) break;
    const c = bytes[i]!;
    if (c === CLOSE_OBJECT || c === CLOSE_ARRAY) {
      if (!mayClose(c, expect, depth, inObject)) break;
      i += 1;
      const at = open[depth]! * CELLS;
      cells[at + CELL_END] = i;
      cells[at + CELL_NEXT] = count;
      if (inObject && count * CELLS > at + 4 * CELLS) objects.push(open[depth]!);
      depth -= 1;
      inObject = depth > 0 && cells[open[depth]! * CELLS] === OBJECT;
      expect = AFTER_VALUE;
      continue;
    }
    if (expect >= AFTER_KEY) {
      if (c !== (expect === AFTER_KEY ? COLON : COMMA) || depth === 0) break;
      expect = expect === AFTER_VALUE && inObject ? KEY : VALUE;
      i += 1;
      continue;
    }
    const isKey = expect === KEY || expect === KEY_OR_END;
    const begins = kindOf(c);
    if (begins < 0 || (isKey && begins !== PLAIN_STRING)) break;
    if (count === limits.values) return refused(bytes, i, `more than ${limits.values} values`);
    const at = count * CELLS;
    if (at === cells.length) cells = wider(cells);
    cells[at] = begins;
    cells[at + CELL_START] = i;
    cells[at + CELL_NEXT] = count + 1;
    count += 1;
    if (begins === OBJECT || begins === ARRAY) {
      if (depth === limits.depth) return refused(bytes, i, `nested deeper than ${limits.depth} levels`);
      depth += 1;
      open[depth] = count - 1;
      inObject = begins === OBJECT;
      i += 1;
      expect = inObject ? KEY_OR_END : VALUE_OR_END;
      continue;
    }
    let stop = 0;
    if (begins === PLAIN_STRING) {
      const plain = plainEnd(bytes, i + 1, end);
      const isPlain = plain < end && bytes[plain] === QUOTE;
      if (!isPlain) cells[at] = STRING;
      stop = isPlain ? plain + 1 : stringEnd(bytes, plain, end);
    } else {
      stop = scalarEnd(bytes, i, end, begins);
    }
    if (stop < 0) return refused(bytes, -1 - stop, explain(bytes, -1 - stop, begins));
    cells[at + CELL_END] = stop;
    i = stop;
    expect = isKey ? AFTER_KEY : AFTER_VALUE;
  }
  if (i < end || depth > 0 || expect !== AFTER_VALUE) {
    return refused(bytes, i, `expected ${expectedWords(expect, depth, inObject)}, found ${describeByte(bytes, i)}`);
  }
  const document = new Document(bytes, count, cells);
  const problems = duplicateProblems(document, objects);
  return { ok: problems.length === 0, complete: true, document, problems };
}

/** As scan(), of a text that is a string already. */
export function scanText(text: string, limits: Limits): Scan {
  return scan(new TextEncoder().encode(text), limits);
}

function duplicateProblems(document: Document, objects: number[]): JsonProblem[] {
  return duplicateKeys(document, objects, MOST_PROBLEMS).map((d) => {
    const first = document.place(document.start(d.first));
    return problemAt(document, document.start(d.again), `key ${document.raw(d.again)} twice in one object, first at ${first.line}:${first.column}`);
  });
}

function problemAt(document: Document, offset: number, why: string): JsonProblem {
  const place = document.place(offset);
  return { offset, line: place.line, column: place.column, why };
}

function refused(bytes: Uint8Array, offset: number, why: string): Scan {
  const document = new Document(bytes, 0, new Int32Array(0));
  return { ok: false, complete: false, document, problems: [problemAt(document, offset, why)] };
}

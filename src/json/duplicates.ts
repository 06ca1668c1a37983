/**
 * Finds keys that an object has twice. What two programs make of such an
 * object differs, and a signature covers both values: it is refused.
 * Small objects are compared by pairs, large ones through a set, so the work
 * stays linear in the text.
 */
import { CELL_END, CELL_NEXT, CELL_START, CELLS, type Document, PLAIN_STRING } from "./document.ts";

/** Places of a key in the document: where it is first, and where it is again. */
export type Duplicate = { first: number; again: number };

const SMALL_OBJECT = 16;

/** Duplicate keys of these objects, in the objects' order, at most `most`. */
export function duplicateKeys(document: Document, objects: number[], most: number): Duplicate[] {
  const found: Duplicate[] = [];
  const cells = document.cells;
  const keys = new Int32Array(SMALL_OBJECT);
  const signs = new Int32Array(SMALL_OBJECT);
  for (const object of objects) {
    const end = cells[object * CELLS + CELL_NEXT]!;
    let n = 0;
    for (let key = object + 1; key < end && n <= SMALL_OBJECT; key = cells[(key + 1) * CELLS + CELL_NEXT]!) {
      if (n < SMALL_OBJECT) {
        keys[n] = key;
        signs[n] = signOf(document.bytes, cells, key);
      }
      n += 1;
    }
    if (n > SMALL_OBJECT) bySet(document, object, found);
    else byPairs(document, keys, signs, n, found);
    if (found.length >= most) return found.slice(0, most);
  }
  return found;
}

/** Equal for equal plain keys: length and last character; -1 for a key that is not plain. */
function signOf(bytes: Uint8Array, cells: Int32Array, key: number): number {
  if (cells[key * CELLS] !== PLAIN_STRING) return -1;
  const end = cells[key * CELLS + CELL_END]!;
  return (end - cells[key * CELLS + CELL_START]!) * 128 + bytes[end - 2]!;
}

function byPairs(document: Document, keys: Int32Array, signs: Int32Array, n: number, found: Duplicate[]): void {
  for (let j = 1; j < n; j++) {
    const sign = signs[j]!;
    for (let i = 0; i < j; i++) {
      const other = signs[i]!;
      if (other !== sign && other >= 0 && sign >= 0) continue;
      if (!sameKey(document, keys[i]!, keys[j]!)) continue;
      found.push({ first: keys[i]!, again: keys[j]! });
      break;
    }
  }
}

function sameKey(document: Document, a: number, b: number): boolean {
  if (document.kindCode(a) !== PLAIN_STRING || document.kindCode(b) !== PLAIN_STRING) return document.text(a) === document.text(b);
  const from = document.start(a);
  const to = document.start(b);
  return sameBytes(document.bytes, from, to, document.end(a) - from, document.end(b) - to);
}

function sameBytes(bytes: Uint8Array, a: number, b: number, lengthA: number, lengthB: number): boolean {
  if (lengthA !== lengthB) return false;
  for (let i = lengthA - 1; i >= 0; i--) {
    if (bytes[a + i] !== bytes[b + i]) return false;
  }
  return true;
}

function bySet(document: Document, object: number, found: Duplicate[]): void {
  const seen = new Map<string, number>();
  const end = document.next(object);
  for (let key = object + 1; key < end; key = document.next(key + 1)) {
    const text = document.text(key);
    const first = seen.get(text);
    if (first === undefined) seen.set(text, key);
    else found.push({ first, again: key });
  }
}

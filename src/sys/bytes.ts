/**
 * Little-endian numbers in buffers: fields of kernel structures. All three
 * machines are little-endian. Reading outside a buffer throws RangeError
 * instead of the abort that a bare index would be natively.
 */

function checkRange(b: Uint8Array, at: number, size: number): void {
  if (at < 0 || at + size > b.length) throw new RangeError(`field at ${at}+${size} is outside a buffer of ${b.length} bytes`);
}

export function u8At(b: Uint8Array, at: number): number {
  checkRange(b, at, 1);
  return b[at]!;
}

export function u16At(b: Uint8Array, at: number): number {
  checkRange(b, at, 2);
  return b[at]! + b[at + 1]! * 256;
}

export function u32At(b: Uint8Array, at: number): number {
  checkRange(b, at, 4);
  return b[at]! + b[at + 1]! * 256 + b[at + 2]! * 65536 + b[at + 3]! * 16777216;
}

export function i32At(b: Uint8Array, at: number): number {
  const n = u32At(b, at);
  return n > 2147483647 ? n - 4294967296 : n;
}

/** A 64-bit field as a number: exact below 2^53. */
export function u64At(b: Uint8Array, at: number): number {
  return u32At(b, at) + u32At(b, at + 4) * 4294967296;
}

/** A double in the machine's own order. */
export function f64At(b: Uint8Array, at: number): number {
  checkRange(b, at, 8);
  return new DataView(b.buffer, b.byteOffset, b.length).getFloat64(at, true);
}

export function putU16(b: Uint8Array, at: number, n: number): void {
  checkRange(b, at, 2);
  b[at] = n % 256;
  b[at + 1] = (n - n % 256) / 256 % 256;
}

/** Writes the low 32 bits; negative numbers as two's complement. */
export function putU32(b: Uint8Array, at: number, n: number): void {
  checkRange(b, at, 4);
  let rest = n < 0 ? n + 4294967296 : n;
  for (let i = 0; i < 4; i++) {
    const low = rest % 256;
    b[at + i] = low;
    rest = (rest - low) / 256;
  }
}

export function putU64(b: Uint8Array, at: number, n: number): void {
  const low = n % 4294967296;
  putU32(b, at, low);
  putU32(b, at + 4, (n - low) / 4294967296);
}

/** Copies `from` to `at` of `b`; what does not fit is an error of ours. */
export function putBytes(b: Uint8Array, at: number, from: Uint8Array): void {
  checkRange(b, at, from.length);
  b.set(from, at);
}

/** 32-bit numbers one after the other. */
export function u32List(numbers: number[]): Uint8Array {
  const b = new Uint8Array(numbers.length * 4);
  for (let i = 0; i < numbers.length; i++) putU32(b, i * 4, numbers[i]!);
  return b;
}

export function concatBytes(parts: Uint8Array[]): Uint8Array {
  let size = 0;
  for (const p of parts) size += p.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    const p = parts[i]!;
    out.set(p, at);
    at += p.length;
  }
  return out;
}

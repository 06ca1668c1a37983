/**
 * The header of a swap area. Pure. Source: kernel linux/swap.h, union
 * swap_header; mkswap(8).
 */

const LABEL_AT = 1024 + 12 + 16;
const LABEL_BYTES = 16;
const SIGNATURE = "SWAPSPACE2";

function label(name: string): string {
  const out: string[] = [];
  for (let i = 0; i < name.length && out.length < LABEL_BYTES; i++) {
    const c = name.charCodeAt(i);
    out.push(c > 32 && c < 127 ? name.charAt(i) : "_");
  }
  return out.join("");
}

function put32(b: Uint8Array, at: number, n: number): void {
  let rest = n;
  for (let i = 0; i < 4; i++) {
    b[at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** The first page of a swap area of `size` bytes, labelled with the start of `name`. uuid: 16 random bytes. */
export function swapHeader(size: number, pageSize: number, name: string, uuid: Uint8Array): Uint8Array {
  const b = new Uint8Array(pageSize);
  put32(b, 1024, 1);
  put32(b, 1028, Math.floor(size / pageSize) - 1);
  b.set(uuid.subarray(0, 16), 1036);
  const text = label(name);
  for (let i = 0; i < text.length; i++) b[LABEL_AT + i] = text.charCodeAt(i);
  for (let i = 0; i < SIGNATURE.length; i++) b[pageSize - SIGNATURE.length + i] = SIGNATURE.charCodeAt(i);
  return b;
}

/** Whether a first page is that of a swap area. */
export function isSwapHeader(b: Uint8Array, pageSize: number): boolean {
  if (b.length < pageSize) return false;
  for (let i = 0; i < SIGNATURE.length; i++) if (b[pageSize - SIGNATURE.length + i] !== SIGNATURE.charCodeAt(i)) return false;
  return true;
}

/** Whether a swap area carries the label that swapHeader gives to `name`. */
export function hasSwapLabel(b: Uint8Array, name: string): boolean {
  const text = label(name);
  if (b.length < LABEL_AT + LABEL_BYTES) return false;
  for (let i = 0; i < LABEL_BYTES; i++) if (b[LABEL_AT + i] !== (i < text.length ? text.charCodeAt(i) : 0)) return false;
  return true;
}

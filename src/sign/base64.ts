/**
 * Base64 text to bytes, strictly: one text for each value. Two spellings of
 * the same bytes would let a signed text be changed unseen, so unused bits
 * must be zero and nothing but the alphabet and its padding is read.
 * Rules: RFC 4648 sections 4 and 5; state format, "Signatures".
 */

const NOT_A_DIGIT = 255;

function digitTable(c62: number, c63: number): Uint8Array {
  const table = new Uint8Array(128);
  for (let i = 0; i < table.length; i++) table[i] = NOT_A_DIGIT;
  for (let i = 0; i < 26; i++) {
    table[65 + i] = i;
    table[97 + i] = 26 + i;
  }
  for (let i = 0; i < 10; i++) table[48 + i] = 52 + i;
  table[c62] = 62;
  table[c63] = 63;
  return table;
}

const STANDARD = digitTable(43, 47);
const URL_SAFE = digitTable(45, 95);

/** Number of leading characters that are digits of the text, or -1 when the padding is not what it should be. */
function digitsOf(text: string, paddingNeeded: boolean): number {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 61) end -= 1;
  const padding = text.length - end;
  if (padding === 0) return paddingNeeded && end % 4 !== 0 ? -1 : end;
  return padding <= 2 && text.length % 4 === 0 ? end : -1;
}

function decode(text: string, table: Uint8Array, paddingNeeded: boolean): Uint8Array | null {
  const end = digitsOf(text, paddingNeeded);
  if (end < 0 || end % 4 === 1) return null;
  const out = new Uint8Array(Math.floor((end * 3) / 4));
  let at = 0;
  let held = 0;
  let bits = 0;
  for (let i = 0; i < end; i++) {
    const c = text.charCodeAt(i);
    const digit = c < 128 ? table[c]! : NOT_A_DIGIT;
    if (digit === NOT_A_DIGIT) return null;
    held = held * 64 + digit;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      const unit = bits === 0 ? 1 : bits === 2 ? 4 : 16;
      const byte = Math.floor(held / unit);
      out[at] = byte;
      at += 1;
      held -= byte * unit;
    }
  }
  return held === 0 ? out : null;
}

/** Bytes of base64url text, padded or not; null when it is not that. Unused bits that are set are refused. */
export function decodeBase64Url(text: string): Uint8Array | null {
  return decode(text, URL_SAFE, false);
}

/** Bytes of standard, padded base64 text without line ends (a certificate in `x5c`); null when it is not that. */
export function decodeBase64(text: string): Uint8Array | null {
  return decode(text, STANDARD, true);
}

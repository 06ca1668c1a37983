/**
 * CRC-32 as zlib and U-Boot compute it (polynomial 0xedb88320, reflected).
 * Half a byte at a time: the table of whole ones would cost more than the
 * 64 KiB an environment has. Pure.
 */
function halfTable(): number[] {
  const table: number[] = [];
  for (let n = 0; n < 16; n++) {
    let c = n;
    for (let k = 0; k < 4; k++) c = c % 2 === 1 ? ((c >>> 1) ^ 0xedb88320) >>> 0 : c >>> 1;
    table.push(c);
  }
  return table;
}

export function crc32(bytes: Uint8Array): number {
  const table = halfTable();
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    c = (c ^ bytes[i]!) >>> 0;
    c = ((c >>> 4) ^ table[c % 16]!) >>> 0;
    c = ((c >>> 4) ^ table[c % 16]!) >>> 0;
  }
  return (c ^ 0xffffffff) >>> 0;
}

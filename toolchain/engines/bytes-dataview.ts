// DataView in both byte orders
const b = new Uint8Array(16);
const v = new DataView(b.buffer);
v.setUint32(0, 0x01020304);
v.setUint16(4, 0xabcd, true);
v.setInt32(8, -2, true);
v.setFloat64(8, 1.5);
console.log(b.join(), v.getUint32(0, true), v.getUint16(4, true), v.getInt8(0), v.getFloat64(8), v.byteLength);

// TextEncoder and TextDecoder, also of bytes that are no UTF-8
const e = new TextEncoder().encode("aé漢😀");
console.log(e.length, e[1], e[8]);
console.log(new TextDecoder().decode(e), new TextDecoder().decode(new Uint8Array([0x61, 0xff, 0xc3, 0x62])));

// bit operations work on 32 bits
console.log(5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 31, 1 << 32, -1 >>> 0, -1 >> 1, -8 >>> 28, 0xffffffff | 0, 2 ** 32 | 0, 1.9 | 0, (2 ** 40 + 5) & 0xff, 0x80000000 >> 31);

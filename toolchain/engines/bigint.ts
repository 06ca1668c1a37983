// BigInt arithmetic
const a = 2n ** 64n;
let f = 1n;
for (let i = 1n; i <= 25n; i = i + 1n) f = f * i;
console.log(String(a), f.toString(), a > f, Number(a / 3n), BigInt("123456789012345678901234567890") % 97n === 1n);

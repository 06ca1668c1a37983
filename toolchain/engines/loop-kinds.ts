// while, do-while, for with several variables, comma
let i = 0;
do { i += 2; } while (i < 5);
let n = 0;
while (true) { n += 1; if (n % 2 === 0) continue; if (n > 6) break; }
const out: number[] = [];
for (let a = 0, b = 10; a < b; a += 3, b -= 1) out.push(a * b);
console.log(i, n, out.join());

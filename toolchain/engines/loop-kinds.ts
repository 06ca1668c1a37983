// while, do-while, for, with break and continue
let i = 0;
do { i += 2; } while (i < 5);
let n = 0;
while (true) { n += 1; if (n % 2 === 0) continue; if (n > 6) break; }
const out: number[] = [];
for (let a = 10; a > 0; a -= 3) out.push(a);
console.log(i, n, out.join());

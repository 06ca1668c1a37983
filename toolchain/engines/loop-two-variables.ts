// for with two variables
const out: number[] = [];
for (let a = 0, b = 10; a < b; a += 3, b -= 1) out.push(a * b);
console.log(out.join());

// generators
function* count(n: number): Generator<number> { for (let i = 0; i < n; i++) yield i * i; }
let sum = 0;
for (const x of count(10)) { if (x > 20) break; sum += x; }
const g = count(1);
console.log(sum, g.next().value, g.next().done);

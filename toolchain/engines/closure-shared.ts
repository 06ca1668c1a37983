// two closures share one variable
function pair(): { get: () => number; add: (n: number) => void } {
  let total = 0;
  return { get: () => total, add: (n) => { total += n; } };
}
const p = pair();
p.add(2);
p.add(3);
console.log(p.get());

// a wider record passed as a narrower type is copied: known difference
type Narrow = { n: number };
function bump(r: Narrow): void { r.n += 1; }
const wide = { n: 1, extra: "x" };
bump(wide);
console.log(wide.n);

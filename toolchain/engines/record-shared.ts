// a record passed to a function of the same type is shared
type R = { n: number };
function bump(r: R): void { r.n += 1; }
const r: R = { n: 1 };
bump(r);
const list: R[] = [r];
list[0]!.n += 1;
console.log(r.n);

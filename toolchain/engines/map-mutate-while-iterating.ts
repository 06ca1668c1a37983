// a Map that grows and shrinks while it is walked
const m = new Map<number, string>([[1, "a"], [2, "b"], [3, "c"]]);
const seen: number[] = [];
for (const k of m.keys()) {
  seen.push(k);
  if (k === 1) { m.delete(2); m.set(4, "d"); }
}
console.log(seen.join());

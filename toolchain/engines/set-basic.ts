// Set: add, has, delete, order, from an array
const s = new Set<string>(["b", "a", "b"]);
s.add("c").add("a");
console.log(s.size, s.has("b"), s.delete("b"), [...s].join());
const n = new Set<number>();
for (const x of [3, 1, 3, NaN, NaN]) n.add(x);
console.log(n.size, [...n].join());

// Map iterates in insertion order; delete and set again moves to the end
const m = new Map<string, number>([["x", 1], ["y", 2], ["z", 3]]);
m.delete("x");
m.set("x", 9);
for (const [k, v] of m) console.log(k, v);
console.log([...m.keys()].join(), [...m.values()].join());
m.forEach((v, k) => { console.log(k, v); });

// chained calls of set
const m = new Map<string, number>();
m.set("b", 1).set("a", 2);
console.log(m.size);

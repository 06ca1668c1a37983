// Map whose values are Maps
const m = new Map<string, Map<string, number>>();
m.set("a", new Map([["b", 1]]));
console.log(m.get("a")?.get("b"));

// Map: set, get, has, delete, clear, size, overwriting keeps the place
const m = new Map<string, number>();
m.set("b", 1);
m.set("a", 2);
m.set("b", 3);
console.log(m.size, m.get("b"), m.get("zz"), m.has("a"), m.delete("a"), m.delete("a"), m.size);
m.clear();
console.log(m.size);

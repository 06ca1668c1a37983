// Map whose values are functions
const m = new Map<string, (n: number) => number>();
m.set("inc", (n) => n + 1);
const f = m.get("inc");
console.log(f === undefined ? 0 : f(1));

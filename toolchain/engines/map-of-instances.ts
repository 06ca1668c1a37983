// Map whose values are instances and arrays
class Item { n: number; constructor(n: number) { this.n = n; } }
const m = new Map<string, Item>();
m.set("a", new Item(1));
const got = m.get("a");
if (got !== undefined) got.n = 7;
console.log(m.get("a")?.n);
const lists = new Map<string, string[]>();
for (const [k, v] of [["x", "1"], ["y", "2"], ["x", "3"]] as [string, string][]) {
  const l = lists.get(k) ?? [];
  l.push(v);
  lists.set(k, l);
}
console.log(lists.get("x")?.join(), lists.get("y")?.join());

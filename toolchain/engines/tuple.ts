// tuples
type Pair = [string, number];
const ps: Pair[] = [["a", 1], ["b", 2]];
const m = new Map<string, number>(ps);
const [name, n] = ps[1]!;
console.log(name, n, m.get("a"), ps.map(([k, v]) => `${k}${v}`).join());

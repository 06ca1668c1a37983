// ?. and ?? and their assignments
type N = { name?: string; next?: N; list?: number[]; f?: (n: number) => number };
const n: N = { next: { name: "in", list: [1, 2], f: (x) => x * 2 } };
let s: string | undefined = undefined;
s ??= "set";
let z = 0;
z ||= 5;
let t = "keep";
t &&= "changed";
console.log(n.name ?? "none", n.next?.name, n.next?.next?.name ?? "deep none", n.next?.list?.[1], n.next?.f?.(4), n.f?.(4) ?? "no f", s, z, t, 0 ?? 1, "" || "empty");

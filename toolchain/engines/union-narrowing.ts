// narrowing by typeof, null, truthiness, in
function describe(x: string | number | null | undefined | string[]): string {
  if (x === null) return "null";
  if (x === undefined) return "undefined";
  if (typeof x === "string") return `s${x.length}`;
  if (typeof x === "number") return `n${x + 1}`;
  return `a${x.length}`;
}
console.log(["ab", 4, null, undefined].map(describe).join(), describe(["x"]));
type A = { a: number } | { b: string };
const f = (v: A): string => ("a" in v ? `a${v.a}` : `b${v.b}`);
console.log(f({ a: 1 }), f({ b: "x" }));

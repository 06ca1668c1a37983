// unknown values, checked casts
function show(u: unknown): string {
  if (typeof u === "string") return `s:${u}`;
  if (typeof u === "number") return `n:${u}`;
  if (Array.isArray(u)) return `a:${u.length}`;
  if (u === null) return "null";
  return typeof u;
}
const parsed: unknown = JSON.parse("[1,2]");
console.log(show("x"), show(1), show(parsed), show(null), show(true));

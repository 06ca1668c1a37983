// JSON.parse into a declared shape, and its errors
const v = JSON.parse('{"a":[1,2,3],"s":"\\u00e9\\n","n":{"k":-1.5e2},"b":true}') as { a: number[]; s: string; n: { k: number }; b: boolean };
console.log(v.a.length, v.s, v.n.k, v.b);
for (const bad of ["{", "[1,]", "nul", "1 2", "\"\\x\""]) {
  try { JSON.parse(bad); console.log("parsed", bad); } catch (e) { console.log("refused", bad, e instanceof SyntaxError); }
}

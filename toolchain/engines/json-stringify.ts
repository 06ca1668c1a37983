// JSON.stringify: order, nesting, indentation, what is left out
const o = { b: 1, a: [1.5, "x\n\"q\"", true, null], u: undefined as number | undefined, n: { z: "é" } };
console.log(JSON.stringify(o));
console.log(JSON.stringify([1, NaN, "s"]), JSON.stringify("a\u0001b/"), JSON.stringify({ a: { b: [] as number[] } }, null, 2));

// for-in over a record and an array
const r: Record<string, number> = { b: 1, a: 2 };
for (const k in r) console.log(k, r[k]);
for (const i in ["x", "y"]) console.log(i);

// records with computed keys: in, delete, order
const r: Record<string, number> = {};
r["z"] = 1;
r["a"] = 2;
r["z"] = 3;
delete r["a"];
r["m"] = 4;
console.log(Object.keys(r).join(), "z" in r, "a" in r, r["a"] === undefined, Object.entries(r).length);

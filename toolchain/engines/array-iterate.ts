// for-of with index, entries, forEach, modification while iterating
const a = ["x", "y"];
for (const [i, v] of a.entries()) console.log(i, v);
a.forEach((v, i, all) => { console.log(v, i, all.length); });
const grow = [1];
for (const x of grow) if (x < 4) grow.push(x + 1);
console.log(grow.join());

// map, filter, reduce, flatMap, flat, concat, reverse, fill, from
const a = [1, 2, 3];
console.log(a.map((x, i) => x * i).join(), a.filter((x) => x !== 2).join(), a.reduce((s, x) => s + x, 10), a.flatMap((x) => [x, x]).join());
console.log([[1], [2, 3]].flat().join(), a.concat([4], [5, 6]).join(), [...a].reverse().join(), new Array<number>(3).fill(7).join(), Array.from({ length: 3 }, (_, i) => i * i).join(), Array.from(new Set(["x", "y"])).join());

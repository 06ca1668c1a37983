// indexOf, lastIndexOf, includes, find, findIndex, some, every, at
const a = [5, 3, 5, NaN];
console.log(a.indexOf(5), a.lastIndexOf(5), a.indexOf(9), a.indexOf(NaN), a.includes(NaN));
console.log(a.find((x) => x < 5), a.findIndex((x) => x === 3), a.find((x) => x > 50) === undefined, a.some((x) => x > 4), a.every((x) => x > 0), a.at(-2), a.at(9) === undefined);

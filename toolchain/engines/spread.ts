// spread in arrays, records and calls
const a = [1, 2];
const b = [0, ...a, ...new Set([7, 7]), 9];
const r = { x: 1, y: 2 };
const s = { ...r, y: 3, z: 4 };
const nums: number[] = [4, 8, 2];
console.log(b.join(), s.x, s.y, s.z, r.y, Math.max(...nums), [..."ab"].join("-"));

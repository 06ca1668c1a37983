// destructuring of arrays, records, parameters, with rest and defaults
const [a, , c, ...rest] = [1, 2, 3, 4, 5];
const { x, y: renamed, z = "dz" }: { x: number; y: string; z?: string } = { x: 1, y: "why" };
function f({ p, q }: { p: number; q: number }, [r]: number[]): number { return p * q + (r ?? 0); }
let m = 1;
let n = 2;
[m, n] = [n, m];
console.log(a, c, rest.length, x, renamed, z, f({ p: 2, q: 3 }, [4]), m, n);

// destructuring of arrays, records, parameters, with defaults and rest
const [a, , c = 9, ...rest] = [1, 2, undefined, 4, 5];
const { x, y: renamed, z = "dz" }: { x: number; y: string; z?: string } = { x: 1, y: "why" };
function f({ p, q }: { p: number; q: number }, [r]: number[]): number { return p * q + (r ?? 0); }
let m = 1;
let n = 2;
[m, n] = [n, m];
console.log(a, c, rest.join(), x, renamed, z, f({ p: 2, q: 3 }, [4]), m, n);

// default, optional and rest parameters
function f(a: number, b: number = a * 2, c?: string): string { return `${a} ${b} ${c ?? "-"}`; }
function sum(first: number, ...rest: number[]): number { let s = first; for (const r of rest) s += r; return s; }
console.log(f(1), f(1, 5), f(1, 5, "x"), sum(1), sum(1, 2, 3));

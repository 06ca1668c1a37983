// arguments, operands and indexes are evaluated from left to right
const log: string[] = [];
function v(name: string, n: number): number { log.push(name); return n; }
function add(a: number, b: number, c: number): number { return a + b + c; }
const arr = [0, 0, 0];
arr[v("index", 1)] = v("value", 5);
console.log(add(v("a", 1), v("b", 2), v("c", 3)), v("l", 1) - v("r", 2), arr.join(), log.join());

// push, pop, shift, unshift and their results
const a: number[] = [];
console.log(a.push(1, 2, 3), a.unshift(0), a.shift(), a.pop(), a.length, a.join());
const empty: number[] = [];
console.log(empty.pop() === undefined, empty.shift() === undefined, empty.length);

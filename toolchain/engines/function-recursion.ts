// deep and mutual recursion
function fib(n: number): number { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
function even(n: number): boolean { return n === 0 ? true : odd(n - 1); }
function odd(n: number): boolean { return n === 0 ? false : even(n - 1); }
function depth(n: number): number { return n === 0 ? 0 : 1 + depth(n - 1); }
console.log(fib(20), even(10), odd(7), depth(5000));

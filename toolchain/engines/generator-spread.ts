// a generator spread into an array
function* count(n: number): Generator<number> { for (let i = 0; i < n; i++) yield i * i; }
console.log([...count(4)].join());

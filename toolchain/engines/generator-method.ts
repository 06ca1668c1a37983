// generator methods and Symbol.iterator
class Range { readonly n: number; constructor(n: number) { this.n = n; } *[Symbol.iterator](): Generator<number> { for (let i = 0; i < this.n; i++) yield i; } }
console.log([...new Range(3)].join());

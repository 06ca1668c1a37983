// this in a method of an object literal
const o = { n: 1, f(): number { return this.n; } };
console.log(o.f());

// ++ and -- as statements and inside expressions
let x = 0;
const a = [10, 20, 30];
console.log(a[x++], x, a[++x], x--, x);
class C { n = 0; next(): number { return this.n++; } }
const c = new C();
console.log(c.next(), c.next(), c.n);

// a method taken off its object
class A { n = 1; f(): number { return this.n; } }
const a = new A();
const g = a.f.bind(a);
console.log(g());

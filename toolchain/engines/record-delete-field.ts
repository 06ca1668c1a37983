// delete of a class field
class A { n?: number = 1; }
const a = new A();
delete a.n;
console.log(a.n, "n" in a);

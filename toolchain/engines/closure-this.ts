// arrow functions keep `this`
class Sum {
  total = 0;
  addAll(xs: number[]): number { const add = (x: number): void => { this.total = this.total + x; }; for (const x of xs) add(x); return this.total; }
}
console.log(new Sum().addAll([1, 2, 3]));

// forEach with an arrow function that changes a field
class Sum {
  total = 0;
  addAll(xs: number[]): number { xs.forEach((x) => { this.total += x; }); return this.total; }
}
console.log(new Sum().addAll([1, 2, 3]));

// abstract class as the type of its children
abstract class Shape {
  abstract area(): number;
  describe(): string { return `${this.name()} ${this.area()}`; }
  name(): string { return "shape"; }
}
class Square extends Shape {
  readonly a: number;
  constructor(a: number) { super(); this.a = a; }
  area(): number { return this.a * this.a; }
  name(): string { return "square"; }
}
class Point extends Shape { area(): number { return 0; } }
const shapes: Shape[] = [new Square(3), new Point()];
for (const s of shapes) console.log(s.describe());

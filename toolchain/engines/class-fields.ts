// class fields, constructor, methods that change them
class Counter {
  count: number = 0;
  readonly step: number;
  constructor(step: number) { this.step = step; }
  next(): number { this.count = this.count + this.step; return this.count; }
}
const c = new Counter(3);
console.log(c.next(), c.next(), c.count, c.step);

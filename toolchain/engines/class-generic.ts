// generic classes
class Stack<T> {
  private items: T[] = [];
  push(x: T): void { this.items.push(x); }
  pop(): T | undefined { return this.items.pop(); }
  get size(): number { return this.items.length; }
}
const n = new Stack<number>();
n.push(1);
n.push(2);
const s = new Stack<string>();
s.push("x");
console.log(n.pop(), n.size, s.pop(), s.pop(), s.size);

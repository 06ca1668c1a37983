// a parent's constructor calls the child's method before the child's fields are set
class Parent {
  seen: string[] = [];
  constructor() { this.start(); }
  start(): void { this.seen.push("parent"); }
}
class Child extends Parent {
  start(): void { this.seen.push("child"); }
}
console.log(new Child().seen.join());

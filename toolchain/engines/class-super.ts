// super.method() and super constructor through three levels
class A {
  readonly log: string[];
  constructor(log: string[]) { this.log = log; log.push("A"); }
  say(x: string): string { return `A(${x})`; }
}
class B extends A {
  constructor(log: string[]) { super(log); log.push("B"); }
  say(x: string): string { return `B(${super.say(x)})`; }
}
class C extends B {
  constructor(log: string[]) { super(log); log.push("C"); }
  say(x: string): string { return `C(${super.say(`${x}!`)})`; }
}
const c = new C([]);
console.log(c.say("x"), c.log.join(""));
const asA: A = c;
console.log(asA.say("y"));

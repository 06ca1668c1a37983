// #private fields and methods, compound assignment on them
class Box {
  #items: string[] = [];
  #total = 0;
  add(s: string): void { this.#items.push(s); this.#total += s.length; this.#check(); }
  #check(): void { if (this.#total > 5) this.#items.push("!"); }
  text(): string { return `${this.#items.join("|")} ${this.#total}`; }
}
const b = new Box();
b.add("ab");
b.add("cdef");
console.log(b.text());

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

// an override that only fails through what it calls, seen by a caller of the base type
abstract class Source { abstract text(name: string): string; }
class Refusing extends Source {
  private readonly known: string;
  constructor(known: string) { super(); this.known = known; }
  text(name: string): string { return this.looked(name) + "."; }
  private looked(name: string): string {
    if (name !== this.known) throw new Error(`no ${name}`);
    return name;
  }
}
class Longer {
  private readonly source: Source;
  constructor(source: Source) { this.source = source; }
  lines(names: string[]): string[] {
    const out: string[] = [];
    for (const n of names) {
      const text = this.source.text(n);
      const copy = text;
      out.push(`${copy} ${text.length}`);
    }
    return out;
  }
}
for (const names of [["a", "a"], ["a", "b"], ["c"]]) {
  try {
    console.log(new Longer(new Refusing("a")).lines(names).join("|"));
  } catch (e) {
    console.log(e instanceof Error ? e.message : "?");
  }
}

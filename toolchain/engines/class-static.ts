// static fields and methods
class Registry {
  static made = 0;
  static names: string[] = [];
  static make(name: string): Registry { Registry.made = Registry.made + 1; Registry.names.push(name); return new Registry(name); }
  readonly name: string;
  constructor(name: string) { this.name = name; }
}
console.log(Registry.make("a").name, Registry.make("b").name, Registry.made, Registry.names.join());

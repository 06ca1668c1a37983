// instanceof along the hierarchy, narrowing by it
class Animal { legs(): number { return 4; } }
class Bird extends Animal { legs(): number { return 2; } sing(): string { return "tweet"; } }
const list: Animal[] = [new Animal(), new Bird()];
for (const a of list) {
  if (a instanceof Bird) console.log(a.sing(), a.legs());
  else console.log("silent", a.legs(), a instanceof Animal);
}

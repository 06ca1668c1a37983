// a function-typed field called directly
class Button { readonly onPress: (n: number) => string; constructor(f: (n: number) => string) { this.onPress = f; } press(): string { return this.onPress(5); } }
console.log(new Button((n) => `pressed ${n}`).press());
type Step = { name: string; run: (n: number) => number };
const steps: Step[] = [{ name: "double", run: (n) => n * 2 }, { name: "inc", run: (n) => n + 1 }];
let v = 5;
for (const s of steps) v = s.run(v);
console.log(v);

// functions as values in an array and a record
const ops: { name: string; f: (a: number, b: number) => number }[] = [
  { name: "add", f: (a, b) => a + b }, { name: "mul", f: (a, b) => a * b },
];
console.log(ops.map((o) => `${o.name}=${o.f(3, 4)}`).join(" "));

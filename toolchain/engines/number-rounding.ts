// a product is rounded before something is added to it
let x = 1;
const out: string[] = [];
for (let i = 0; i < 200; i++) {
  x = (x * 1103515245 + 12345) % 2147483648;
  out.push(String(x / (i + 1) * (i % 7 === 0 ? 1e200 : i % 5 === 0 ? 1e-200 : 1)));
}
console.log(out.join("\n"));

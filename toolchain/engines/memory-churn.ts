// many short strings and arrays made and dropped
let n = 0;
for (let i = 0; i < 50000; i++) {
  const parts = `key${i}=value${i}`.split("=");
  const m = new Map<string, string>([[parts[0]!, parts[1]!]]);
  n += m.get(`key${i}`)!.length;
}
console.log(n);

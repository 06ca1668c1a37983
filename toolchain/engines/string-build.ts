// a long string built piece by piece
const parts: string[] = [];
let s = "";
for (let i = 0; i < 2000; i++) { parts.push(String(i)); s += String(i % 10); }
console.log(parts.join("").length, s.length, s.slice(-3));

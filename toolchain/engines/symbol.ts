// symbols
const s = Symbol("a");
console.log(s.toString(), typeof s, Symbol("a") === s);

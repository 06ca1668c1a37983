// slice, substring, charAt, at, indexOf with offsets
const s = "container";
console.log(s.slice(0, 3), s.slice(-3), s.slice(3, -2), s.substring(5, 2), s.charAt(1), s.charAt(99) === "", s.at(-1), s.indexOf("n"), s.indexOf("n", 3), s.lastIndexOf("n"), s.indexOf("zz"), s.length);

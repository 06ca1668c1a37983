// length and slices count UTF-16 units, iteration counts characters
const s = "aé漢😀z";
console.log(s.length, [...s].length, s.slice(0, 3), s.indexOf("z"), [...s].join("|"), s.toUpperCase());
for (const ch of "h😀") console.log(ch, ch.length);

// comparison by code unit, equality
console.log("a" < "b", "Z" < "a", "10" < "9", "" < "a", "abc" === ["a", "bc"].join(""), "é" > "z");
console.log(["b", "a", "é", "B"].sort((x, y) => (x < y ? -1 : x > y ? 1 : 0)).join(""));

// split by text, by nothing, with limit, empty pieces
console.log("a,b,,c".split(",").length, "a,b,,c".split(",").join("|"), "abc".split("").join("-"), "abc".split("x").length, "".split(",").length, "a:b:c".split(":", 2).join("|"));

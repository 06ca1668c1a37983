// replace and replaceAll
console.log("a-b-c".replace("-", "+"), "a-b-c".replaceAll("-", "+"));

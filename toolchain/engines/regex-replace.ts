// regular expressions: replace, split, global match
console.log("a1b22".replace(/\d+/g, "#"), "a, b;c".split(/[,;]\s*/).join("|"), [..."k=v;x=y".matchAll(/(\w)=(\w)/g)].map((m) => m[1]).join());

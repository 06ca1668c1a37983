// Math
console.log(Math.floor(-1.5), Math.ceil(-1.5), Math.round(-1.5), Math.round(2.5), Math.trunc(1.9), Math.abs(-3), Math.min(1, 2, -3), Math.max(1, 2), Math.min() === Infinity, Math.sqrt(2), Math.sign(-4), Math.hypot(3, 4), Math.log2(8), Math.clz32(1), Math.imul(3, 4));

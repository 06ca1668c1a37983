// Uint8Array.fill
console.log(new Uint8Array(3).fill(9, 1).join());

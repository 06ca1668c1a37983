// Uint8Array.set from an array of numbers
const b = new Uint8Array(4);
b.set([4, 5], 2);
console.log(b[2], b[3]);

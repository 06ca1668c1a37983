// Uint8Array: wrapping, slices, views, set, fill, copy
const b = new Uint8Array([1, 255, 256, -1]);
const v = b.subarray(1, 3);
v[0] = 7;
const s = b.slice(0, 2);
s[0] = 99;
b.set([4, 5], 2);
console.log(b.join(), v.join(), s.join(), new Uint8Array(3).fill(9, 1).join(), b.length, b.indexOf(5), Array.from(b).length);

// Uint8Array: wrapping, slices, views, set, copy
const b = new Uint8Array([1, 255, 256, -1]);
const v = b.subarray(1, 3);
v[0] = 7;
const s = b.slice(0, 2);
s[0] = 99;
b.set(new Uint8Array([4, 5]), 2);
let text = "";
for (let i = 0; i < b.length; i++) text += `${b[i]} `;
console.log(text, v[0], v.length, s[0], s.length, b.byteLength, new Uint8Array(3)[2]);

// reading past the end of a Uint8Array: known difference, the program is stopped
const b = new Uint8Array(2);
let i = 1;
for (let k = 0; k < 5; k++) i += k;
console.log("before");
console.log(b[i]);

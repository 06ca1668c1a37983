// slice and splice with positive, negative and missing arguments
const a = [0, 1, 2, 3, 4, 5];
console.log(a.slice(1, 3).join(), a.slice(-2).join(), a.slice(4, 2).length, a.slice().length);
const gone = a.splice(1, 2, 11, 12, 13);
console.log(gone.join(), a.join());
a.splice(-1, 1);
a.splice(2);
console.log(a.join());

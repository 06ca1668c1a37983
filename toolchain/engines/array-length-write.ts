// an array cut by its length, elements read past the end
const a = [1, 2, 3];
a.length = 1;
console.log(a.join(), a[5] === undefined, a.length);
a[0] = 9;
console.log(a.join());

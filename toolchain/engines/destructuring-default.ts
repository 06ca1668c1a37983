// a default for an element that is undefined
const [a, b = 9] = [1, undefined];
console.log(a, b);

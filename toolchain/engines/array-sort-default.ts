// sort without a comparator compares texts, also of numbers
const n = [10, 9, 1, 100];
n.sort();
console.log(n.join());

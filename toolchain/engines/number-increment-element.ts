// ++ on an element inside an expression
const a = [1, 2];
const b = a[0]++;
console.log(b, a[0]);

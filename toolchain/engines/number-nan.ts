// NaN compares with nothing and prints as NaN
const x = NaN;
console.log(x === x, x < 1, x > 1, Number.isNaN(x), [NaN].indexOf(NaN), Object.is(x, NaN), Object.is(0, -0), 0 === -0, `${x}`, isNaN(Number("abc")));

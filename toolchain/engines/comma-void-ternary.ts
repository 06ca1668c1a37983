// nested ternaries, void, comma, exponent, precedence
const f = (n: number): string => (n < 0 ? "neg" : n === 0 ? "zero" : n < 10 ? "small" : "big");
console.log([-1, 0, 5, 50].map(f).join(), -(2 ** 2), 2 + 3 * 4 % 5, 1 + 2 + "3" + 4, !0 === true, typeof void 0, 5 > 3 && 2 > 1 || false);

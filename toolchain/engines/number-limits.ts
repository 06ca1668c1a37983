// the edges of the number type
console.log(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, Number.EPSILON > 0, Number.MAX_VALUE, 2 ** 53 + 1, 0.1 * 3, 1e308 * 10, 9007199254740992 + 1);

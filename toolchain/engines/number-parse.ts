// Number(), parseInt, parseFloat
console.log(Number("12"), Number(" 12 "), Number(""), Number("1e3"), Number("0x1f"), Number("12x"), Number("-"), parseInt("12px", 10), parseInt("ff", 16), parseInt("", 10), parseFloat("1.5e2x"), parseFloat("."));
console.log(Number("9007199254740993"), Number("1e400"), Number("-0"), Number(true), Number.isInteger(5.0), Number.isSafeInteger(2 ** 53), Number.isNaN(NaN), Number.isFinite(1 / 0));

// Number.parseInt and Number.parseFloat
console.log(Number.parseInt("12", 10), Number.parseFloat("1.5"));

// number keys: NaN is equal to itself, -0 is 0
const m = new Map<number, string>();
m.set(NaN, "nan");
m.set(-0, "zero");
m.set(1.5, "half");
console.log(m.get(NaN), m.get(0), m.get(1.5), m.size);

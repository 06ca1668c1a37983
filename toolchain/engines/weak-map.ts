// WeakMap
const k = {};
const w = new WeakMap<object, number>([[k, 1]]);
console.log(w.get(k));

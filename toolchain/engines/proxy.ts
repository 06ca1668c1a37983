// Proxy
const p = new Proxy({ a: 1 }, { get: () => 42 });
console.log(p.a);

// records: nested, compared by identity, keys in order
const a = { x: 1, inner: { y: "s", list: [1, 2] } };
a.inner.list.push(3);
a.x += 1;
console.log(a.x, a.inner.list.length, Object.keys(a).join(), Object.keys(a.inner).join());
for (const [k, v] of Object.entries({ b: 1, a: 2 })) console.log(k, v);
console.log(Object.values({ p: "q", r: "s" }).join());

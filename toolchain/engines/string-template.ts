// template literals with every kind of value
const o = { n: 1.5, t: true, u: undefined as string | undefined, z: null as string | null };
console.log(`${o.n} ${o.t} ${o.u} ${o.z} ${[1, 2]} ${-0} ${1e21} ${"nested ${x}".length}`);
console.log(`two
lines`);

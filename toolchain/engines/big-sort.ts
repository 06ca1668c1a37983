// sorting twenty thousand records
type R = { k: number; s: string };
const rs: R[] = [];
let x = 12345;
for (let i = 0; i < 20000; i++) { x = (x * 1103 + 12347) % 65521; rs.push({ k: x, s: `n${x % 97}` }); }
rs.sort((a, b) => (a.s < b.s ? -1 : a.s > b.s ? 1 : a.k - b.k));
console.log(rs[0]!.s, rs[0]!.k, rs[19999]!.s, rs[19999]!.k, rs.length);

// reference cycles made and dropped a hundred thousand times
class Link { other: Link | null = null; data: number[] = [1, 2, 3, 4]; }
let sum = 0;
for (let i = 0; i < 100000; i++) {
  const a = new Link();
  const b = new Link();
  a.other = b;
  b.other = a;
  sum += a.other.data.length;
}
console.log(sum);

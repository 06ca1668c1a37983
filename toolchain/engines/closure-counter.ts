// closures keep their own variables
function counter(start: number): () => number {
  let n = start;
  return () => { n += 1; return n; };
}
const a = counter(0);
const b = counter(10);
console.log(a(), a(), b(), a());

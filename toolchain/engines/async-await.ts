// async functions, order of microtasks
async function f(n: number): Promise<number> { await null; return n * 2; }
async function main(): Promise<void> {
  console.log("start");
  const [a, b] = await Promise.all([f(1), f(2)]);
  console.log(a, b);
  try { await Promise.reject(new Error("no")); } catch (e) { console.log((e as Error).message); }
}
void main().then(() => { console.log("done"); });
console.log("sync");

// generic functions, higher-order functions
function first<T>(xs: T[], ok: (x: T) => boolean): T | undefined { for (const x of xs) if (ok(x)) return x; return undefined; }
function compose<A, B, C>(f: (a: A) => B, g: (b: B) => C): (a: A) => C { return (a) => g(f(a)); }
console.log(first([1, 2, 3], (x) => x > 1), first(["a"], (x) => x === "b") ?? "none");
console.log(compose((n: number) => n + 1, (n: number) => `<${n}>`)(4));

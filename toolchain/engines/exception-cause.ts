// Error with a cause
const e = new Error("outer", { cause: new Error("inner") });
console.log(e.message, e.cause instanceof Error);

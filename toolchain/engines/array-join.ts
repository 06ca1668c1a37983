// join of empty, of undefined and null, of one
const a: (string | undefined | null)[] = ["a", undefined, null, "b"];
const none: string[] = [];
console.log(a.join("-"), `[${none.join()}]`, ["x"].join("-"), [1.5, -0, NaN].join(";"), [true, false].join());

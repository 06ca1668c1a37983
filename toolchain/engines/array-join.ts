// join of empty, of undefined and null, nested
const a: (string | undefined | null)[] = ["a", undefined, null, "b"];
const none: string[] = [];
console.log(a.join("-"), `[${none.join()}]`, ["x"].join("-"), [[1, 2], [3]].join(";"));

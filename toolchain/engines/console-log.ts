// console.log of arrays, records, instances, nested values
console.log([1, 2, 3], ["a"], { a: 1, b: "x" }, [], {}, null, undefined, true);
console.log({ nested: { list: [1, { x: "y" }] } });
console.log("%s is %d", "x", 5);

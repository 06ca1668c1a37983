// sort with a comparator is stable and returns the array
type P = { name: string; age: number };
const people: P[] = [{ name: "c", age: 2 }, { name: "a", age: 1 }, { name: "b", age: 2 }, { name: "d", age: 1 }];
people.sort((x, y) => x.age - y.age);
console.log(people.map((p) => p.name).join(""));
const n = [10, 9, 1, 100];
n.sort((a, b) => a - b);
console.log(n.join(), ["b", "a", "C"].sort().join(), [3, 1, 2].toSorted((a, b) => b - a).join());

// join of arrays of arrays
console.log([[1, 2], [3]].join(";"));

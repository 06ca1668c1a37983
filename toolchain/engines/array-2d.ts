// arrays of arrays share and copy
const row = [0, 0];
const grid = [row, row, [...row]];
grid[0]![1] = 5;
console.log(grid.map((r) => r.join("")).join("/"));

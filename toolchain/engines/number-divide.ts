// division, remainder, integer division
console.log(7 / 2, Math.floor(7 / 2), Math.trunc(-7 / 2), -7 % 3, 7 % -3, 5.5 % 2, 1 / 0, -1 / 0, 0 / 0, 2 ** 10, (-2) ** 3, 2 ** -1);

// process.exitCode
process.exitCode = 3;
console.log("argv", process.argv.length - 2);

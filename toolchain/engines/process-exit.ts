// process.exit with a status, in the middle
console.log("before");
process.exit(7);
console.log("never");

// process.stdout.write without a newline, mixed with console.log
process.stdout.write("a");
console.log("b");
process.stdout.write("c\n");
console.error("to stderr, not compared");

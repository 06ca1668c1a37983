// an uncaught error ends the program with status 1
console.log("before");
function fail(): void { throw new Error("nobody catches this"); }
fail();
console.log("never");

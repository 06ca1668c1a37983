// names that shadow, blocks, hoisting, C keywords as names
const int = 1;
let double = int + 1;
function register(volatile: number): number { const static1 = volatile * 2; { const int = 100; double += int; } return static1 + int; }
const NULL = "null name";
const errno = hoisted(3);
function hoisted(n: number): number { return n * 3; }
console.log(register(5), double, NULL, errno);

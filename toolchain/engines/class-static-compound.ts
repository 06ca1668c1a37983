// compound assignment to a static field
class Counter { static n = 1; static add(): number { Counter.n += 2; return Counter.n; } }
console.log(Counter.add());

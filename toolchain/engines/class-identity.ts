// two names for one instance, equality by identity
class Node1 { value: number; next: Node1 | null = null; constructor(v: number) { this.value = v; } }
const a = new Node1(1);
const b = new Node1(2);
a.next = b;
b.next = a;
const alias = a.next.next;
if (alias !== null) alias.value = 10;
console.log(a.value, a === alias, a === b, a.next === b);

// an interface-typed variable that holds a class instance
interface Speaker { say(): string }
class Dog { say(): string { return "woof"; } }
const s: Speaker = new Dog();
console.log(s.say());

// setTimeout order, clearTimeout
setTimeout(() => { console.log("late"); }, 20);
setTimeout(() => { console.log("soon"); }, 1);
const t = setTimeout(() => { console.log("never"); }, 5);
clearTimeout(t);
console.log("now");

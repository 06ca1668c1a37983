// switch on strings and numbers, fall-through, default in the middle
function f(s: string): string {
  let out = "";
  switch (s) {
    case "a":
    case "b": out += "ab";
    case "c": out += "c"; break;
    default: out += "?"; break;
    case "d": out += "d";
  }
  return out;
}
console.log(["a", "b", "c", "d", "e"].map(f).join());

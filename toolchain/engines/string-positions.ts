// positions in strings of all short lengths, plain ASCII or with one other character: length, charCodeAt, indexOf, slice
const others = ["", "é", "€", "😀"];
let sum = 0;
function add(n: number): void {
  sum = (sum * 31 + n) % 1000000007;
}
for (let n = 0; n < 150; n += n < 20 ? 1 : 13) {
  for (const other of others) {
    for (let place = 0; place <= n; place += 1 + (n - n % 4) / 4) {
      const s = "abcdefghij".repeat(15).slice(0, place) + other + "klmnopqrst".repeat(15).slice(0, n - place);
      add(s.length);
      for (let i = -2; i < s.length + 2; i += 3) {
        const code = s.charCodeAt(i);
        add(Number.isNaN(code) ? 7 : code);
        const part = s.slice(i, i + 9);
        if (other !== "😀") add(part.length + s.indexOf(part, i - 3) + 2);
        add(s.indexOf("st", i) + s.indexOf("a", i) + s.indexOf("", i) + 5);
      }
      add(s.slice(-5).length + s.slice(2, -3).length + s.slice(4, Infinity).length + s.slice(0.5, 7.9).length + s.slice(NaN, 6).length);
    }
  }
}
console.log(sum);
const long = `${"line of a long text\n".repeat(400)}é${"last\n".repeat(3)}`;
console.log(long.indexOf("last"), long.indexOf("é"), long.indexOf("text\né"), long.indexOf("line", 40), long.indexOf("line", 7990), long.indexOf("nothing"), long.slice(7985, 8003));
// texts of the program itself, longer than what is looked at each time
const PLAIN = "the quick brown fox jumps over the lazy dog|the quick brown fox jumps over the lazy dog|the quick brown fox jumps over the lazy dog|and back again|";
const OTHER = "the quick brown fox jumps over the lazy dog|the quick brown fox jumps over the lazy cät|the quick brown fox jumps over the lazy dog|and back again|";
const MARKS = "the quick brown fox jumps over the lazy dog|the quick brown fox jumps over the lazy 😀t|the quick brown fox jumps over the lazy dog|and back again|";
for (const s of [PLAIN, OTHER, MARKS, PLAIN]) {
  let at = 0;
  let seen = "";
  for (let next = s.indexOf("|", at); next >= 0; next = s.indexOf("|", at)) {
    seen += `${at}-${next} ${s.slice(at + 1, next - 1)} ${s.slice(next - 3, next)} ${s.charCodeAt(next - 2)};`;
    at = next + 1;
  }
  console.log(s.length, seen, s.indexOf("and back"), s.indexOf("jumps", 70), s.indexOf("again", 400), s.slice(130), s.slice(80, 90), s.charCodeAt(s.length), s.indexOf("dog", 88));
}

// getters and setters
class Temperature {
  private c: number = 0;
  get fahrenheit(): number { return this.c * 9 / 5 + 32; }
  set fahrenheit(f: number) { this.c = (f - 32) * 5 / 9; }
  get celsius(): number { return this.c; }
}
const t = new Temperature();
t.fahrenheit = 212;
console.log(t.celsius, t.fahrenheit);

// fields of every kind, defaults, optional ones
class Record1 {
  flag: boolean = true;
  text: string = "t";
  list: number[] = [1];
  map: Map<string, number> = new Map([["a", 1]]);
  maybe: string | undefined = undefined;
  other: Record1 | null = null;
}
const r = new Record1();
const o = new Record1();
o.list.push(2);
r.other = o;
r.maybe = "set";
console.log(r.flag, r.text, r.list.length, r.other.list.length, r.map.get("a"), r.maybe ?? "none", o.maybe ?? "none");

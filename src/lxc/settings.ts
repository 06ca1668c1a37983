/**
 * Names with a value each, as they were last set: text, number, and where. A
 * name set again keeps its place in the order. One that was never set, or was
 * dropped, answers with the caller's default.
 */
export class Settings {
  private names: string[] = [];
  private texts: string[] = [];
  private numbers: number[] = [];
  private places: string[] = [];

  /** place: "web/lxc.container.conf:12 lxc.tty.max". */
  put(name: string, text: string, number: number, place: string): void {
    let i = this.names.indexOf(name);
    if (i < 0) {
      i = this.names.length;
      this.names.push(name);
      this.texts.push(text);
      this.numbers.push(number);
      this.places.push(place);
    }
    this.texts[i] = text;
    this.numbers[i] = number;
    this.places[i] = place;
  }

  drop(name: string): void {
    const i = this.names.indexOf(name);
    if (i < 0) return;
    this.names.splice(i, 1);
    this.texts.splice(i, 1);
    this.numbers.splice(i, 1);
    this.places.splice(i, 1);
  }

  dropAll(): void {
    this.names = [];
    this.texts = [];
    this.numbers = [];
    this.places = [];
  }

  count(): number {
    return this.names.length;
  }

  nameAt(i: number): string {
    return this.names[i]!;
  }

  textAt(i: number): string {
    return this.texts[i]!;
  }

  numberAt(i: number): number {
    return this.numbers[i]!;
  }

  placeAt(i: number): string {
    return this.places[i]!;
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  /** Where the name was set; "" when it was not. */
  place(name: string): string {
    const i = this.names.indexOf(name);
    return i < 0 ? "" : this.places[i]!;
  }

  text(name: string): string {
    const i = this.names.indexOf(name);
    return i < 0 ? "" : this.texts[i]!;
  }

  number(name: string, otherwise: number): number {
    const i = this.names.indexOf(name);
    return i < 0 ? otherwise : this.numbers[i]!;
  }

  /** 0/1 values. */
  flag(name: string, otherwise: boolean): boolean {
    return this.number(name, otherwise ? 1 : 0) === 1;
  }
}

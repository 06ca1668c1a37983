/**
 * How many containers are being started at once: a revision of a hundred must
 * not need the memory and the workers of a hundred starts. Names only.
 */

/** More would only wait for each other: a start is mounting, and a clone. */
const AT_ONCE = 8;

export class Turns {
  private readonly starting: string[] = [];
  private readonly waiting: string[] = [];

  /** Asks for a turn; next() says when it has come. */
  ask(name: string): void {
    if (!this.starting.includes(name) && !this.waiting.includes(name)) this.waiting.push(name);
  }

  /** Its start is over, or is not wanted any more. */
  leave(name: string): void {
    const started = this.starting.indexOf(name);
    if (started >= 0) this.starting.splice(started, 1);
    const waiting = this.waiting.indexOf(name);
    if (waiting >= 0) this.waiting.splice(waiting, 1);
  }

  /** Who begins now, first come first served; "" when nobody can. */
  next(): string {
    if (this.waiting.length === 0 || this.starting.length >= AT_ONCE) return "";
    const name = this.waiting.shift()!;
    this.starting.push(name);
    return name;
  }
}

/**
 * What a device has printed: collected, searchable, awaitable. Knows nothing
 * of QEMU; fed by whoever holds the serial line.
 */

/** A text that must be in a line, or an expression a line must match. */
export type Pattern = string | RegExp;

type Waiter = { pattern: Pattern; from: number; done: (line: string) => void; refuse: (e: Error) => void; timer: NodeJS.Timeout };

export class Console {
  private collected = "";
  private readonly waiters = new Set<Waiter>();
  private closedBy: string | undefined;

  /** All that was printed, without carriage returns. */
  get text(): string {
    return this.collected;
  }

  /** A position to search from: everything printed so far is before it. */
  mark(): number {
    return this.collected.length;
  }

  add(chunk: string): void {
    this.collected += chunk.replaceAll("\r", "");
    for (const w of this.waiters) {
      const line = this.find(w.pattern, w.from);
      if (line !== undefined) this.settle(w, () => w.done(line));
    }
  }

  /** Nothing more will come: those who still wait are told, with the end of what was printed. */
  close(why: string): void {
    this.closedBy = why;
    for (const w of this.waiters) this.settle(w, () => w.refuse(this.missing(w.pattern, why)));
  }

  /** First line from a position on that has the pattern; the last, unfinished line counts. */
  find(pattern: Pattern, from: number = 0): string | undefined {
    return this.collected.slice(from).split("\n").find((l) => (typeof pattern === "string" ? l.includes(pattern) : pattern.test(l)));
  }

  /** All lines that have the pattern. */
  findAll(pattern: Pattern): string[] {
    return this.collected.split("\n").filter((l) => (typeof pattern === "string" ? l.includes(pattern) : pattern.test(l)));
  }

  /** The line with the pattern, as soon as it is there. Rejects at the deadline or when the device has ended. */
  waitFor(pattern: Pattern, deadlineMs: number, from: number = 0): Promise<string> {
    const there = this.find(pattern, from);
    if (there !== undefined) return Promise.resolve(there);
    if (this.closedBy !== undefined) return Promise.reject(this.missing(pattern, this.closedBy));
    return new Promise((done, refuse) => {
      const w: Waiter = { pattern, from, done, refuse, timer: setTimeout(() => this.settle(w, () => refuse(this.missing(pattern, `not within ${deadlineMs} ms`))), deadlineMs) };
      this.waiters.add(w);
    });
  }

  private settle(w: Waiter, act: () => void): void {
    clearTimeout(w.timer);
    this.waiters.delete(w);
    act();
  }

  private missing(pattern: Pattern, why: string): Error {
    const tail = this.collected.split("\n").slice(-40).join("\n");
    return new Error(`console never showed ${typeof pattern === "string" ? JSON.stringify(pattern) : String(pattern)}: ${why}\n--- last lines ---\n${tail}`);
  }
}

/**
 * A running demo, wherever it runs: a booted board or the daemon on this
 * machine. What `npm start` and the smoke test need of it, and nothing else.
 */
import type { Console } from "../qemu/console.ts";

/** One thing looked at, and how it came out. */
export type Check = { says: string; ok: boolean; detail: string };

export abstract class DemoMachine {
  /** "armv7", "aarch64", "this machine". */
  abstract readonly name: string;
  /** A device with a kernel of its own; otherwise a daemon on this machine. */
  abstract readonly isBooted: boolean;
  abstract readonly console: Console;
  /** Where the page of "web" is reached from here, with a closing "/". */
  abstract readonly url: string;
  /** Resolves when it has ended, with how ("poweroff", "reboot", "panic", …). */
  abstract readonly ended: Promise<string>;
  /** Ends it at once, whatever it does, and cleans up. Harmless when it has ended. */
  abstract kill(): Promise<void>;
  /** What must be true after an orderly end. */
  abstract checksAfterEnd(): Check[];

  /** The containers as the manager reports them, through the page; undefined while the page isn't there. */
  async containers(): Promise<ContainerStatus[] | undefined> {
    const text = await this.fetchText("cgi-bin/ps?json");
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as ContainerStatus[];
    } catch {
      return undefined;
    }
  }

  /** A page's text; undefined when it can't be had now. */
  async fetchText(path: string, method: string = "GET"): Promise<string | undefined> {
    try {
      const r = await fetch(`${this.url}${path}`, { method, signal: AbortSignal.timeout(30_000) });
      return r.ok ? await r.text() : undefined;
    } catch {
      return undefined;
    }
  }

  /** Polls a page until a line of it has the pattern; that line, undefined when there is none at the deadline or the end. */
  async waitForText(path: string, pattern: RegExp, deadlineMs: number): Promise<string | undefined> {
    const end = Date.now() + deadlineMs;
    let isOver = false;
    void this.ended.then(() => { isOver = true; });
    while (Date.now() < end && !isOver) {
      const line = (await this.fetchText(path))?.split("\n").find((l) => pattern.test(l));
      if (line !== undefined) return line;
      await new Promise((done) => setTimeout(done, 300));
    }
    return undefined;
  }

  /** Polls until all of the named containers have the status; undefined when they haven't at the deadline. */
  async waitForStatus(names: string[], status: string, deadlineMs: number): Promise<ContainerStatus[] | undefined> {
    const end = Date.now() + deadlineMs;
    let isOver = false;
    void this.ended.then(() => { isOver = true; });
    while (Date.now() < end && !isOver) {
      const all = await this.containers();
      if (all !== undefined && names.every((n) => all.some((c) => c.name === n && c.status === status))) return all;
      await new Promise((done) => setTimeout(done, 150));
    }
    return undefined;
  }
}

/** The members of GET /containers that are looked at here. */
export type ContainerStatus = { name: string; group: string | null; status: string; status_goal: string };

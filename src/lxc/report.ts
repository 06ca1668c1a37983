/**
 * What is wrong with a text, and where: every parser of this room fills one.
 * problems refuse the container, warnings are told and the container starts.
 * Never throws for what a user wrote.
 */
import { printable } from "../sys/ascii.ts";

/** at: "web/lxc.container.conf:12 lxc.tty.max". */
export type Problem = { at: string; why: string };

/** More would not help anybody, and a hostile text could make them fill the memory. */
const MOST = 128;

/** Longest text of a message, in characters: what a user wrote may be much longer. */
const LONGEST = 240;

function cut(text: string): string {
  const shown = printable(text.slice(0, LONGEST + 1));
  return shown.length <= LONGEST ? shown : `${shown.slice(0, LONGEST)}…`;
}

/** Collects problems, the first ones of too many; `at` is the place being read. */
export class Report {
  readonly problems: Problem[];
  readonly warnings: Problem[];
  at: string;

  constructor() {
    this.problems = [];
    this.warnings = [];
    this.at = "";
  }

  refuse(why: string): void {
    if (this.problems.length < MOST) this.problems.push({ at: cut(this.at), why: cut(why) });
  }

  /** `"value" is not …`. */
  not(value: string, wanted: string): void {
    this.refuse(`"${value}" is not ${wanted}`);
  }

  /** Is it time to stop reading? */
  isFull(): boolean {
    return this.problems.length >= MOST;
  }

  warn(why: string): void {
    if (this.warnings.length < MOST) this.warnings.push({ at: cut(this.at), why: cut(why) });
  }
}

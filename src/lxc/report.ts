/**
 * What is wrong with a text, and where: every parser of this room fills one.
 * problems refuse the container, warnings are told and the container starts.
 * Never throws for what a user wrote.
 */

/** at: "web/lxc.container.conf:12 lxc.tty.max". */
export type Problem = { at: string; why: string };

/** Collects problems; `at` is the place being read. */
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
    this.problems.push({ at: this.at, why });
  }

  warn(why: string): void {
    this.warnings.push({ at: this.at, why });
  }
}

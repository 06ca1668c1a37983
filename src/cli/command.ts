/**
 * What every subcommand is: a row of flags and something to run. Exit
 * statuses: 0 done, 1 refused, 2 wrong usage, 3 no daemon answers.
 */
import { tryWrite } from "../sys/files.ts";
import { toUtf8 } from "../sys/text.ts";
import type { CommandLine, Flags } from "./flags.ts";

export type Status = number;

export abstract class Command {
  abstract line(): CommandLine;
  abstract run(flags: Flags): Status;
}

function write(fd: number, text: string): void {
  const b = toUtf8(text);
  let at = 0;
  while (at < b.length) {
    const n = tryWrite(fd, b, at, b.length - at);
    if (n <= 0) return; // nobody reads any more
    at += n;
  }
}

/** Data for standard output; the command is done. */
export function output(text: string): Status {
  write(1, text);
  return 0;
}

/** Words for standard error, and the exit status that goes with them. */
export function errorLine(text: string, status: Status): Status {
  return errorOf("wherry: ", text, status);
}

/** The same of a program of another name; before: what its errors begin with. */
export function errorOf(before: string, text: string, status: Status): Status {
  write(2, `${before}${text}\n`);
  return status;
}

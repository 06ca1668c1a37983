/**
 * What a refused system call becomes. Thrown only by the wrappers of this
 * room; whoever catches one accepts a named errno, undoes, or reports.
 */
import { errnoName } from "./errno.ts";

/** A refused system call: which, on what ("" when the call has no path), why (positive errno), and a hint where the errno misleads. */
export class SysError extends Error {
  readonly syscall: string;
  readonly path: string;
  readonly errno: number;
  readonly hint: string;
  constructor(syscall: string, path: string, errno: number, hint: string = "") {
    super(`${syscall}${path === "" ? "" : ` ${path}`}: ${errnoName(errno)}${hint === "" ? "" : ` (${hint})`}`);
    this.name = "SysError";
    this.syscall = syscall;
    this.path = path;
    this.errno = errno;
    this.hint = hint;
  }
}

/** The result of a shim call, or a SysError when it is -errno. */
export function checked(result: number, syscall: string, path: string): number {
  if (result < 0) throw new SysError(syscall, path, -result);
  return result;
}

/** Why something failed, in one line, for an error of any kind. */
export function reason(e: unknown): string {
  return e instanceof Error ? e.message : "unknown error";
}

/** The errno of a SysError, 0 for any other error. */
export function errnoOf(e: unknown): number {
  return e instanceof Error ? errnoOfError(e) : 0;
}

// scriptc answers instanceof for our own classes on Error values only
function errnoOfError(e: Error): number {
  return e instanceof SysError ? e.errno : 0;
}

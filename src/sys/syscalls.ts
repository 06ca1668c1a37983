/// <reference path="./sys.d.ts" />
/**
 * Numbers of system calls by name, on this machine and for the programs of
 * its 32-bit form, and the filter that was made of them beforehand.
 */
import { checked } from "./error.ts";
import { packed } from "./text.ts";

/**
 * In the order of the numbers: cells[2i] is the place of a name among those
 * asked for, cells[2i + 1] its number, for i < hits. Names that the
 * architecture lacks are left out. end: one more than the highest number
 * known; 0 when the machine has no such form.
 */
export type SyscallNumbers = { cells: Int32Array; hits: number; end: number };

/** Looks up at most 2048 names at once. */
export function syscallNumbers(names: string[], isCompat: boolean): SyscallNumbers {
  const cells = new Int32Array(2 * (names.length + 1));
  const known = checked(sys_syscall_numbers(isCompat ? 1 : 0, packed(names), Buffer.from(cells.buffer, 0, cells.byteLength)), "look up system calls", "");
  return { cells, hits: known === 0 ? 0 : cells[2 * names.length]!, end: known === 0 ? 0 : cells[2 * names.length + 1]! };
}

/** Room for the default filter of any machine. */
const FILTER_BYTES = 4096;

/** The program of the profiles `standard` and `strict` on this machine, see container/seccomp_default.ts. */
export function defaultFilter(): Uint8Array {
  const program = new Uint8Array(FILTER_BYTES);
  return program.subarray(0, checked(sys_default_filter(program), "default filter", ""));
}

/// <reference path="./sys.d.ts" />
/**
 * Numbers of system calls by name, on this machine and for the programs of
 * its 32-bit form.
 */
import { i32At } from "./bytes.ts";
import { checked } from "./error.ts";
import { packed } from "./text.ts";

/** numbers: -1 where the architecture has no such call. end: one more than the highest number known; 0 when there is no such form. */
export type SyscallNumbers = { numbers: number[]; end: number };

/** Looks up at most 1024 names at once. */
export function syscallNumbers(names: string[], isCompat: boolean): SyscallNumbers {
  const out = new Uint8Array(names.length * 4);
  const end = checked(sys_syscall_numbers(isCompat ? 1 : 0, packed(names), out), "look up system calls", "");
  const numbers: number[] = [];
  for (let i = 0; i < names.length; i++) numbers.push(end === 0 ? -1 : i32At(out, 4 * i));
  return { numbers, end };
}

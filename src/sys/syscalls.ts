/// <reference path="./sys.d.ts" />
/**
 * Numbers of system calls by name, on this machine and for the programs of
 * its 32-bit form.
 */
import { i32At } from "./bytes.ts";
import { checked } from "./error.ts";
import { packed } from "./text.ts";

/**
 * places[i] of the asked names has numbers[i]; in the order of the numbers.
 * Names that the architecture lacks are left out. end: one more than the
 * highest number known; 0 when the machine has no such form.
 */
export type SyscallNumbers = { places: number[]; numbers: number[]; end: number };

/** Looks up at most 2048 names at once. */
export function syscallNumbers(names: string[], isCompat: boolean): SyscallNumbers {
  const out = new Uint8Array(8 * (names.length + 1));
  const known = checked(sys_syscall_numbers(isCompat ? 1 : 0, packed(names), out), "look up system calls", "");
  const hits = known === 0 ? 0 : i32At(out, 8 * names.length);
  const places: number[] = [];
  const numbers: number[] = [];
  for (let i = 0; i < hits; i++) {
    places.push(i32At(out, 8 * i));
    numbers.push(i32At(out, 8 * i + 4));
  }
  return { places, numbers, end: known === 0 ? 0 : i32At(out, 8 * names.length + 4) };
}

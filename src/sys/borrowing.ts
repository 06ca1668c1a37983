/// <reference path="./sys.d.ts" />
/**
 * A child that borrows this process's memory until it becomes another program
 * (vfork). What it saves beside a copy: the page tables, and a page fault for
 * every page that either side touches afterwards.
 */
import { i32At } from "./bytes.ts";
import { CLONE_PIDFD, SIGCHLD } from "./constants.ts";
import type { Cloned } from "./processes.ts";

declare function sys_clone3_borrowing(flags: f64, exitSignal: i32, cgroupFd: i32, outPidfd: Uint8Array, run: () => void): i32;

/**
 * As tryClone, but we stand still until the child has left: run() ends in
 * tryExec or exitNow, and what it leaves in memory stays there. -ENOSYS: this
 * kernel can't.
 */
export function tryCloneBorrowing(flags: number, cgroupFd: number, run: () => void): Cloned {
  const out = new Uint8Array(4);
  const pid = sys_clone3_borrowing(flags + CLONE_PIDFD, SIGCHLD, cgroupFd, out, run);
  return { pid, pidfd: pid > 0 ? i32At(out, 0) : -1 };
}

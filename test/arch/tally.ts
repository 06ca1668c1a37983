/// <reference path="../../src/sys/sys.d.ts" />
/**
 * What the table prints: one line a function and outcome. "ok NAME" it did
 * its work, "ok NAME ERRNO" it was refused as it must be, "ok NAME cannot
 * fail", "lacks NAME reason" where this kernel or emulator hasn't got it,
 * "not ok NAME …" for the rest. Children print into the same stdout.
 */
import { errnoName, ENOSYS } from "../../src/sys/errno.ts";
import { toUtf8 } from "../../src/sys/text.ts";

export function print(line: string): void {
  const b = toUtf8(`${line}\n`);
  sys_write(1, b, 0, b.length);
}

/** Whether an emulator of user programs runs us: it can't run us a second time. */
let isEmulated = false;

export function setEmulated(on: boolean): void {
  isEmulated = on;
}

export function emulated(): boolean {
  return isEmulated;
}

export function lacks(name: string, why: string): void {
  print(`lacks ${name} ${why}`);
}

/** A call that must do its work: result >= 0, and what it did is right. Returns the result. */
export function works(name: string, result: number, isRight: boolean = true): number {
  if (result >= 0 && isRight) print(`ok ${name}`);
  else if (result === -ENOSYS) lacks(name, "ENOSYS");
  else print(`not ok ${name}: ${result < 0 ? errnoName(-result) : `result ${result} is wrong`}`);
  return result;
}

/** A call that must be refused with this errno. */
export function refused(name: string, result: number, errno: number): void {
  if (result === -errno) print(`ok ${name} ${errnoName(errno)}`);
  else if (result === -ENOSYS) lacks(name, "ENOSYS");
  else print(`not ok ${name}: wanted ${errnoName(errno)}, got ${result < 0 ? errnoName(-result) : String(result)}`);
}

/** A call that has no way to be refused. */
export function infallible(name: string, isRight: boolean): void {
  works(name, 0, isRight);
  print(`ok ${name} cannot fail`);
}

/** Runs `body` in a child of its own; result: its exit status, or 1000 + the signal that killed it, or -errno. */
export function inChild(body: () => void): number {
  const pid = sys_clone(0, 17, new Uint8Array(4));
  if (pid === 0) {
    body();
    sys_exit(0);
  }
  return pid < 0 ? pid : awaitChild(pid);
}

/** Waits for one child; as inChild. */
export function awaitChild(pid: number): number {
  const out = new Uint8Array(12);
  const r = sys_waitid(1, pid, 4, out);
  if (r < 0) return r;
  return out[4] === 1 ? out[8]! : 1000 + out[8]!;
}

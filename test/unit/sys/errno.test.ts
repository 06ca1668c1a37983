import { constants } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as errnos from "../../../src/sys/errno.ts";
import { checked, errnoOf, reason, SysError } from "../../../src/sys/error.ts";

test("every number that has a name in libc has that name here", () => {
  const names = new Map<number, string>();
  for (const [name, n] of Object.entries(constants.errno)) if (!names.has(n)) names.set(n, name);
  for (const [n, name] of names) if (name !== "EWOULDBLOCK" && name !== "ENOTSUP" && name !== "EDEADLOCK") assert.is(errnos.errnoName(n), name);
});

test("every constant has its own name", () => {
  for (const [name, n] of Object.entries(errnos)) if (typeof n === "number") assert.is(errnos.errnoName(n), name);
});

for (const n of [0, 41, 58, 134, 999, -1]) test(`${n} has no name and is told as a number`, () => assert.is(errnos.errnoName(n), `errno ${n}`));

test("a refused call says which, on what, why, and a hint", () => {
  const e = new SysError("mount", "/x", errnos.EINVAL, "not a squashfs");
  assert.is(e.message, "mount /x: EINVAL (not a squashfs)");
  assert.equal([e.syscall, e.path, e.errno], ["mount", "/x", errnos.EINVAL]);
  assert.is(new SysError("setsid", "", errnos.EPERM).message, "setsid: EPERM");
});

test("a negative result is thrown as its errno, others pass", () => {
  assert.is(checked(0, "x", ""), 0);
  assert.is(checked(7, "x", ""), 7);
  assert.throws(() => checked(-2, "open", "/none"), (e: unknown) => e instanceof SysError && e.errno === 2 && e.path === "/none");
});

test("reasons and errnos of errors of any kind", () => {
  assert.is(reason(new Error("plain")), "plain");
  assert.is(errnoOf(new SysError("open", "/x", 13)), 13);
  assert.is(errnoOf(new Error("plain")), 0);
});

test.run();

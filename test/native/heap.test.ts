/** The allocator by itself: on this machine, and as a 32-bit ARM program where qemu-arm is. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { root } from "../../toolchain/places.ts";
import { missing } from "../needs.ts";

type Ran = { status: number | null; signal: string | null; out: string };

function build(compiler: string, name: string): string {
  const out = join(root, "build/out/test", name);
  mkdirSync(join(root, "build/out/test"), { recursive: true });
  const r = spawnSync(compiler, ["-O2", "-static", "-fno-builtin", "-D_GNU_SOURCE", "-o", out, join(root, "test/native/heap/exercise.c"), join(root, "src/sys/heap.c")], { encoding: "utf8" });
  assert.is(r.status, 0, r.stderr);
  return out;
}

function run(...command: string[]): Ran {
  const r = spawnSync(command[0]!, command.slice(1), { encoding: "utf8", timeout: 120_000 });
  return { status: r.status, signal: r.signal, out: r.stdout };
}

test("blocks of all sizes keep what is in them", () => {
  assert.equal(run(build("gcc", "heap"), "random", "400000"), { status: 0, signal: null, out: "ok\n" });
});

test("misuse ends the process: freed twice, freed in the middle, a header written over", () => {
  const program = build("gcc", "heap");
  for (const how of ["twice", "twice-run", "inside", "inside-run", "header"]) assert.is(run(program, how).signal, "SIGILL", how);
});

test("what can't be had is refused", () => {
  assert.is(run(build("gcc", "heap"), "too-much").status, 0);
});

const why = missing("qemu-user");
if (why !== "") console.log(`skip: 32-bit blocks: ${why}`);
else {
  test("the same with 32 bits", () => {
    const program = build("arm-linux-gnueabihf-gcc", "heap-arm");
    assert.equal(run("qemu-arm", program, "random", "100000"), { status: 0, signal: null, out: "ok\n" });
    assert.is(run("qemu-arm", program, "too-much").status, 0);
  });
}

test.run();

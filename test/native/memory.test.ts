/** What stands in for libc's copying, comparing and searching on x86_64, by itself. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { root } from "../../toolchain/places.ts";

test("blocks of all lengths, anywhere, overlapping or at the end of memory", () => {
  const out = join(root, "build/out/test/memory");
  mkdirSync(join(root, "build/out/test"), { recursive: true });
  const made = spawnSync("gcc", ["-O2", "-static", "-fno-builtin", "-o", out, join(root, "test/native/memory/exercise.c"), join(root, "toolchain/x86_64.c")], { encoding: "utf8" });
  assert.is(made.status, 0, made.stderr);
  const r = spawnSync(out, [], { encoding: "utf8", timeout: 120_000 });
  assert.equal([r.status, r.stdout], [0, "ok\n"]);
});

test.run();

/** What is compiled once is found again, whole, and does not fill the disk. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";

const cache = mkdtempSync(join(tmpdir(), "wherry-kept-"));
process.env.WHERRY_CACHE = cache;
const { keep, kept } = await import("../../toolchain/kept.ts");

test("what was kept is found under its key only, and nothing unfinished is", () => {
  assert.is(kept("binaries", "a"), "");
  keep("binaries", "a", (path) => {
    writeFileSync(path, "bytes");
    assert.is(kept("binaries", "a"), "");
  });
  assert.is(readFileSync(kept("binaries", "a"), "utf8"), "bytes");
  assert.is(kept("binaries", "b"), "");
  assert.is(kept("lowered", "a"), "");
  assert.throws(() => keep("binaries", "c", () => { throw new Error("full"); }), "full");
  assert.is(kept("binaries", "c"), "");
});

test("past the limit those that were not used for longest go", () => {
  for (const [age, key] of ["old", "used", "newer"].entries()) {
    keep("lowered", key, (path) => { writeFileSync(path, ""); truncateSync(path, 150e6); });
    const then = new Date(Date.now() - (10 - age) * 3600_000);
    if (existsSync(join(cache, "lowered", key))) utimesSync(join(cache, "lowered", key), then, then);
    if (key === "used") assert.not.equal(kept("lowered", "used"), "");
  }
  assert.equal(readdirSync(join(cache, "lowered")).sort(), ["newer", "used"]);
});

test.after(() => rmSync(cache, { recursive: true }));
test.run();

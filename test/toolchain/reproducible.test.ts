/**
 * The same tree gives the same bytes, wherever it lies and whether or not
 * anything was cached, and says nothing about the machine it was built on.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cacheDir, root } from "../../toolchain/places.ts";
import { run } from "../../toolchain/run.ts";
import { TARGETS } from "../../toolchain/targets.ts";
import { copyOfTree } from "./tree.ts";

/** Builds all targets in a copy; bytes per target. */
function built(tree: string, cache: string): Map<string, Buffer> {
  run(process.execPath, ["toolchain/build.ts"], { cwd: tree, env: { ...process.env, WHERRY_CACHE: cache } });
  return new Map(TARGETS.map((t) => [t.name, readFileSync(join(tree, "build/out", t.name, "wherry"))]));
}

test("two builds in two folders, one from an empty cache, are byte-identical and name no place of this machine", () => {
  const first = copyOfTree("first");
  const second = copyOfTree("a-second-and-longer-name");
  const emptyCache = mkdtempSync(join(tmpdir(), "wherry-cache-"));
  try {
    mkdirSync(emptyCache, { recursive: true });
    symlinkSync(join(cacheDir, "debs"), join(emptyCache, "debs"));
    const one = built(first, cacheDir);
    const other = built(second, emptyCache);
    const places = [first, second, emptyCache, cacheDir, root, `${homedir()}/`, basename(first), basename(second), "/usr/lib/", "/usr/include/", "/usr/share/", "node_modules"];
    for (const t of TARGETS) {
      assert.ok(one.get(t.name)!.equals(other.get(t.name)!), `${t.name}: bytes differ`);
      for (const p of places) assert.is(one.get(t.name)!.indexOf(p), -1, `${t.name} contains "${p}"`);
    }
  } finally {
    for (const d of [first, second, emptyCache]) rmSync(d, { recursive: true });
  }
});

test.run();

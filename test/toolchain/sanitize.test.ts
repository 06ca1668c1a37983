/** The sanitizer build runs right programs and stops wrong ones. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../toolchain/compile.ts";
import { outDir, root } from "../../toolchain/places.ts";
import { runResult, type RunResult } from "../../toolchain/run.ts";
import { targetNamed } from "../../toolchain/targets.ts";

const dir = join(outDir, "test-toolchain", "sanitize");
mkdirSync(dir, { recursive: true });

/** A program whose C side does `wrong` before main. */
async function ran(name: string, wrong: string): Promise<RunResult> {
  writeFileSync(join(dir, `${name}.ts`), "console.log(\"ran\");\n");
  writeFileSync(join(dir, `${name}.c`), `#include <stdlib.h>\n#include <limits.h>\nstatic volatile int seven = 7;\n__attribute__((constructor)) static void wrong(void)\n{\n\t${wrong}\n}\n`);
  const out = await compile({
    entry: relative(root, join(dir, `${name}.ts`)), out: join(dir, name), target: targetNamed("x86_64"), flavor: "sanitize", extraC: [relative(root, join(dir, `${name}.c`))],
  });
  return runResult(out, []);
}

test("a right program runs as ever", async () => {
  const r = await ran("right", "(void)seven;");
  assert.is(r.stdout, "ran\n");
  assert.is(r.status, 0, r.stderr);
});

test("a read past the end of a buffer is caught and placed", async () => {
  const r = await ran("overflow", "char *volatile p = malloc(7); seven += p[seven]; free(p);");
  assert.is.not(r.status, 0);
  assert.match(r.stderr, /heap-buffer-overflow[^]*overflow\.c:6/);
});

test("use after free is caught", async () => {
  const r = await ran("freed", "char *volatile p = malloc(7); free(p); seven += p[0];");
  assert.is.not(r.status, 0);
  assert.match(r.stderr, /heap-use-after-free/);
});

test("undefined behaviour is caught", async () => {
  const r = await ran("undefined", "int big = INT_MAX - 7 + seven; seven = big + seven;");
  assert.is.not(r.status, 0);
  assert.match(r.stderr, /undefined\.c:6:\d+: runtime error: signed integer overflow/);
});

test("memory that nobody gives back is caught", async () => {
  const r = await ran("leak", "char *volatile p = malloc(77); p = NULL;");
  assert.is.not(r.status, 0);
  assert.match(r.stderr, /LeakSanitizer[^]*77 byte/);
});

test.run();

/** Strings with small heads: in the program's text and in the runtime alike, or not at all. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runtimeDir } from "../../../toolchain/places.ts";
import { changed, runtimeSources, smallerStrings } from "../../../toolchain/runtime.ts";

test("texts of a program get the heads that the runtime has, and keep what they hold", () => {
  const c = 'static struct { size_t rc; size_t len; size_t cap; char data[10]; } sc_lit_0 =\n    { SIZE_MAX, 9, 9, "{ size_t " };\nstatic ScrUnion sc_unit_0 = { .rc = SIZE_MAX, .tag = 1 };';
  assert.is(smallerStrings(c), 'static struct { uint32_t rc; uint32_t len; uint32_t cap; char data[10]; } sc_lit_0 =\n    { UINT32_MAX, 9, 9, "{ size_t " };\nstatic ScrUnion sc_unit_0 = { .rc = SIZE_MAX, .tag = 1 };');
});

test("a runtime that is not as expected is refused, and says why", () => {
  const text = (file: string): string => readFileSync(join(runtimeDir, "src", file), "utf8");
  assert.throws(() => changed("scr_string.c", text("scr_string.c").replace("s->rc == SIZE_MAX", "s->rc == 0")), /scr_string\.c of scriptc's runtime does not hold once: if \(!s/);
  assert.throws(() => changed("scr_other.c", "struct { size_t rc; size_t len; size_t cap; char data[]; } other;"), /scr_other\.c of scriptc's runtime has strings of another form/);
  assert.is(changed("scr_map.c", text("scr_map.c")), text("scr_map.c"));
});

test("every source of the runtime is there, and no string has another head", () => {
  const dir = runtimeSources();
  const names = readdirSync(join(runtimeDir, "src")).filter((f) => /\.[ch]$/.test(f)).sort();
  assert.equal(readdirSync(dir).sort(), names);
  for (const name of names) assert.not.match(readFileSync(join(dir, name), "utf8"), /size_t rc;\s*size_t len;\s*size_t cap;\s*char data\[/);
  assert.match(readFileSync(join(dir, "scr_runtime.h"), "utf8"), "typedef struct ScrStr {\n  uint32_t rc;\n  uint32_t len;\n  uint32_t cap;\n  char data[];\n} ScrStr;");
});

test.run();

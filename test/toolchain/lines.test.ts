/** A debug build shows TypeScript: the directives as text, then what addr2line and the line table make of them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../toolchain/compile.ts";
import { withLines, withoutLines } from "../../toolchain/lines.ts";
import { outDir, root } from "../../toolchain/places.ts";
import { run } from "../../toolchain/run.ts";
import { targetNamed } from "../../toolchain/targets.ts";

const dir = join(outDir, "test-toolchain", "lines");
mkdirSync(dir, { recursive: true });

test("the head of a function gets the place of its first statement, and paths are relative to the tree", () => {
  assert.equal(withLines([
    "static int x;",
    "static void f(void) { /* wrong.ts:1 */",
    `#line 4 "${root}/src/a.ts"`,
    "  t0 = 1;",
    "#line 1 \"<scriptc>\"",
    "}",
    "static void g(void) {",
    "  t0 = 1;",
    "}",
  ].join("\n")).split("\n"), [
    "#line 1 \"<scriptc>\"",
    "static int x;",
    "#line 4 \"src/a.ts\"",
    "static void f(void) { /* wrong.ts:1 */",
    "#line 4 \"src/a.ts\"",
    "  t0 = 1;",
    "#line 1 \"<scriptc>\"",
    "}",
    "static void g(void) {",
    "  t0 = 1;",
    "}",
  ]);
});

test("what ships is compiled without directives", () => {
  assert.is(withoutLines("int x;\n#line 4 \"a.ts\"\nint y;\n"), "int x;\nint y;\n");
});

const OTHER = `/**
 * A second file, with lines of its own.
 */
export function second(n: number): number {
  const list: number[] = [];
  for (let i = 0; i < n; i++) list.push(i);
  return list.length;
}
`;

const PROGRAM = `import { second } from "./second.ts";

function first(n: number): number {
  if (n > 100) {
    throw new Error("too many");
  }
  return second(n * 2);
}

console.log(first(3));
`;

for (const name of ["x86_64", "armv7", "aarch64"]) {
  test(`${name}: symbols of a debug build carry file and line of the TypeScript`, async () => {
    const t = targetNamed(name);
    const entry = join(relative(root, dir), "shown.ts");
    writeFileSync(join(root, entry), PROGRAM);
    writeFileSync(join(dir, "second.ts"), OTHER);
    const out = await compile({ entry, out: join(dir, `shown.${name}`), target: t, flavor: "debug" });
    const symbols = run(`${t.tools}nm`, [out]);
    const address = (symbol: string): string => {
      const m = new RegExp(`^(\\w+) t ${symbol}$`, "m").exec(symbols);
      assert.ok(m !== null, `no symbol ${symbol}`);
      return m![1]!;
    };
    const places = run(`${t.tools}addr2line`, ["-e", out, "-f", address("sc_f_first"), address("sc_f__x25_m0_second")]).trim().split("\n");
    assert.is(places[0], "sc_f_first");
    assert.match(places[1]!, /shown\.ts:4$/);
    assert.match(places[3]!, /second\.ts:[45]$/);
    const table = run(`${t.tools}objdump`, ["--dwarf=decodedline", out]);
    const lines = new Set([...table.matchAll(/^((?:shown|second)\.ts) +(\d+) /gm)].map((m) => `${m[1]}:${m[2]}`));
    for (const place of ["shown.ts:4", "shown.ts:5", "shown.ts:7", "shown.ts:10", "second.ts:5", "second.ts:6", "second.ts:7"]) {
      assert.ok(lines.has(place), `${place} is not in the table: ${[...lines].join(" ")}`);
    }
  });
}

test.run();

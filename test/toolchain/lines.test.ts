/** A debug build shows TypeScript: by pure text first, then as addr2line and gdb's own tables see it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../toolchain/compile.ts";
import { withLineDirectives } from "../../toolchain/lines.ts";
import { outDir, root } from "../../toolchain/places.ts";
import { run } from "../../toolchain/run.ts";
import { targetNamed } from "../../toolchain/targets.ts";

const dir = join(outDir, "test-toolchain", "lines");
mkdirSync(dir, { recursive: true });

/** "file:line" that the C compiler would give every line that isn't a directive, as "place text". */
function placed(c: string): string[] {
  let file = "";
  let line = 0;
  const out: string[] = [];
  for (const text of withLineDirectives(c).split("\n")) {
    const m = /^#line (\d+) "(.*)"$/.exec(text);
    if (m !== null) {
      line = Number(m[1]);
      file = m[2]!;
      continue;
    }
    out.push(`${file}:${line} ${text}`);
    line += 1;
  }
  return out;
}

test("C lines before a mark belong to it, those after the last one too", () => {
  assert.equal(placed([
    "static int x;",
    "static void f(void) { /* a.ts:3 */",
    "  t0 = 1;",
    "  t1 = t0; /* a.ts:4 */",
    "  t2 = 2;",
    "  t3 = t2; /* a.ts:7 */",
    "  release(t3);",
    "}",
    "int y;",
  ].join("\n")), [
    "program.c:1 static int x;",
    "a.ts:3 static void f(void) { /* a.ts:3 */",
    "a.ts:4   t0 = 1;",
    "a.ts:4   t1 = t0; /* a.ts:4 */",
    "a.ts:7   t2 = 2;",
    "a.ts:7   t3 = t2; /* a.ts:7 */",
    "a.ts:7   release(t3);",
    "a.ts:7 }",
    "program.c:9 int y;",
  ]);
});

test("a function without statements keeps its own place", () => {
  assert.equal(placed("static void f(void) { /* a.ts:3 */\n}\nint y;"), ["a.ts:3 static void f(void) { /* a.ts:3 */", "a.ts:3 }", "program.c:3 int y;"]);
});

const PROGRAM = `export function first(n: number): number {
  if (n > 100) {
    throw new Error("too many");
  }
  return second(n * 2);
}

function second(n: number): number {
  const list: number[] = [];
  for (let i = 0; i < n; i++) list.push(i);
  return list.length;
}

console.log(first(3));
`;

for (const name of ["x86_64", "armv7", "aarch64"]) {
  test(`${name}: symbols of a debug build carry file and line of the TypeScript`, async () => {
    const t = targetNamed(name);
    const entry = join(relative(root, dir), "shown.ts");
    writeFileSync(join(root, entry), PROGRAM);
    const out = await compile({ entry, out: join(dir, `shown.${name}`), target: t, flavor: "debug" });
    const symbols = run(`${t.tools}nm`, [out]);
    const address = (symbol: string): string => {
      const m = new RegExp(`^(\\w+) t ${symbol}$`, "m").exec(symbols);
      assert.ok(m !== null, `no symbol ${symbol}`);
      return m![1]!;
    };
    const places = run(`${t.tools}addr2line`, ["-e", out, "-f", address("sc_f_first"), address("sc_f_second")]).trim().split("\n");
    assert.is(places[0], "sc_f_first");
    assert.match(places[1]!, /shown\.ts:[1-5]$/);
    assert.match(places[3]!, /shown\.ts:(8|9)$/);
    const table = run(`${t.tools}objdump`, ["--dwarf=decodedline", out]);
    const lines = new Set([...table.matchAll(/^shown\.ts +(\d+) /gm)].map((m) => Number(m[1])));
    for (const line of [3, 5, 9, 10, 11, 14]) assert.ok(lines.has(line), `line ${line} is not in the table: ${[...lines].join(" ")}`);
  });
}

test.run();

/** sys.d.ts and the shim can't drift apart: either side's extra name stops the build. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { usesShim } from "../../toolchain/compile.ts";
import { manifestFor, parseDeclarations, shimFunctions } from "../../toolchain/manifest.ts";
import { outDir, root } from "../../toolchain/places.ts";
import { runResult } from "../../toolchain/run.ts";
import { copyOfTree } from "./tree.ts";

const dir = join(outDir, "test-toolchain", "declarations");
rmSync(dir, { recursive: true, force: true });
mkdirSync(dir, { recursive: true });

function written(name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

function refused(f: () => unknown): string {
  try {
    f();
  } catch (e) {
    return (e as Error).message;
  }
  return "";
}

test("a declaration becomes a binding of the same name", () => {
  const d = written("good.d.ts", "type i32 = number;\ndeclare function sys_a(fd: i32, data: Uint8Array): i32; // why\ndeclare function sys_b(): void;\n");
  const c = written("good.c", "int32_t sys_a(int32_t fd,\n\tconst uint8_t *p, size_t n)\n{\n}\nvoid sys_b(void) {}\n");
  assert.equal((JSON.parse(manifestFor([d], [c])) as { functions: unknown }).functions, [
    { name: "sys_a", symbol: "sys_a", params: ["i32", "bytes"], returns: "i32" },
    { name: "sys_b", symbol: "sys_b", params: [], returns: "void" },
  ]);
});

test("a declaration without a C function, and the reverse, are both named", () => {
  const d = written("differ.d.ts", "declare function sys_both(): void;\ndeclare function sys_only_declared(): void;\n");
  const c = written("differ.c", "void sys_both(void)\n{\n}\nvoid sys_only_defined(void)\n{\n}\n");
  const words = refused(() => manifestFor([d], [c]));
  assert.match(words, /declared in .*differ\.d\.ts, no C function: sys_only_declared$/m);
  assert.match(words, /C function in .*differ\.c, not declared: sys_only_defined$/m);
});

test("a callback takes two places in C; what the program doesn't reach is known, not bound", () => {
  const d = written("module.ts", "declare function sys_a(fd: i32, run: () => void): i32;\n");
  const far = written("far.d.ts", "declare function sys_b(): void;\n");
  const c = written("callback.c", "int32_t sys_a(int32_t fd, void (*run)(void *), void *context)\n{\n}\nvoid sys_b(void)\n{\n}\n");
  assert.equal((JSON.parse(manifestFor([d], [c], [far])) as { functions: unknown }).functions, [
    { name: "sys_a", symbol: "sys_a", params: ["i32", { callback: { id: "call1", params: [{ context: "call1" }], returns: "void", lifetime: "call" } }, { context: "call1" }], returns: "i32" },
  ]);
});

test("only definitions that others can see count as C functions", () => {
  assert.equal(shimFunctions([
    "int32_t sys_one(int32_t a);",
    "static int32_t sys_two(int32_t a) {",
    "\treturn sys_three(a);",
    "}",
    "const char *sys_four(void)",
    "{",
    "}",
    "unsigned long long sys_five(int32_t a,",
    "\tint32_t b) {",
    "}",
  ].join("\n")), ["sys_four", "sys_five"]);
});

test("a declaration that isn't understood is refused with its line", () => {
  assert.is(refused(() => parseDeclarations("\ndeclare function sys_a(n: number): i32;\n", "x.d.ts")), "x.d.ts:2: type \"number\" of sys_a is none of i32 u32 u8 f64 bool boolean string Uint8Array void () => void");
  assert.match(refused(() => parseDeclarations("declare function sys_a(n: i32)\n", "x.d.ts")), /^x\.d\.ts:1: one declaration a line/);
});

test("a program that never reaches sys.d.ts is built without the shim", () => {
  written("leaf.ts", "export const one = 1;\n");
  written("far.ts", `/// <reference path="${relative(dir, join(root, "src/sys/sys.d.ts"))}" />\nexport const two = 2;\n`);
  assert.is(usesShim(relative(root, written("pure.ts", "import { one } from \"./leaf.ts\";\nconsole.log(one);\n"))), false);
  assert.is(usesShim(relative(root, written("system.ts", "import { two } from \"./middle.ts\";\nconsole.log(two);\n"))), false);
  written("middle.ts", "import \"./leaf.ts\";\nimport { two } from \"./far.ts\";\nconsole.log(two);\n");
  assert.is(usesShim(relative(root, join(dir, "system.ts"))), true);
});

test("npm run build fails with both names", () => {
  const tree = copyOfTree("declarations");
  try {
    writeFileSync(join(tree, "src/main.ts"), "/// <reference path=\"./sys/sys.d.ts\" />\nsys_only_declared();\n");
    writeFileSync(join(tree, "src/sys/sys.d.ts"), "declare function sys_only_declared(): void;\n");
    writeFileSync(join(tree, "src/sys/zz.c"), "void sys_only_defined(void)\n{\n}\n");
    const r = runResult(process.execPath, ["toolchain/build.ts", "--target", "x86_64"], { cwd: tree });
    assert.is(r.status, 1);
    assert.match(r.stderr, /no C function: sys_only_declared\n/);
    assert.match(r.stderr, /not declared: [^\n]*sys_only_defined/);
  } finally {
    rmSync(tree, { recursive: true });
  }
});

test.run();

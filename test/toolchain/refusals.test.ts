/**
 * Every refusal ends in a line that says what to write. Each row of the table
 * is provoked for real: a new scriptc whose wording changed fails here.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { lower } from "../../toolchain/compile.ts";
import { outDir, root } from "../../toolchain/places.ts";
import { WAYS_OUT, wayOutOf } from "../../toolchain/refusals.ts";

const dir = join(outDir, "test-toolchain", "refusals");
mkdirSync(dir, { recursive: true });

const seen = new Map<string, Promise<string>>();

/** What the build says to a program of this text; asked once. */
function refusal(name: string, text: string): Promise<string> {
  const known = seen.get(text) ?? refused(name, text);
  seen.set(text, known);
  return known;
}

async function refused(name: string, text: string): Promise<string> {
  writeFileSync(join(dir, "named.ts"), "export function one(): number { return 1; }\n");
  writeFileSync(join(dir, `${name}.ts`), text);
  let words = "";
  await lower(relative(root, join(dir, `${name}.ts`)), join(dir, "work")).then(() => undefined, (e: Error) => { words = e.message; });
  return words;
}

/** Statements that scriptc refuses, one line each, and a piece of the way out that must be shown for that line. */
const REFUSED: { line: string; says: RegExp }[] = [
  { line: "interface Speaker { say(): string } class Dog { say(): string { return \"w\"; } } const s1: Speaker = new Dog(); console.log(s1.say());", says: /abstract class that the class extends/ },
  { line: "const s2 = { x: 1 } as unknown as { y: number }; console.log(s2.y);", says: /new literal with exactly/ },
  { line: "const s3 = new Map<string, (n: number) => number>(); console.log(s3.size);", says: /instances of a small class: functions and Maps/ },
  { line: "const s4 = new Set<{ a: number }>(); console.log(s4.size);", says: /Set of strings or numbers/ },
  { line: "const s5: Map<string, number>[] = []; console.log(s5.length);", says: /array hold instances/ },
  { line: "class C6 { n?: number = 1; } const s6 = new C6(); delete s6.n; console.log(s6.n);", says: /type `T \| undefined`/ },
  { line: "const s7 = [1, 2]; const t7 = s7[0]++; console.log(t7);", says: /statement of its own/ },
  { line: "console.log(\"a-b\".replace(\"-\", \"+\"));", says: /split\(from\)\.join\(to\)/ },
  { line: "console.log((255).toString(16));", says: /src\/sys\/text\.ts/ },
  { line: "console.log(Number.parseInt(\"12\", 10));", says: /global parseInt/ },
  { line: "const s11 = [10, 9]; s11.sort(); console.log(s11.join());", says: /comparator/ },
  { line: "const s12 = new Error(\"x\", { cause: new Error(\"y\") }); console.log(s12.message);", says: /own Error class/ },
  { line: "abstract class C13 { abstract f(): number; go(): number { return this.f(); } } const s13: C13[] = []; for (const a of s13) console.log(a.go());", says: /no class that implements it/ },
  { line: "class C14 { n = 1; f(): number { return this.n; } } const s14 = new C14(); const g14 = s14.f; console.log(typeof g14);", says: /wrap the call/ },
  { line: "const s15 = { n: 1, f(): number { return this.n; } }; console.log(s15.f());", says: /make it a class/ },
  { line: "class C16 { *items(): Generator<number> { yield 1; } } for (const x of new C16().items()) console.log(x);", says: /return an array/ },
  { line: "class C17 {} class D17 {} const s17: (C17 | D17)[] = [new C17()]; console.log(s17.filter((x) => x instanceof D17).length);", says: /common base/ },
  { line: "console.log(Math.max(...[1, 2, 3]));", says: /typed number\[\]/ },
  { line: "const s19 = new WeakMap<object, number>(); console.log(s19.has({}));", says: /use a Map and remove/ },
  { line: "const s20 = new Uint16Array(2); console.log(s20.length);", says: /DataView over a Uint8Array/ },
  { line: "console.log(\"é\".normalize(\"NFD\").length);", says: /not in the compiled subset/ },
];

test("each refused construct is shown with file:line:col, the compiler's words and a way out", async () => {
  const words = await refusal("refused", `${REFUSED.map((r) => r.line).join("\n")}\n`);
  const lines = words.split("\n");
  const entry = relative(root, join(dir, "refused.ts"));
  for (let i = 0; i < REFUSED.length; i++) {
    const at = lines.map((l, k) => ({ l, k })).filter(({ l }) => l.startsWith(`${entry}:${i + 1}:`) && / - error SC\d+: \S/.test(l));
    assert.ok(at.length > 0, `line ${i + 1} was not refused: ${REFUSED[i]!.line}\n${words}`);
    const ways = at.map(({ k }) => lines[k + 1]!);
    assert.ok(ways.every((w) => w.startsWith("  way out: ")));
    assert.ok(ways.some((w) => REFUSED[i]!.says.test(w)), `line ${i + 1}: ${at.map(({ l }) => l).join("\n")}\n${ways.join("\n")}`);
  }
});

test("type errors and missing declarations have ways out of their own", async () => {
  assert.match(await refusal("type", "const a: number = \"x\";\nconsole.log(a);\n"), /type\.ts:1:7 - error SC0001: Type 'string'[^\n]*\n {2}way out: this is a type error/);
  assert.match(await refusal("undeclared", "\nsys_nothing(1);\n"), /undeclared\.ts:2:1 - error SC0001: [^\n]*\n {2}way out: declare the function in src\/sys\/sys\.d\.ts/);
});

test("a crash of the compiler says what to do about it", async () => {
  const words = await refusal("defect", "import * as s from \"./named.ts\";\nconst t = [s];\nconsole.log(t.length);\n");
  assert.match(words, /^InternalCompilerError: [^\n]*\n {2}way out: a defect of the compiler/m);
});

test("no row of the table is dead", async () => {
  const printed = [
    await refusal("refused", `${REFUSED.map((r) => r.line).join("\n")}\n`),
    await refusal("type", "const a: number = \"x\";\nconsole.log(a);\n"),
    await refusal("undeclared", "sys_nothing(1);\n"),
    "a.ts:1:1 - error SC5002: FFI binding 'sys_openat' cannot be resolved: the program has no signature-only function declaration with this name",
  ].join("\n").split("\n").filter((l) => / - error SC\d+/.test(l));
  const used = new Set(printed.map(wayOutOf));
  assert.equal(WAYS_OUT.filter((w) => !used.has(w.write)).map((w) => w.write), []);
});

test("no path of this machine is in a refusal", async () => {
  assert.not.match(await refusal("paths", "console.log(\"é\".normalize());\n"), new RegExp(root));
});

test.run();

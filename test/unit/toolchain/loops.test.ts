/** Loops and array methods rewritten for scriptc: which ones, and that a rewritten program prints what it printed before. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { rewriteProgram } from "../../../toolchain/loops.ts";
import { outDir } from "../../../toolchain/places.ts";
import { runResult } from "../../../toolchain/run.ts";

/** The text of a program, rewritten, and what both print. */
function rewritten(text: string): { text: string; before: string; after: string } {
  mkdirSync(join(outDir, "test"), { recursive: true });
  const folder = mkdtempSync(join(outDir, "test", "loops-"));
  try {
    const entry = join(folder, "program.ts");
    writeFileSync(entry, text);
    const copy = rewriteProgram(entry, join(folder, "copy"));
    const printed = (file: string): string => {
      const r = runResult(process.execPath, [file]);
      assert.is(r.status, 0, r.stderr);
      return r.stdout;
    };
    return { text: readFileSync(copy, "utf8"), before: printed(entry), after: printed(copy) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const LIST = "const list: number[] = [3, 1, 4, 1, 5];\n";

test("a method with an arrow function of one parameter becomes a call, on its line", () => {
  const all = ["map((x) => x + 1)", "filter((x) => x > 1)", "find((x) => x > 3)", "find((x) => x > 9)", "findIndex((x) => x > 3)", "findIndex((x) => x > 9)", "some((x) => x > 4)", "some((x) => x > 5)", "every((x) => x > 0)", "every((x) => x > 1)"];
  const r = rewritten(`${LIST}${all.map((m) => `console.log(list.${m});\n`).join("")}console.log(list.filter((x) => x > 1).map((x) => list.findIndex((y) => y === x)));\n`);
  assert.is(r.after, r.before);
  assert.not.match(r.text, /\.(?:map|filter|find|findIndex|some|every)\(/);
  assert.is(r.text.split("\n").length, all.length + 3);
});

test("so does one with the name of a function of one parameter", () => {
  const r = rewritten(`${LIST}function twice(x: number): number { return 2 * x; }\nfunction at(x: number, i: number): number { return x * i; }\nfunction isFive(x: number): x is 5 { return x === 5; }\nconst all = (...x: number[]): number => x.length;\nconsole.log(list.map(twice), list.map(at), list.filter(isFive), list.map(all), list.map(Number));\n`);
  assert.is(r.after, r.before);
  for (const form of ["listMapped(list, twice)", "list.map(at)", "list.filter(isFive)", "list.map(all)", "list.map(Number)"]) assert.ok(r.text.includes(form), form);
});

test("elements that the function appends are not looked at, nor those it removes", () => {
  const r = rewritten(`${LIST}console.log(list.filter((x) => { list.push(x); return true; }).length, list.length);\nconst seen = list.filter((x) => { list.pop(); return x > 0; });\nconsole.log(seen.length, list.length);\n`);
  assert.is(r.after, r.before);
});

test("other forms stay", () => {
  const forms = [
    "list.map((x, i) => x * i)", "list.map(String)", "list.map<string>((x) => `${x}`)", "maybe?.map((x) => x)", "list.filter((x): x is 3 => x === 3)",
    "pair.map((x) => x)", "words.map((x) => x)", "list.map(([x]: any) => x, 1)",
  ];
  const declared = "const maybe: number[] | undefined = process.argv.length > 9 ? undefined : [1];\nconst pair: [number, number] = [1, 2];\nclass Words { map(f: (x: string) => string): string { return f('w'); } }\nconst words = new Words();\n";
  const r = rewritten(`${LIST}${declared}export const out = () => [${forms.join(", ")}];\n`);
  for (const f of forms) assert.ok(r.text.includes(f), f);
});

test("a loop over an array counts, one over another iterable stays", () => {
  const r = rewritten(`${LIST}for (const x of list) if (x === 1) list.push(7); else console.log(x);\nfor (const c of "ab") console.log(c);\n`);
  assert.is(r.after, r.before);
  assert.match(r.text, "at_of0 < list_of0.length");
  assert.match(r.text, 'for (const c of "ab")');
});

test.run();

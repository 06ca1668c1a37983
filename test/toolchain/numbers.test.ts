/** Numbers are read as Node reads them, and printed as glibc prints them: numbers.c and print.c, compiled for this machine with sanitizers. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { outDir, root } from "../../toolchain/places.ts";
import { run, runResult } from "../../toolchain/run.ts";

const dir = join(outDir, "test-toolchain", "numbers");
mkdirSync(dir, { recursive: true });
const program = join(dir, "numbers");
run("gcc", ["-O1", "-w", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-o", program, join(root, "test/toolchain/numbers.c"), "-lm"]);

let state = 1;
/** Below n. */
function random(n: number): number {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
}

function digits(n: number): string {
  let out = "";
  for (let i = 0; i < n; i++) out += String(random(3) === 0 ? 9 * random(2) : random(10));
  return out;
}

/** All digits of n × 2^power. */
function exactly(n: bigint, power: number): string {
  if (power >= 0) return `${n << BigInt(power)}.`;
  const text = (n * 5n ** BigInt(-power)).toString().padStart(1 - power, "0");
  return `${text.slice(0, power)}.${text.slice(power)}`;
}

const view = new DataView(new ArrayBuffer(8));
function bitsOf(x: number): string {
  view.setFloat64(0, x);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

const KNOWN = [
  "0", "-0", "1.", "+.5", "1e5", "1E-5", "9007199254740993", "9007199254740992.5", "9007199254740993.00000000000000000000000000001", "2.2250738585072011e-308", "2.2250738585072014e-308", "4.9e-324",
  "2.4703282292062327e-324", "2.4703282292062328e-324", "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e309", "1e-400", "0e999999999999", "1e99999999999999", "-1e-9999999999",
  "0.0000000000000000000000000000000000001e37", "6.631236846766476e-316", "000123", `0.${"0".repeat(400)}1e401`, `1${"0".repeat(400)}e-400`,
];

test("decimal numbers are the nearest doubles, halves even", () => {
  const cases = [...KNOWN];
  for (let i = 0; i < 20000; i++) {
    view.setUint32(0, random(2 ** 32));
    view.setUint32(4, random(2 ** 32));
    const x = view.getFloat64(0);
    if (Number.isFinite(x)) cases.push(String(x), x.toPrecision(1 + random(20)));
    cases.push(`${digits(1 + random(25))}.${digits(random(25))}${random(2) === 0 ? "" : `e${random(700) - 350}`}`);
    if (i % 100 === 0) cases.push(`${digits(1 + random(1200))}.${digits(random(1200))}e${random(700) - 350}`);
  }
  // halfway between two doubles, and just beside it
  for (let i = 0; i < 1000; i++) {
    const middle = exactly(2n ** 53n + BigInt(random(2 ** 52)) * 2n + 1n, random(2000) - 1070);
    cases.push(middle, `${middle}0000000001`, `${middle}${"0".repeat(800)}1`, `-${middle}`);
  }
  const answers = run(program, ["strtod"], { input: `${cases.join("\n")}\n` }).split("\n");
  const wrong = cases.filter((c, i) => answers[i] !== `${bitsOf(Number(c))} ${c.length}`);
  assert.equal(wrong, []);
  assert.ok(cases.length > 60000);
});

test("what is no number is left, and what follows one", () => {
  const read = (text: string): string => run(program, ["strtod"], { input: `${text}\n` }).trim();
  const nothing = `${bitsOf(0)} 0`;
  for (const text of ["", "e5", ".", "--1", "-", "x1", "+.e1", "inf", "nan"]) assert.is(read(text), nothing, text);
  for (const [text, x, n] of [["1e", 1, 1], ["1e+", 1, 1], ["1.2.3", 1.2, 3], ["0x10", 0, 1], ["5e-324x", 5e-324, 6], [" \t7 ", 7, 3]] as const) assert.is(read(text), `${bitsOf(x)} ${n}`, text);
});

test("text, integers and rounded numbers are printed as by glibc", () => {
  const r = runResult(program, ["print"]);
  assert.is(r.stdout, [1, 3, 9, 27, 81, 243, 729].map((n) => `${"7".padStart(n, "0")} seven\n`).join(""));
  assert.is(r.status, 0, r.stderr);
});

test.run();

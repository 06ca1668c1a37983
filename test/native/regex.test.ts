/** Extended regular expressions by themselves: against this machine's libc, and where that is no measure. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { root } from "../../toolchain/places.ts";

function build(name: string): string {
  const out = join(root, "build/out/test", name);
  mkdirSync(join(root, "build/out/test"), { recursive: true });
  const r = spawnSync("gcc", ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-o", out, join(root, `test/native/regex/${name}.c`)], { encoding: "utf8" });
  assert.is(r.status, 0, r.stderr);
  return out;
}

test("random expressions match what they match under libc, at the same places", () => {
  const program = build("oracle");
  for (const seed of ["1", "2", "3"]) {
    const r = spawnSync(program, [seed, "30000"], { encoding: "utf8", timeout: 240_000, env: { ...process.env, ASAN_OPTIONS: "detect_leaks=0" } });
    assert.equal({ status: r.status, out: r.stdout }, { status: 0, out: "30000 compared, many matched\n" }, r.stderr);
  }
});

/** Pattern, text, and what is found: places of the match and its groups, "-" for no match, "!" for no expression. */
const CASES: [string, string, string][] = [
  ["sd[a-z][0-9]*", "xsda12", "1-6"], ["(sd[a-z])([0-9]+)?", "sda", "0-3 0-3"], ["^$", "", "0-0"], ["a$b|c", "c", "0-1"], ["x{0}y", "xy", "1-2"],
  ["a|ab|abc", "zabcd", "1-4"], ["()", "a", "0-0 0-0"], ["a|", "b", "0-0"], ["^*a", "ba", "1-2"], ["\\.\\[\\-\\:", ".[-:", "0-4"], ["[[:xdigit:]]+", "xBeef", "1-5"],
  ["[a-]", "-", "0-1"], ["[^a-c]", "abcd", "3-4"], ["[]-a]+", "]^_`a", "0-5"], ["a{255}", "a".repeat(255), "0-255"], ["b", "a", "-"], [".", "", "-"], ["é", "é", "0-2"],
  ["((((((((((a))))))))))b", "ab", "0-2 0-1 0-1 0-1 0-1 0-1 0-1 0-1 0-1 0-1"],
  ["[a", "a", "!"], ["(a", "a", "!"], ["a)", "a", "!"], ["*a", "a", "!"], ["a|*b", "b", "!"], ["a{2,1}", "a", "!"], ["a{256}", "a", "!"], ["a{1", "a", "!"], ["a{,2}", "a", "!"],
  ["\\d", "1", "!"], ["a\\", "a", "!"], ["[b-a]", "a", "!"], ["[[:word:]]", "a", "!"], ["[[.a.]]", "a", "!"], ["((a{99}){99}){99}", "a", "!"], [`${"(".repeat(100)}a${")".repeat(100)}`, "a", "!"],
  ["(a*)*b", "a".repeat(4000), "-"], ["(a|aa)*(a|aa)*(a|aa)*$", `${"a".repeat(4000)}b`, "4001-4001"],
];

test("anchors, bounds, classes, what is no expression, and texts that would take others forever", () => {
  const program = build("cases");
  for (const [pattern, text, found] of CASES) {
    const r = spawnSync(program, [pattern, text], { encoding: "utf8", timeout: 120_000 });
    assert.is(`${r.stdout}${r.stderr}`, `${found}\n`, `${pattern} against ${text.slice(0, 20)}`);
  }
});

test.run();

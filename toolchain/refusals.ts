/**
 * The compiler says what it refuses; this adds, per diagnostic code or
 * wording, one line that says what to write instead. Source: design.md
 * "Subset habits", scriptc's diagnostics.
 */
const WAYS_OUT: { when: RegExp; write: string }[] = [
  { when: /SC0001: .*sys_\w+/, write: "declare the function in src/sys/sys.d.ts and add /// <reference path> to the file that calls it" },
  { when: /SC0001/, write: "this is a type error: `npm run check` shows it too" },
  { when: /delete/, write: "keep a Map and call .delete(), or rebuild the record without the member" },
  { when: /for.?in/i, write: "use for (const k of Object.keys(x)) or a Map" },
  { when: /namespace import/i, write: "import the names you need: import { a } from \"./b.ts\"" },
  { when: /default export/i, write: "export by name" },
  { when: /bigint/i, write: "keep 64-bit values as two u32, or as f64 below 2^53" },
  { when: /interface/i, write: "use an abstract class where values are class instances" },
  { when: /toString\(radix|radix/i, write: "use the hex helpers of src/sys/text.ts" },
  { when: /compound assignment/i, write: "write x = x + y" },
  { when: /increment|\+\+/i, write: "put x++ in a statement of its own" },
  { when: /function-typed (field|property)/i, write: "copy it to a local first: const f = this.cb; f()" },
];

/** Compiler output with a "way out" line after every error that has one. */
export function wayOut(output: string): string {
  const lines: string[] = [];
  for (const line of output.split("\n")) {
    lines.push(line);
    if (!/ - error SC\d+/.test(line)) continue;
    const found = WAYS_OUT.find((w) => w.when.test(line));
    if (found !== undefined) lines.push(`  way out: ${found.write}`);
  }
  return lines.join("\n");
}

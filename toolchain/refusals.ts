/**
 * The compiler says what it refuses; this adds one line that says what to
 * write instead. Rows are what scriptc 0.1.7 was seen to print; the test
 * provokes every one of them. The first row that fits wins.
 */
export type WayOut = { when: RegExp; write: string };

export const WAYS_OUT: WayOut[] = [
  { when: /SC5002: FFI binding '(?:\w+)' cannot be resolved/, write: "add /// <reference path=\"…/sys/sys.d.ts\" /> to the file that calls it" },
  { when: /SC0001: Cannot find name 'sys_\w+'/, write: "declare the function in src/sys/sys.d.ts, define it in a C file beside it, and refer to sys.d.ts from the calling file" },
  { when: /SC0001/, write: "this is a type error; `npm run check` shows it too" },
  { when: /SC2002: .*got '\w+'/, write: "declare the type as an abstract class that the class extends: an interface can't hold a class instance" },
  { when: /SC2002/, write: "build a new literal with exactly the members that are expected" },
  { when: /Map.*not functions, Maps|have no Map slot/, write: "let the Map hold instances of a small class: functions and Maps can't be its values" },
  { when: /Set elements|Set shape is supported/, write: "keep a Set of strings or numbers, or a Map from a key to the record" },
  { when: /SC2009: .*(elements|array)/, write: "let the array hold instances of a small class around this" },
  { when: /'delete' on/, write: "give the member the type `T | undefined` and assign undefined, or keep a Map and call .delete()" },
  { when: /SC1045/, write: "put the ++ or -- in a statement of its own" },
  { when: /'\.replace(All)?\(\)' on strings/, write: "use text.split(from).join(to), or slice around indexOf" },
  { when: /'\.toString\(\)' on numbers/, write: "use hex or octal of src/sys/text.ts" },
  { when: /'Number\.parse(Int|Float)'/, write: "use the global parseInt or parseFloat" },
  { when: /'\.sort with 0 arguments'/, write: "pass a comparator: sort((a, b) => a - b)" },
  { when: /Error constructor options|Error\.cause/, write: "put the reason into the message, or into a field of your own Error class" },
  { when: /abstract method '\w+' with no concrete implementation/, write: "the program has no class that implements it: import one where main.ts reaches it, or drop the call" },
  { when: /bound method references|prototype\.bind/, write: "wrap the call: () => this.method()" },
  { when: /'this' in object literal methods|SC1080/, write: "make it a class: only its methods have a `this`" },
  { when: /generator methods|method calls like/, write: "return an array, or make it a function* outside the class" },
  { when: /'instanceof' on values other/, write: "give the classes a common base, or a `kind` member to switch on" },
  { when: /spreading '.*only a number\[\] spreads/, write: "name the array first, typed number[]" },
  { when: /Weak(Map|Set|Ref)/, write: "use a Map and remove entries yourself" },
  { when: /Uint16Array|Int16Array|Uint32Array|Int32Array|Float64Array|Float32Array/, write: "use number[], or a DataView over a Uint8Array" },
];

const FALLBACK = "not in the compiled subset; toolchain/engines.md lists what is, design \"Subset habits\" what to write";

const DEFECT = "a defect of the compiler: leave parts of the last change out until it compiles, write those another way, and add them to toolchain/engines/";

/** The line that says what to write instead of what this error line refuses. */
export function wayOutOf(errorLine: string): string {
  return WAYS_OUT.find((w) => w.when.test(errorLine))?.write ?? FALLBACK;
}

/** Compiler output with a "way out" line after every error. */
export function wayOut(output: string): string {
  const lines: string[] = [];
  for (const line of output.split("\n")) {
    lines.push(line);
    if (/:\d+:\d+ - error SC\d+/.test(line)) lines.push(`  way out: ${wayOutOf(line)}`);
    if (line.startsWith("InternalCompilerError")) lines.push(`  way out: ${DEFECT}`);
  }
  return lines.join("\n");
}

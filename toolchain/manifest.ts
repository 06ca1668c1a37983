/**
 * The FFI manifest: which C function stands behind which ambient declaration.
 * Generated from src/sys/sys.d.ts and the declarations with callbacks, which
 * scriptc takes in modules only, so the two can't drift apart; a name on one
 * side only is an error that gives both lists. Format: scriptc FFI
 * manifest, ffi_format 2.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "./places.ts";

export type Declaration = { name: string; params: string[]; returns: string };

/** TypeScript spelling → manifest class. `Uint8Array` is spelled out because scriptc refuses an alias of it. */
const CLASSES: Record<string, string> = {
  i32: "i32", u32: "u32", u8: "u8", f64: "f64", bool: "bool", boolean: "bool", string: "string", Uint8Array: "bytes", void: "void",
  "() => void": "callback",
};

/** Declarations of a `.d.ts` text. A line that looks like one and isn't understood throws with its line number. */
export function parseDeclarations(text: string, file: string): Declaration[] {
  const found: Declaration[] = [];
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.replace(/\/\/.*/, "").trim();
    if (!line.startsWith("declare function")) continue;
    const m = /^declare function (\w+)\((.*)\): (\w+);$/.exec(line);
    if (m === null) throw new Error(`${file}:${i + 1}: one declaration a line, "declare function name(a: i32): i32;"`);
    const params = m[2]!.trim() === "" ? [] : m[2]!.split(",").map((p) => /:\s*(.*?)\s*$/.exec(p)?.[1] ?? "");
    for (const t of [...params, m[3]!]) {
      if (CLASSES[t] === undefined) throw new Error(`${file}:${i + 1}: type "${t}" of ${m[1]} is none of ${Object.keys(CLASSES).join(" ")}`);
    }
    found.push({ name: m[1]!, params: params.map((p) => CLASSES[p]!), returns: CLASSES[m[3]!]! });
  }
  return found;
}

/** All declarations of a folder, those of modules too. */
export function declarationsIn(folder: string): Declaration[] {
  const files = readdirSync(folder).filter((f) => f.endsWith(".ts")).map((f) => join(folder, f));
  return files.flatMap((f) => parseDeclarations(readFileSync(f, "utf8"), relative(root, f)));
}

/** Names of the functions a shim file offers: every definition (no prototype) that isn't static and is called `sys_…`. */
export function shimFunctions(text: string): string[] {
  return [...text.matchAll(/^(?!static\b)[A-Za-z_][\w \t*]*?\b(sys_\w+)\s*\([^;{]*\{/gm)].map((m) => m[1]!);
}

/** A callback is two parameters in C: function and context, which it gets back. It is called before the function returns, if at all. */
function cParams(param: string, place: number): (string | object)[] {
  if (param !== "callback") return [param];
  const context = { context: `call${place}` };
  return [{ callback: { id: context.context, params: [context], returns: "void", lifetime: "call" } }, context];
}

/**
 * Manifest text for scriptc. Throws when declarations and C functions don't
 * match, naming each side's extra names. unreached: files whose declarations
 * the program doesn't see; scriptc refuses bindings that no file declares.
 */
export function manifestFor(declarationFiles: string[], shimFiles: string[], unreached: string[] = []): string {
  const declared = declarationFiles.flatMap((f) => parseDeclarations(readFileSync(f, "utf8"), relative(root, f)));
  const offered = shimFiles.flatMap((f) => shimFunctions(readFileSync(f, "utf8")));
  const names = new Set([...declared, ...unreached.flatMap((f) => parseDeclarations(readFileSync(f, "utf8"), relative(root, f)))].map((d) => d.name));
  const noC = declared.filter((d) => !offered.includes(d.name)).map((d) => d.name);
  const noDeclaration = offered.filter((o) => !names.has(o));
  if (noC.length > 0 || noDeclaration.length > 0) {
    const places = shimFiles.map((f) => relative(root, f)).join(", ");
    throw new Error("declarations and shim differ:"
      + (noC.length > 0 ? `\n  declared in ${declarationFiles.map((f) => relative(root, f)).join(", ")}, no C function: ${noC.join(", ")}` : "")
      + (noDeclaration.length > 0 ? `\n  C function in ${places}, not declared: ${noDeclaration.join(", ")}` : ""));
  }
  const functions = declared.map((d) => ({ name: d.name, symbol: d.name, params: d.params.flatMap(cParams), returns: d.returns }));
  return JSON.stringify({ ffi_format: 2, functions, libraries: [], system_libraries: [] }, null, 1);
}

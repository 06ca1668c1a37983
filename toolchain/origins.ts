/**
 * Which TypeScript file is behind each definition of the generated C. A
 * function has the file of its first `#line`; what scriptc adds (reference
 * counting, tables, string literals) belongs to the file of the first
 * definition that uses it.
 */
import { GENERATED } from "./lines.ts";

/** `file` as in the directives, "" when nothing that has one uses the definition. */
export type Definition = { name: string; file: string };

type Chunk = Definition & { uses: Set<string> };

function definedBy(text: string): string {
  const head = text.split("\n").find((l) => !l.startsWith("#line ") && l.trim() !== "") ?? "";
  const isFunction = /^[A-Za-z_][\w *]*\b(\w+)\(.*\) \{/.exec(head);
  if (isFunction !== null) return isFunction[1]!;
  if (/^(typedef|extern|#|struct \w+ \{)/.test(head) || (/\);\s*(\/\*.*)?$/.test(text) && !text.includes("="))) return "";
  return /(\w+)(?:\[[^\]]*\])*\s*(?:=|;)/.exec(head.replace(/\{[^{}]*\}(?=\s*\w+\s*=)/, ""))?.[1] ?? "";
}

/** Top-level pieces of generated C: each ends where a line closes what it opened. */
function chunksOf(c: string): Chunk[] {
  const chunks: Chunk[] = [];
  const lines = c.split("\n");
  let begin = 0;
  let depth = 0;
  for (let i = 0; i < lines.length; i++) {
    const bare = lines[i]!.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/\*.*?\*\//g, "");
    for (const ch of bare.match(/[{}]/g) ?? []) depth += ch === "{" ? 1 : -1;
    if (depth > 0 || bare.startsWith("#line") || !/[;}]\s*$|^\s*$|^#/.test(bare)) continue;
    const text = lines.slice(begin, i + 1).join("\n");
    const name = definedBy(text);
    const file = [...text.matchAll(/^#line \d+ "(.*)"$/gm)].map((m) => m[1]!).find((f) => f !== GENERATED) ?? "";
    if (name !== "") chunks.push({ name, file, uses: new Set(text.match(/\bsc_\w+/g) ?? []) });
    begin = i + 1;
  }
  return chunks;
}

/** Every definition of the C text that scriptc made, in its order. */
export function definitionsOf(c: string): Definition[] {
  const chunks = chunksOf(c);
  for (let changed = true; changed;) {
    changed = false;
    const fileOf = new Map<string, string>();
    for (const user of chunks) {
      if (user.file === "") continue;
      for (const used of user.uses) if (!fileOf.has(used)) fileOf.set(used, user.file);
    }
    for (const chunk of chunks) {
      if (chunk.file !== "" || !fileOf.has(chunk.name)) continue;
      chunk.file = fileOf.get(chunk.name)!;
      changed = true;
    }
  }
  return chunks.map(({ name, file }) => ({ name, file }));
}

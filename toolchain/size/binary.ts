/**
 * What binutils say about a binary, as values: sections with their bytes,
 * symbols with their extent, and which source line each stretch of code comes
 * from. Knows nothing about Wherry.
 */
import { readFileSync } from "node:fs";
import { run } from "../run.ts";
import type { Target } from "../targets.ts";

/** `bytes` is empty for what isn't in the file (.bss); `size` is what it takes in memory. */
export type Section = { name: string; index: number; address: number; size: number; bytes: Buffer; isCode: boolean; isLoaded: boolean };
export type ElfSymbol = { name: string; section: number; address: number; size: number };
/** From this address on, up to the next one, code comes from `file`:`line`. */
export type CodeLine = { address: number; file: string; line: number };

export type Binary = { fileSize: number; sections: Section[]; symbols: ElfSymbol[] };

function asked(t: Target, args: string[]): string {
  return run(`${t.tools}readelf`, [...args], { env: { ...process.env, LC_ALL: "C" } });
}

export function readBinary(t: Target, file: string): Binary {
  const all = readFileSync(file);
  const sections: Section[] = [];
  for (const m of asked(t, ["-SW", file]).matchAll(/^ +\[ *(\d+)\] (\.\S+) +(\w+) +([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) [0-9a-f]+ +([A-Za-z]*) /gm)) {
    const [offset, size] = [parseInt(m[5]!, 16), parseInt(m[6]!, 16)];
    const bytes = m[3] === "NOBITS" ? Buffer.alloc(0) : all.subarray(offset, offset + size);
    sections.push({ name: m[2]!, index: Number(m[1]), address: parseInt(m[4]!, 16), size, bytes, isCode: m[7]!.includes("X"), isLoaded: m[7]!.includes("A") });
  }
  return { fileSize: all.length, sections, symbols: readSymbols(t, file) };
}

/** Functions and objects with a place; a Thumb function's address is without its mode bit. Those without a size reach to the next symbol. */
function readSymbols(t: Target, file: string): ElfSymbol[] {
  const found: ElfSymbol[] = [];
  for (const m of asked(t, ["-sW", file]).matchAll(/^ +\d+: ([0-9a-f]+) +(\w+) (FUNC|OBJECT|TLS) +\w+ +\w+ +(\d+) (\S+)$/gm)) {
    const value = parseInt(m[1]!, 16);
    found.push({ name: m[5]!, section: Number(m[4]), address: m[3] === "FUNC" && t.name === "armv7" ? value - (value % 2) : value, size: Number(m[2]) });
  }
  found.sort((a, b) => a.address - b.address || b.size - a.size);
  for (let i = 0; i < found.length; i++) {
    if (found[i]!.size > 0) continue;
    const next = found.find((s, k) => k > i && s.section === found[i]!.section && s.address > found[i]!.address);
    if (next !== undefined) found[i]!.size = next.address - found[i]!.address;
  }
  return found;
}

/** The line table, by address. Of several lines at one address the last is the one whose code stands there. */
export function readCodeLines(t: Target, file: string): CodeLine[] {
  const at = new Map<number, CodeLine>();
  let source = "";
  for (const line of asked(t, ["--debug-dump=decodedline", "-W", file]).split("\n")) {
    const header = /^(?:CU: )?(\S.*?):(?:\[\+\+\])?$/.exec(line);
    if (header !== null) {
      source = header[1]!;
      continue;
    }
    const row = /^\S.* +(\d+|-) +(0x[0-9a-f]+)(?:\s|$)/.exec(line);
    if (row === null) continue;
    const address = Number(row[2]);
    if (row[1] !== "-") at.set(address, { address, file: source, line: Number(row[1]) });
    else if (!at.has(address)) at.set(address, { address, file: "", line: 0 });
  }
  return [...at.values()].sort((a, b) => a.address - b.address);
}

/** Names that object files or archives define, and what they say in strings: who owns what the linker merged. */
export function definedNames(t: Target, files: string[]): string[] {
  return [...run(`${t.tools}nm`, ["-P", "--defined-only", ...files]).matchAll(/^(\S+) [A-Za-z] /gm)].map((m) => m[1]!);
}

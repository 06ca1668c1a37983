/**
 * Gives every byte of a binary to a part: a room of src/, the shim, the
 * runtime, a library, libc. Code goes by the line table (so what was inlined
 * counts where it was written), data by symbol, string constants by who has
 * them. What nobody claims is a part of its own, never dropped.
 */
import { readFileSync } from "node:fs";
import type { Definition } from "../origins.ts";
import type { Binary, CodeLine, Section } from "./binary.ts";

/** Bytes of one part. `zeroed` is memory without bytes in the file. */
export type Part = { name: string; code: number; data: number; zeroed: number };

/** Compiled C of one part: its names, and files whose bytes hold its string constants. */
export type Owner = { part: string; names: string[]; files: string[] };

export const UNATTRIBUTED = "unattributed";
const RUNTIME = "scriptc runtime";
const RELOCATIONS = "relocations, dynamic table";
const UNWIND = "unwind tables";
const HEADERS = "headers, padding";

const LINKER_SECTIONS: Record<string, string> = {
  ".rela.dyn": RELOCATIONS, ".rel.dyn": RELOCATIONS, ".dynsym": RELOCATIONS, ".dynstr": RELOCATIONS, ".gnu.hash": RELOCATIONS, ".dynamic": RELOCATIONS,
  ".got": RELOCATIONS, ".got.plt": RELOCATIONS, ".init_array": RELOCATIONS, ".fini_array": RELOCATIONS,
  ".eh_frame": UNWIND, ".eh_frame_hdr": UNWIND, ".ARM.exidx": UNWIND, ".ARM.extab": UNWIND,
};

/** The part behind a source path of the line table; "" for headers, which count where they are used. */
function partOfSource(file: string): string {
  if (file.endsWith(".ts")) return roomOf(file);
  const vendored = /\/vendor\/(\w[^/]*)\//.exec(file);
  if (vendored !== null) return vendored[1] === "ryu" ? RUNTIME : vendored[1] === "quickjs-ng" ? "quickjs" : vendored[1]!;
  // as it comes, and as runtime.ts writes it
  if (/\/runtime\/(?:src|[0-9a-f]{20})\/.*\.[ch]$/.test(file)) return RUNTIME;
  if (/(^|\/)src\/sys\/.*\.c$/.test(file)) return "shim";
  return "";
}

/** Names of parts by number, so that a section can be painted byte by byte. 0 is what no symbol covers. */
class Palette {
  readonly names: string[] = [UNATTRIBUTED];
  number(name: string): number {
    const at = this.names.indexOf(name, 1);
    if (at > 0) return at;
    return this.names.push(name) - 1;
  }
}

/** `definitions`: of the generated C. `owners`: of everything else, the first that has a name owns it. */
export type Sources = { definitions: Definition[]; owners: Owner[]; lines: CodeLine[] };

/** "x.lto_priv.3", "x.part.0.isra.0", "x.12" → "x": what the compiler made of one definition carries its name. */
export function plainName(symbol: string): string {
  let name = symbol;
  for (;;) {
    const shorter = name.replace(/\.(lto_priv|part|isra|constprop|cold|localalias|\d+)$/, "");
    if (shorter === name) return name;
    name = shorter;
  }
}

/** The room of a file of the tree: "sys" for src/sys/loop.ts, "main" for what lies in src/ itself. */
export function roomOf(file: string): string {
  return /(?:^|\/)src\/([^/]+)\//.exec(file)?.[1] ?? "main";
}

/** Parts of a binary; their bytes add up to the file. */
export function attribute(binary: Binary, from: Sources): Part[] {
  const palette = new Palette();
  const partOfName = new Map<string, string>();
  for (const o of [...from.owners].reverse()) for (const n of o.names) partOfName.set(plainName(n), o.part);
  const generated = new Set<string>(["main"]);
  for (const d of from.definitions) {
    generated.add(d.name);
    partOfName.set(d.name, roomOf(d.file));
  }
  partOfName.set("main", "main");
  const parts = new Map<string, Part>();
  const add = (name: string, kind: "code" | "data" | "zeroed", n: number): void => {
    const p = parts.get(name) ?? { name, code: 0, data: 0, zeroed: 0 };
    p[kind] += n;
    parts.set(name, p);
  };
  let inSections = 0;
  for (const s of binary.sections) {
    inSections += s.bytes.length;
    if (!s.isLoaded) {
      add(HEADERS, "data", s.bytes.length);
      continue;
    }
    const ofLinker = LINKER_SECTIONS[s.name];
    if (ofLinker !== undefined) {
      add(ofLinker, "data", s.size);
      continue;
    }
    const paint = new Uint16Array(s.size);
    for (const y of binary.symbols) {
      if (y.section === s.index) paint.fill(palette.number(partOfName.get(plainName(y.name)) ?? UNATTRIBUTED), y.address - s.address, y.address - s.address + y.size);
    }
    if (s.isCode) paintLines(s, paint, palette, binary, from.lines, generated);
    else paintStrings(s, paint, palette, from.owners);
    spreadIntoPadding(s, paint);
    const counts = new Map<number, number>();
    for (const p of paint) counts.set(p, (counts.get(p) ?? 0) + 1);
    for (const [p, n] of counts) add(palette.names[p]!, s.bytes.length === 0 ? "zeroed" : s.isCode ? "code" : "data", n);
  }
  add(HEADERS, "data", binary.fileSize - inSections);
  return [...parts.values()];
}

/** Code of the runtime that was inlined into a generated function stays with the TypeScript around it: that is what the room costs. */
function paintLines(s: Section, paint: Uint16Array, palette: Palette, binary: Binary, lines: CodeLine[], generated: Set<string>): void {
  const symbols = binary.symbols.filter((y) => y.section === s.index);
  let at = 0;
  let lastInSymbol = "";
  for (let i = 0; i < lines.length; i++) {
    const { address, file } = lines[i]!;
    const end = lines[i + 1]?.address ?? address;
    if (address < s.address || address >= s.address + s.size || file === "") continue; // the end of a stretch has no file
    while (at < symbols.length - 1 && symbols[at + 1]!.address <= address) {
      at += 1;
      lastInSymbol = "";
    }
    const around = symbols[at];
    // what follows a function without lines of its own (libc's) is not the last line's
    const last = around === undefined || around.address > address ? s.address + s.size : Math.max(address, around.address + around.size);
    const own = partOfSource(file);
    if (file.endsWith(".ts")) lastInSymbol = own;
    const inGenerated = around !== undefined && generated.has(plainName(around.name));
    const part = inGenerated && (own === "" || own === RUNTIME) ? lastInSymbol : own;
    if (part !== "") paint.fill(palette.number(part), address - s.address, Math.min(end, last) - s.address);
  }
}

/** String constants have no symbols: each goes to the first owner that contains it. */
function paintStrings(s: Section, paint: Uint16Array, palette: Palette, owners: Owner[]): void {
  const contents = owners.map((o) => ({ part: o.part, bytes: o.files.map((f) => readFileSync(f)) }));
  for (let i = 0; i < s.bytes.length; i++) {
    if (paint[i] !== 0 || s.bytes[i] === 0) continue;
    let end = i;
    while (end < s.bytes.length && paint[end] === 0 && s.bytes[end] !== 0) end += 1;
    const text = s.bytes.subarray(i, end + 1);
    const owner = contents.find((o) => o.bytes.some((b) => b.includes(text)));
    if (owner !== undefined) paint.fill(palette.number(owner.part), i, Math.min(end + 1, s.bytes.length));
    i = end;
  }
}

/** Up to an alignment's worth of bytes that nobody claims belongs to what it follows. */
function spreadIntoPadding(s: Section, paint: Uint16Array): void {
  const longest = 31;
  for (let i = 1; i < paint.length; i++) {
    if (paint[i] !== 0 || paint[i - 1] === 0) continue;
    let end = i;
    while (end < paint.length && paint[end] === 0) end += 1;
    const isFill = s.isCode || s.bytes.subarray(i, end).every((b) => b === 0);
    if (isFill && end - i <= longest) paint.fill(paint[i - 1]!, i, end);
    i = end - 1;
  }
}

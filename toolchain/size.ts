/**
 * npm run size -- [--target NAME]… [--write | --check]
 * What every part of Wherry costs on every machine, and the change against
 * docs/size.md. --write puts the figures there; --check fails when a total
 * grew past the allowance without that.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import parse from "yargs-parser";
import { compileLowered, ingredients, libgccFile, lower, type Program } from "./compile.ts";
import { definitionsOf } from "./origins.ts";
import { outDir, root } from "./places.ts";
import { attribute, UNATTRIBUTED, type Owner, type Part } from "./size/attribute.ts";
import { definedNames, readBinary, readCodeLines } from "./size/binary.ts";
import { fileBytes, formatDocument, formatTable, parseDocument, sorted } from "./size/table.ts";
import { muslDirs, TARGETS, targetNamed, type Target } from "./targets.ts";

const DOCUMENT = join(root, "docs", "size.md");
/** A total may grow by this without new figures in docs/size.md: 2 %, or one page. */
const ALLOWANCE = (committed: number): number => Math.max(4096, Math.round(committed * 0.02));
/** More than this share of the file without an owner means that the report has stopped telling the truth. */
const UNATTRIBUTED_SHARE = 0.05;
const SAME_SECTIONS = [".text", ".rodata", ".data", ".data.rel.ro"];

/** Parts of the shipped program; the file that ships is built as well, to see that it is the same code and data. */
async function measure(t: Target, c: string, dir: string): Promise<Part[]> {
  const program: Program = { entry: "src/main.ts", out: join(dir, t.name), target: t, flavor: "release" };
  const shown: Program = { ...program, out: join(dir, `${t.name}.lines`), keepSymbols: true, extraFlags: ["-g1", "-gdwarf-4"] };
  await compileLowered(program, c, dir);
  await compileLowered(shown, c, dir);
  const shipped = readBinary(t, program.out);
  const binary = readBinary(t, shown.out);
  for (const name of SAME_SECTIONS) {
    const of = (b: typeof binary): Buffer => b.sections.find((s) => s.name === name)?.bytes ?? Buffer.alloc(0);
    if (!of(shipped).equals(of(binary))) throw new Error(`${t.name}: ${name} of the measured build differs from what ships`);
  }
  const owners: Owner[] = (await ingredients({ ...program, extraFlags: ["-fno-lto"] }, c)).map((i) => ({ part: i.part, names: definedNames(t, i.objects), files: i.objects }));
  const lib = muslDirs(t).lib;
  for (const [part, files] of [["libc", ["libc.a", "rcrt1.o", "crti.o", "crtn.o"].map((f) => join(lib, f))], ["libgcc", [libgccFile(t)]]] as const) {
    owners.push({ part, names: definedNames(t, [...files]), files: [...files] });
  }
  return attribute({ ...shipped, symbols: binary.symbols }, { definitions: definitionsOf(c), owners, lines: readCodeLines(t, shown.out) });
}

async function main(): Promise<number> {
  const args = parse(process.argv.slice(2), { array: ["target"], string: ["target"], boolean: ["write", "check"] });
  const targets = args.target === undefined ? TARGETS : (args.target as string[]).map(targetNamed);
  const committed = existsSync(DOCUMENT) ? parseDocument(readFileSync(DOCUMENT, "utf8")) : new Map<string, Part[]>();
  const dir = join(outDir, "size");
  mkdirSync(dir, { recursive: true });
  const c = await lower("src/main.ts", dir);
  const measured = new Map<string, Part[]>();
  const problems: string[] = [];
  let checks = 0;
  for (const t of targets) {
    const parts = sorted(await measure(t, c, dir));
    measured.set(t.name, parts);
    const before = committed.get(t.name) ?? [];
    console.log(`${t.name}\n${formatTable(parts, before)}\n`);
    const total = fileBytes(parts);
    const was = fileBytes(before);
    checks += 2;
    if (total > was + ALLOWANCE(was)) problems.push(`${t.name} grew from ${was} to ${total} bytes, more than the ${ALLOWANCE(was)} allowed: find out why, or commit new figures with npm run size -- --write`);
    const lost = parts.find((p) => p.name === UNATTRIBUTED);
    if (lost !== undefined && lost.code + lost.data > total * UNATTRIBUTED_SHARE) problems.push(`${t.name}: ${lost.code + lost.data} of ${total} bytes are unattributed`);
  }
  rmSync(dir, { recursive: true });
  if (args.write) writeFileSync(DOCUMENT, formatDocument(new Map([...committed, ...measured])));
  if (!args.check) return 0;
  for (const p of problems) console.log(p);
  console.log(`${checks - problems.length} passed, ${problems.length} failed`);
  return problems.length === 0 ? 0 : 1;
}

process.exitCode = await main();

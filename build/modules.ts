/**
 * Kernel modules out of an unpacked Debian kernel package: which files a list
 * of module names needs, and the tables (modules.dep and others) that describe
 * just those. The package itself brings neither; what depmod would find is
 * read from the .modinfo section of each module. Soft dependencies are told,
 * not followed: whoever wants them lists them. Never loads anything.
 * Sources: kernel include/linux/moduleparam.h, modules.dep(5), depmod(8).
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { zstdDecompressSync } from "node:zlib";

export type KernelModules = {
  release: string;
  /** Path below lib/modules/<release>, contents. */
  files: { path: string; data: Buffer }[];
  /** "path: dependency …", the dependencies such that loading from the last to the first works. */
  dep: string;
  alias: string;
  softdep: string;
  /** As the package brings it: what is a part of the kernel itself. */
  builtin: string;
};

type Module = { path: string; data: Buffer; needs: string[]; aliases: string[]; soft: string[] };

/** The release of the one kernel below an unpacked package. */
export function kernelRelease(debs: string): string {
  const found = existsSync(join(debs, "lib/modules")) ? readdirSync(join(debs, "lib/modules")) : [];
  if (found.length !== 1) throw new Error(`${debs}/lib/modules: expected one kernel, found ${found.length}`);
  return found[0]!;
}

/** Wanted modules and all they need. A name that is built into the kernel is skipped; an unknown name throws. */
export function modulesFor(debs: string, wanted: string[]): KernelModules {
  const release = kernelRelease(debs);
  const top = join(debs, "lib/modules", release);
  const where = new Map(walk(top, "kernel").map((p) => [moduleName(p), p]));
  const builtinText = readFileSync(join(top, "modules.builtin"), "utf8");
  const builtin = new Set(builtinText.split("\n").map(moduleName));

  const known = new Map<string, Module>();
  const order: string[] = [];
  const visit = (name: string): void => {
    if (known.has(name) || builtin.has(name)) return;
    const path = where.get(name);
    if (path === undefined) throw new Error(`kernel ${release} has no module ${name}`);
    const m = readModule(top, path);
    known.set(name, m);
    for (const n of m.needs) visit(n);
    order.push(name);
  };
  for (const w of wanted) visit(w.replaceAll("-", "_"));

  const depLines = order.map((name) => {
    const m = known.get(name)!;
    const before = closure(name, known).filter((n) => n !== name).reverse();
    return `${m.path}:${before.map((n) => ` ${known.get(n)!.path}`).join("")}\n`;
  });
  const aliasLines = order.flatMap((name) => known.get(name)!.aliases.map((a) => `alias ${a} ${name}\n`));
  return {
    release,
    files: order.map((n) => ({ path: known.get(n)!.path, data: known.get(n)!.data })).sort((a, b) => (a.path < b.path ? -1 : 1)),
    dep: depLines.sort().join(""),
    alias: aliasLines.sort().join(""),
    softdep: order.flatMap((name) => known.get(name)!.soft.map((t) => `softdep ${name} ${t}\n`)).sort().join(""),
    builtin: builtinText,
  };
}

/** Names in load order, the module itself last. */
function closure(name: string, known: Map<string, Module>): string[] {
  const out: string[] = [];
  const visit = (n: string): void => {
    const m = known.get(n);
    if (m === undefined || out.includes(n)) return;
    for (const d of m.needs) visit(d);
    if (!out.includes(n)) out.push(n);
  };
  visit(name);
  return out;
}

function walk(top: string, folder: string): string[] {
  return readdirSync(join(top, folder), { withFileTypes: true }).flatMap((d) => {
    const path = `${folder}/${d.name}`;
    return d.isDirectory() ? walk(top, path) : /\.ko(\.xz|\.zst)?$/.test(d.name) ? [path] : [];
  });
}

function moduleName(path: string): string {
  return basename(path.trim()).replace(/\.ko(\.xz|\.zst)?$/, "").replaceAll("-", "_");
}

function readModule(top: string, path: string): Module {
  const data = unpack(join(top, path));
  const info = modinfo(data);
  const needs = info.filter((i) => i.key === "depends").flatMap((i) => i.value.split(",")).filter((w) => w !== "");
  return {
    path: path.replace(/\.(xz|zst)$/, ""), data,
    needs: needs.map((w) => w.replaceAll("-", "_")),
    aliases: info.filter((i) => i.key === "alias").map((i) => i.value),
    soft: info.filter((i) => i.key === "softdep").map((i) => i.value),
  };
}

function unpack(file: string): Buffer {
  const raw = readFileSync(file);
  if (file.endsWith(".zst")) return zstdDecompressSync(raw);
  if (file.endsWith(".xz")) return execFileSync("xz", ["-dc", file], { maxBuffer: 1 << 28 });
  return raw;
}

/** The key=value strings of section .modinfo. Source: ELF specification, "Section Header". */
export function modinfo(elf: Buffer): { key: string; value: string }[] {
  if (elf.length < 64 || elf.readUInt32BE(0) !== 0x7f454c46) throw new Error("not an ELF file");
  const wide = elf[4] === 2;
  const word = (at: number): number => (wide ? Number(elf.readBigUInt64LE(at)) : elf.readUInt32LE(at));
  const table = word(wide ? 0x28 : 0x20);
  const [size, count, names] = [0, 2, 4].map((o) => elf.readUInt16LE((wide ? 0x3a : 0x2e) + o)) as [number, number, number];
  const section = (i: number): { name: number; at: number; length: number } => {
    const h = table + i * size;
    return { name: elf.readUInt32LE(h), at: word(h + (wide ? 0x18 : 0x10)), length: word(h + (wide ? 0x20 : 0x14)) };
  };
  const nameTable = section(names);
  for (let i = 0; i < count; i += 1) {
    const s = section(i);
    const start = nameTable.at + s.name;
    if (elf.toString("latin1", start, start + 9) !== ".modinfo\0") continue;
    return elf.toString("utf8", s.at, s.at + s.length).split("\0").filter((t) => t.includes("=")).map((t) => {
      const eq = t.indexOf("=");
      return { key: t.slice(0, eq), value: t.slice(eq + 1) };
    });
  }
  return [];
}

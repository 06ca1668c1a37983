/**
 * One TypeScript program → one static binary. scriptc lowers it to C; gcc
 * compiles that, the shim and scriptc's runtime against musl. What does not
 * depend on the program (runtime, vendored libraries) is compiled once per
 * target and flags and kept in the cache. Recipe: design.md "Toolchain".
 */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { borrowParameters } from "./borrow.ts";
import { keep, kept } from "./kept.ts";
import { filterFile } from "./default_filter.ts";
import { manifestFor } from "./manifest.ts";
import { loadedInOrder, madeWhenRead, withConstants } from "./modules.ts";
import { cacheDir, root, runtimeDir } from "./places.ts";
import { withLines, withoutLines } from "./lines.ts";
import { runtimeSources, smallerStrings } from "./runtime.ts";
import { shrink } from "./shrink.ts";
import { runAsync, runResult, runResultAsync } from "./run.ts";
import { muslDirs, type Target } from "./targets.ts";
import { wayOut } from "./refusals.ts";

/**
 * release: what ships. debug: symbols, TypeScript lines, no optimisation of
 * calls away. sanitize: ASan and UBSan, for this machine only (glibc).
 */
export type Flavor = "release" | "debug" | "sanitize";

export type Program = {
  /** Entry file, relative to the tree. */
  entry: string;
  /** Binary to write; its folder is made. */
  out: string;
  target: Target;
  flavor: Flavor;
  /** Further C files, relative to the tree (fuzz drivers). */
  extraC?: string[];
  /** Further flags for compiler and linker (fuzzers). */
  extraFlags?: string[];
  /** Leaves symbols and TypeScript lines in a release binary: the same code and data, for tools that attribute them. */
  keepSymbols?: boolean;
};

const SHIM_FOLDER = "src/sys";

/** Runtime files every scriptc executable may need; the linker drops what it doesn't. */
const RUNTIME_UNITS = [
  "number", "string", "array", "bytes", "bytes_io", "map", "closure", "ffi", "object", "union", "exception", "error",
  "console", "lib", "path", "url", "json", "async", "crypto_async", "child", "cycle",
];

/** Runtime files only some programs need, with what of the vendored QuickJS they need: linked when the program names a function of theirs. */
const OPTIONAL_UNITS: { unit: string; libraries?: string[] }[] = [
  { unit: "regex", libraries: ["libregexp", "libunicode"] }, { unit: "assert" }, { unit: "symbol" }, { unit: "bigint" }, { unit: "events" },
  { unit: "inspect" }, { unit: "copying" }, { unit: "dc" }, { unit: "url_params" }, { unit: "util" }, { unit: "stream" },
];

/** What the runtime prints as no text, integer or rounded number: programs that use it leave printing to musl. */
const PRINTS_OTHERS = /\bscr_(?:num_to_exponential|bigint_\w+)\(/;

/** Functions of the runtime's strings that strings.c has for short ones; the runtime's own get "_any" behind their names. */
const STRING_FUNCTIONS = ["scr_str_utf16_len", "scr_str_char_code_at", "scr_str_index_of", "scr_str_slice"];

function unitFile(name: string): string {
  return join(runtimeSources(), `scr_${name}.c`);
}

/** Optional units that a C text needs, and those that these need in turn. */
function neededUnits(text: string): typeof OPTIONAL_UNITS {
  const units = OPTIONAL_UNITS.map((o) => {
    const source = readFileSync(unitFile(o.unit), "utf8");
    return { ...o, source, defines: [...source.matchAll(/^(?!static\b|extern\b)[A-Za-z_][\w \t*]*?\b(scr_\w+)\([^;{]*\{/gm)].map((m) => m[1]!) };
  });
  const needed = new Set<(typeof units)[number]>();
  const waiting = [text];
  for (let t = waiting.pop(); t !== undefined; t = waiting.pop()) {
    const names = new Set(t.match(/\bscr_\w+/g) ?? []);
    for (const u of units) {
      if (needed.has(u) || !u.defines.some((d) => names.has(d))) continue;
      needed.add(u);
      waiting.push(u.source);
    }
  }
  return units.filter((u) => needed.has(u));
}

/**
 * Libraries scriptc ships as source. Shim files whose names begin with `shim`
 * bind them, and both are left out of programs that call none of `needs`.
 */
type Library = {
  name: string;
  /** Folder under the runtime's vendor/, and its sources that are compiled. */
  folder: string;
  units: string[];
  shim: string;
  needs: RegExp;
  flags: string[];
};

const MBEDTLS = join(runtimeDir, "vendor", "mbedtls");

const LIBRARIES: Library[] = [
  {
    name: "mbedtls", folder: "mbedtls/library", shim: "crypto", needs: /^(?!extern ).*\bsys_(sha256|jws|pk|x509)_/m,
    units: [
      "asn1parse", "asn1write", "base64", "bignum", "bignum_core", "constant_time", "ecdsa", "ecp", "ecp_curves", "md", "oid", "pem",
      "pk", "pk_ecc", "pkparse", "platform_util", "rsa", "rsa_alt_helpers", "sha256", "sha512", "x509", "x509_crt",
    ],
    flags: ["-I", join(MBEDTLS, "include"), "-I", join(MBEDTLS, "library"), "-I", join(root, SHIM_FOLDER), "-DMBEDTLS_CONFIG_FILE=\"crypto_config.h\""],
  },
];

function hash(parts: string[]): string {
  const h = createHash("sha256");
  for (const p of parts) h.update(p).update("\0");
  return h.digest("hex").slice(0, 20);
}

function compilerFlags(t: Target, flavor: Flavor): string[] {
  const shared = [
    "-std=gnu11", "-D_GNU_SOURCE", "-fno-strict-aliasing", "-fno-math-errno", "-ffp-contract=off", "-ffunction-sections", "-fdata-sections",
    `-ffile-prefix-map=${root}=.`, `-ffile-prefix-map=${cacheDir}=.`, "-frandom-seed=wherry", "-w", "-DRYU_OPTIMIZE_SIZE",
    "-I", runtimeSources(), "-I", join(runtimeDir, "vendor", "quickjs-ng"), "-I", join(runtimeDir, "vendor"),
  ];
  if (flavor === "sanitize") return [...shared, "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer"];
  const libgcc = join(dirname(libgccFile(t)), "include");
  // DWARF 4: binutils 2.40 gives the first line of a file in DWARF 5 to the C file.
  return [
    ...shared, "-DSCR_MUSL", "-fPIE", "-fstack-protector-strong",
    ...(flavor === "debug" ? ["-Og", "-g", "-gdwarf-4"] : ["-Os", "-flto", "-DNDEBUG", "-fno-ident", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables"]),
    "-nostdinc", "-isystem", muslDirs(t).include, "-isystem", libgcc,
    ...t.kernelHeaders.flatMap((d) => ["-idirafter", d]),
    ...t.compile,
  ];
}

/** For the program's own code: its loops are full of calls, across which all that gcc moves out of them would be saved; and more equal ends of paths are joined. */
const PROGRAM_FLAGS = ["-fno-move-loop-invariants", "-fno-tree-loop-im", "-fconserve-stack", "--param=max-crossjump-edges=2000"];

const libgccKnown = new Map<string, string>();
/** The compiler's own library for a target. */
export function libgccFile(t: Target): string {
  const known = libgccKnown.get(t.name);
  if (known !== undefined) return known;
  const asked = runResult(`${t.tools}gcc`, [...t.compile.filter((f) => f.startsWith("-m")), "-print-libgcc-file-name"]).stdout.trim();
  libgccKnown.set(t.name, asked);
  return asked;
}

const objectsMade = new Map<string, Promise<string[]>>();

/** Compiles C files into one cached folder of objects; the same inputs (own `headers` among them) give the same folder. */
function cachedObjects(label: string, t: Target, flavor: Flavor, sources: string[], flags: string[], headers: string[] = []): Promise<string[]> {
  const key = hash([
    compilerVersion(t), runtimeVersion(), t.name, flavor, ...flags.map((f) => f.replaceAll(root, ".").replaceAll(cacheDir, ".")),
    ...[...headers, ...sources].map((s) => readFileSync(s, "utf8")),
  ]);
  const dir = join(cacheDir, "objects", `${label}-${t.name}-${flavor}-${key}`);
  const known = objectsMade.get(dir);
  if (known !== undefined) return known;
  const made = makeObjects(dir, `${t.tools}gcc`, sources, flags);
  objectsMade.set(dir, made);
  return made;
}

/** Objects appear under their folder's name only when all of them are there: another process may be making the same. */
async function makeObjects(dir: string, compiler: string, sources: string[], flags: string[]): Promise<string[]> {
  const objects = sources.map((s) => join(dir, `${basename(s, ".c")}.o`));
  if (existsSync(dir)) return objects;
  mkdirSync(dirname(dir), { recursive: true });
  const temporary = mkdtempSync(`${dir}.`);
  const waiting = [...sources];
  const worker = async (): Promise<void> => {
    for (let s = waiting.pop(); s !== undefined; s = waiting.pop()) {
      await runAsync(compiler, [...flags, "-c", s, "-o", join(temporary, `${basename(s, ".c")}.o`)]);
    }
  };
  await Promise.all([worker(), worker()]);
  try {
    renameSync(temporary, dir);
  } catch (e) {
    if (!existsSync(dir)) throw e;
    rmSync(temporary, { recursive: true });
  }
  return objects;
}

const versions = new Map<string, string>();
function compilerVersion(t: Target): string {
  const known = versions.get(t.name) ?? runResult(`${t.tools}gcc`, ["--version"]).stdout.split("\n")[0]!;
  versions.set(t.name, known);
  return known;
}

function runtimeVersion(): string {
  return (JSON.parse(readFileSync(join(runtimeDir, "package.json"), "utf8")) as { version: string }).version;
}

/** Files a program is made of, through its imports and references: path → text. */
function filesOf(entry: string): Map<string, string> {
  const found = new Map<string, string>();
  const waiting = [resolve(root, entry)];
  for (let f = waiting.pop(); f !== undefined; f = waiting.pop()) {
    if (found.has(f) || !existsSync(f)) continue;
    const text = readFileSync(f, "utf8");
    found.set(f, text);
    for (const m of text.matchAll(/(?:\bfrom|\bimport|<reference path=)\s*"(\.[^"]+)"/g)) waiting.push(resolve(dirname(f), m[1]!));
  }
  return found;
}

/** Whether the program, through its imports, names the shim's declarations: scriptc refuses bindings that no file declares. */
export function usesShim(entry: string): boolean {
  return filesOf(entry).has(join(root, SHIM_FOLDER, "sys.d.ts"));
}

/** What the C text of a program depends on. */
function loweringKey(entry: string, manifest: string): string {
  const parts = [runtimeVersion(), entry, manifest, ...["lowering.ts", "loops.ts", "lists.ts"].map((f) => readFileSync(join(root, "toolchain", f), "utf8"))];
  for (const [file, text] of [...filesOf(entry)].sort(([a], [b]) => (a < b ? -1 : 1))) parts.push(relative(root, file), text);
  return hash(parts);
}

/** Stands for the tree in texts that are kept: another checkout may read them. */
const TREE = "\u0001";

/** TypeScript → C text with `#line` directives. A refusal throws with file:line:col, the compiler's words and a way out. */
export async function lower(entry: string, workDir: string): Promise<string> {
  const reached = filesOf(entry);
  const declaring = sourcesIn(SHIM_FOLDER, ".ts");
  const bindings = usesShim(entry) ? manifestFor(declaring.filter((f) => reached.has(f)), shimSources(), declaring.filter((f) => !reached.has(f))) : "";
  const key = loweringKey(entry, bindings);
  const known = kept("lowered", key);
  if (known !== "") return readFileSync(known, "utf8").replaceAll(`${TREE}/`, `${root}/`);
  mkdirSync(workDir, { recursive: true });
  const c = join(workDir, "program.c");
  const args = [join(root, "toolchain/lowering.ts"), resolve(root, entry), c];
  if (bindings !== "") {
    const manifest = join(workDir, "manifest.json");
    writeFileSync(manifest, bindings);
    args.push(manifest);
  }
  const r = await runResultAsync(join(root, "node_modules/.bin/node"), args, { cwd: root });
  if (r.status !== 0) throw new Error(wayOut(`${r.stdout}${r.stderr}`.replaceAll(`${root}/`, "")));
  const text = readFileSync(c, "utf8");
  keep("lowered", key, (path) => writeFileSync(path, text.replaceAll(`${root}/`, `${TREE}/`)));
  return text;
}

export function shimSources(): string[] {
  return sourcesIn(SHIM_FOLDER, ".c");
}

function sourcesIn(folder: string, suffix: string): string[] {
  return readdirSync(join(root, folder)).filter((f) => f.endsWith(suffix)).sort().map((f) => join(root, folder, f));
}

/** Builds the program; returns the path of the binary. */
export async function compile(p: Program): Promise<string> {
  mkdirSync(join(cacheDir, "work"), { recursive: true });
  const work = mkdtempSync(join(cacheDir, "work", `${basename(p.entry, ".ts")}-`));
  await compileLowered(p, await lower(p.entry, work), work);
  rmSync(work, { recursive: true });
  return p.out;
}

/** Compiled C that a program is linked from; `part` is what the size report calls it. */
export type Ingredient = { part: string; objects: string[] };

/** All C of a program but its own: what the lowered text calls for, compiled or taken from the cache. */
export async function ingredients(p: Program, text: string): Promise<Ingredient[]> {
  const flags = [...compilerFlags(p.target, p.flavor), ...(p.extraFlags ?? [])];
  const make = (label: string, sources: string[], more: string[] = [], headers: string[] = []): Promise<string[]> => cachedObjects(label, p.target, p.flavor, sources, [...flags, ...more], headers);
  const units = [...RUNTIME_UNITS, ...(p.target.usesScriptcMusl && p.flavor !== "sanitize" ? ["musl"] : [])];
  const fast = p.flavor === "release" ? p.target.fastUnits : [];
  const quick = fast.length > 0 ? ["-O2"] : [];
  const found: Ingredient[] = [
    { part: "scriptc runtime", objects: await make("runtime", units.filter((u) => u !== "string" && !fast.includes(u)).map(unitFile)) },
    { part: "scriptc runtime", objects: await make("runtime-string", [unitFile("string")], [...quick, ...STRING_FUNCTIONS.map((f) => `-D${f}=${f}_any`)]) },
    { part: "toolchain", objects: await make("strings", [join(root, "toolchain/strings.c")], quick) },
  ];
  if (fast.length > 0) found.push({ part: "scriptc runtime", objects: await make("runtime-fast", fast.filter((u) => u !== "string").map(unitFile), quick) });
  for (const o of neededUnits(text)) {
    found.push({ part: "scriptc runtime", objects: await make(`runtime-${o.unit}`, [unitFile(o.unit)]) });
    const vendored = (o.libraries ?? []).map((l) => join(runtimeDir, "vendor/quickjs-ng", `${l}.c`));
    if (vendored.length > 0) found.push({ part: "quickjs", objects: await make(`library-${o.unit}`, vendored) });
  }
  const headers = sourcesIn(SHIM_FOLDER, ".h");
  for (const l of LIBRARIES.filter((each) => each.needs.test(text))) {
    const binding = shimSources().filter((f) => basename(f).startsWith(l.shim));
    found.push({ part: l.name, objects: await make(l.name, l.units.map((u) => join(runtimeDir, "vendor", l.folder, `${u}.c`)), l.flags, headers) });
    found.push({ part: "shim", objects: await make(`shim-${l.name}`, binding, l.flags, headers) });
  }
  if (usesShim(p.entry)) {
    const plain = shimSources().filter((f) => LIBRARIES.every((l) => !basename(f).startsWith(l.shim)));
    found.push({ part: "shim", objects: await make("shim", plain, ["-I", dirname(filterFile())], [...headers, filterFile()]) });
  }
  // a sanitizer has its own memcpy, and glibc
  const own = p.flavor === "sanitize" ? [] : [...p.target.extraSources, "toolchain/numbers.c", ...(PRINTS_OTHERS.test(text) ? [] : ["toolchain/print.c"])];
  const further = [...own, ...(p.extraC ?? [])].map((f) => join(root, f));
  // not with -flto: gcc would take a memcpy of ours for a copy and call itself
  if (further.length > 0) found.push({ part: "toolchain", objects: await make("further", further, ["-fno-lto", "-fno-builtin"]) });
  return found;
}

/** The second half of compile(): C text as lower() gives it → binary. `work`: an existing folder for what comes between. */
export async function compileLowered(p: Program, text: string, work: string): Promise<void> {
  const source = join(work, `program-${p.target.name}-${p.flavor}.c`);
  const whole = smallerStrings(text);
  const program = p.flavor === "debug" ? whole : madeWhenRead(shrink(borrowParameters(withConstants(loadedInOrder(whole)))));
  const shown = p.flavor === "release" && p.keepSymbols !== true ? withoutLines(program) : withLines(program);
  const flags = [...compilerFlags(p.target, p.flavor), ...(p.flavor === "release" ? PROGRAM_FLAGS : []), ...(p.extraFlags ?? [])];
  const others = (await ingredients(p, text)).flatMap((i) => i.objects);
  mkdirSync(dirname(p.out), { recursive: true });
  // what a tool asks for with flags of its own is not asked for twice
  const key = p.extraFlags !== undefined ? "" : binaryKey(p, shown, flags, others);
  const known = key === "" ? "" : kept("binaries", key);
  if (known !== "") {
    copyFileSync(known, `${p.out}.${process.pid}`);
    renameSync(`${p.out}.${process.pid}`, p.out);
    return;
  }
  writeFileSync(source, shown);
  const object = join(work, `${basename(source, ".c")}.o`);
  await runAsync(`${p.target.tools}gcc`, [...flags, "-c", source, "-o", object], { cwd: root });
  await link(p, flags, [object, ...others]);
  if (key !== "") keep("binaries", key, (path) => copyFileSync(p.out, path));
}

/** What the bytes of a binary depend on. */
function binaryKey(p: Program, text: string, flags: string[], objects: string[]): string {
  const anywhere = [...flags, ...p.target.link, ...objects].map((f) => f.replaceAll(root, ".").replaceAll(cacheDir, "."));
  const libc = p.flavor === "sanitize" ? "" : readFileSync(join(muslDirs(p.target).lib, "libc.a"), "latin1");
  const own = readFileSync(join(root, "toolchain/compile.ts"), "utf8");
  return hash([compilerVersion(p.target), p.target.name, p.flavor, String(p.keepSymbols === true), text, own, libc, ...anywhere]);
}

async function link(p: Program, flags: string[], objects: string[]): Promise<void> {
  const compiler = `${p.target.tools}gcc`;
  if (p.flavor === "sanitize") {
    await runAsync(compiler, [...flags, "-o", p.out, ...objects, "-lm"]);
    return;
  }
  const gcc = dirname(libgccFile(p.target));
  const lib = muslDirs(p.target).lib;
  const temporary = `${p.out}.${process.pid}`;
  await runAsync(compiler, [
    ...flags, ...(p.flavor === "release" ? ["-flto=2"] : []), "-nostdlib", "-static-pie", ...p.target.link,
    "-Wl,--gc-sections", "-Wl,-O1", "-Wl,--build-id=none", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack", "-Wl,-z,separate-code",
    ...(p.flavor === "release" && p.keepSymbols !== true ? ["-s"] : []),
    "-o", temporary, join(lib, "rcrt1.o"), join(lib, "crti.o"), join(gcc, "crtbeginS.o"),
    ...objects, "-Wl,--start-group", join(lib, "libc.a"), libgccFile(p.target), "-Wl,--end-group",
    join(gcc, "crtendS.o"), join(lib, "crtn.o"),
  ]);
  if (p.flavor === "release") await runAsync(`${p.target.tools}objcopy`, ["--remove-section=.comment", temporary]);
  renameSync(temporary, p.out);
}

/**
 * One TypeScript program → one static binary. scriptc lowers it to C; gcc
 * compiles that, the shim and scriptc's runtime against musl. What does not
 * depend on the program (runtime, vendored libraries) is compiled once per
 * target and flags and kept in the cache. Recipe: design.md "Toolchain".
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { manifestFor } from "./manifest.ts";
import { cacheDir, root, runtimeDir } from "./places.ts";
import { runAsync, runResult } from "./run.ts";
import { muslDirs, type Target } from "./targets.ts";
import { withLineDirectives } from "./lines.ts";
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
};

const SHIM_FOLDER = "src/sys";

/** Runtime files every scriptc executable may need; the linker drops what it doesn't. */
const RUNTIME_UNITS = [
  "number", "string", "array", "bytes", "bytes_io", "map", "closure", "ffi", "object", "union", "exception", "error",
  "console", "lib", "path", "url", "json", "async", "crypto_async", "child", "cycle",
];

/** Runtime files only some programs need: linked when the generated C calls into them. */
const OPTIONAL_UNITS: { unit: string; needs: RegExp; libraries?: string[] }[] = [
  { unit: "regex", needs: /\bscr_(regex|regexp)_/, libraries: ["libregexp", "libunicode"] },
  { unit: "assert", needs: /\bscr_(assert|symbol|regex)_?/ },
  { unit: "symbol", needs: /\bscr_symbol_/ },
  { unit: "bigint", needs: /\bscr_bigint_/ },
  { unit: "events", needs: /\bscr_(events|rl|readline)_/ },
  { unit: "inspect", needs: /\bscr_inspect_/ },
];

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
    "-std=gnu11", "-D_GNU_SOURCE", "-fno-strict-aliasing", "-fno-math-errno", "-ffunction-sections", "-fdata-sections",
    `-ffile-prefix-map=${root}=.`, `-ffile-prefix-map=${cacheDir}=.`, "-frandom-seed=wherry", "-w",
    "-I", join(runtimeDir, "src"), "-I", join(runtimeDir, "vendor", "quickjs-ng"),
  ];
  if (flavor === "sanitize") return [...shared, "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer"];
  const libgcc = join(dirname(libgccFile(t)), "include");
  return [
    ...shared, "-DSCR_MUSL", "-fPIE", "-fstack-protector-strong",
    ...(flavor === "debug" ? ["-Og", "-g"] : ["-Os", "-flto", "-fno-ident", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables"]),
    "-nostdinc", "-isystem", muslDirs(t).include, "-isystem", libgcc,
    ...t.kernelHeaders.flatMap((d) => ["-idirafter", d]),
    ...t.compile,
  ];
}

const libgccKnown = new Map<string, string>();
function libgccFile(t: Target): string {
  const known = libgccKnown.get(t.name);
  if (known !== undefined) return known;
  const asked = runResult(`${t.tools}gcc`, [...t.compile.filter((f) => f.startsWith("-m")), "-print-libgcc-file-name"]).stdout.trim();
  libgccKnown.set(t.name, asked);
  return asked;
}

/** Compiles C files into one cached folder of objects; the same inputs (own `headers` among them) give the same folder. */
async function cachedObjects(label: string, t: Target, flavor: Flavor, sources: string[], flags: string[], headers: string[] = []): Promise<string[]> {
  const compiler = `${t.tools}gcc`;
  const version = runResult(compiler, ["--version"]).stdout.split("\n")[0]!;
  const key = hash([version, t.name, flavor, ...flags.map((f) => f.replaceAll(root, ".").replaceAll(cacheDir, ".")), ...[...headers, ...sources].map((s) => readFileSync(s, "utf8"))]);
  const dir = join(cacheDir, "objects", `${label}-${t.name}-${flavor}-${key}`);
  const objects = sources.map((s) => join(dir, `${basename(s, ".c")}.o`));
  if (existsSync(join(dir, ".complete"))) return objects;
  const temporary = `${dir}.${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  const waiting = [...sources];
  const worker = async (): Promise<void> => {
    for (let s = waiting.pop(); s !== undefined; s = waiting.pop()) {
      await runAsync(compiler, [...flags, "-c", s, "-o", join(temporary, `${basename(s, ".c")}.o`)]);
    }
  };
  await Promise.all([worker(), worker()]);
  writeFileSync(join(temporary, ".complete"), "");
  if (existsSync(dir)) rmSync(temporary, { recursive: true });
  else renameSync(temporary, dir);
  return objects;
}

/** TypeScript → C text. A refusal throws with file:line:col, the compiler's words and a way out. */
export async function lower(entry: string, workDir: string): Promise<string> {
  mkdirSync(workDir, { recursive: true });
  const shim = shimSources();
  const manifest = join(workDir, "manifest.json");
  writeFileSync(manifest, manifestFor(join(root, SHIM_FOLDER, "sys.d.ts"), shim));
  const c = join(workDir, "program.c");
  const r = runResult(join(root, "node_modules/.bin/node"), [
    join(root, "node_modules/scriptc/dist/bootstrap.js"), "build", join(root, entry), "--emit", "c", "--ffi", manifest, "-o", c,
  ], { cwd: root, env: { ...process.env, NO_COLOR: "1" } });
  if (r.status !== 0) throw new Error(wayOut(`${r.stdout}${r.stderr}`.replaceAll(`${root}/`, "")));
  return readFileSync(c, "utf8").replaceAll(`${root}/`, "");
}

export function shimSources(): string[] {
  return readdirSync(join(root, SHIM_FOLDER)).filter((f) => f.endsWith(".c")).sort().map((f) => join(root, SHIM_FOLDER, f));
}

/** Builds the program; returns the path of the binary. */
export async function compile(p: Program): Promise<string> {
  const work = join(cacheDir, "work", hash([root, p.entry, p.target.name, p.flavor, p.out]));
  const text = await lower(p.entry, work);
  const source = join(work, "program.c");
  writeFileSync(source, p.flavor === "release" ? text : withLineDirectives(text));

  const flags = [...compilerFlags(p.target, p.flavor), ...(p.extraFlags ?? [])];
  const optional = OPTIONAL_UNITS.filter((o) => o.needs.test(text));
  const units = [...RUNTIME_UNITS, ...new Set(optional.map((o) => o.unit))];
  if (p.target.usesScriptcMusl && p.flavor !== "sanitize") units.push("musl");
  const runtime = await cachedObjects("runtime", p.target, p.flavor, units.map((u) => join(runtimeDir, "src", `scr_${u}.c`)), flags);
  const vendored = [...new Set(optional.flatMap((o) => o.libraries ?? []))].map((l) => join(runtimeDir, "vendor/quickjs-ng", `${l}.c`));
  const vendor: string[] = vendored.length === 0 ? [] : await cachedObjects("vendor", p.target, p.flavor, vendored, flags);
  for (const l of LIBRARIES.filter((each) => each.needs.test(text))) {
    const headers = readdirSync(join(root, SHIM_FOLDER)).filter((f) => f.endsWith(".h")).map((f) => join(root, SHIM_FOLDER, f));
    const sources = l.units.map((u) => join(runtimeDir, "vendor", l.folder, `${u}.c`));
    vendor.push(...await cachedObjects(l.name, p.target, p.flavor, sources, [...flags, ...l.flags], headers));
  }
  const shim = shimSources().filter((f) => LIBRARIES.every((l) => !basename(f).startsWith(l.shim) || l.needs.test(text)));
  const own = [source, ...shim, ...[...p.target.extraSources, ...(p.extraC ?? [])].map((f) => join(root, f))];
  const ownObjects: string[] = [];
  for (const s of own) {
    const o = join(work, `${basename(s, ".c")}.o`);
    const libraryFlags = LIBRARIES.find((l) => shim.includes(s) && basename(s).startsWith(l.shim))?.flags ?? [];
    await runAsync(`${p.target.tools}gcc`, [...flags, ...libraryFlags, "-c", relative(root, s).startsWith("..") ? s : relative(root, s), "-o", o], { cwd: root });
    ownObjects.push(o);
  }
  mkdirSync(dirname(p.out), { recursive: true });
  await link(p, flags, [...ownObjects, ...runtime, ...vendor]);
  return p.out;
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
    ...flags, "-nostdlib", "-static-pie", ...p.target.link,
    "-Wl,--gc-sections", "-Wl,-O1", "-Wl,--build-id=none", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack", "-Wl,-z,separate-code",
    ...(p.flavor === "release" ? ["-s"] : []),
    "-o", temporary, join(lib, "rcrt1.o"), join(lib, "crti.o"), join(gcc, "crtbeginS.o"),
    ...objects, "-Wl,--start-group", join(lib, "libc.a"), libgccFile(p.target), "-Wl,--end-group",
    join(gcc, "crtendS.o"), join(lib, "crtn.o"),
  ]);
  renameSync(temporary, p.out);
}

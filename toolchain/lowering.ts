/**
 * node toolchain/lowering.ts ENTRY OUT.c [MANIFEST]: one run of scriptc, from
 * TypeScript to C with `#line` directives. A process of its own, because the
 * compiler blocks. A rewritten copy is compiled, see loops.ts; what is refused
 * there is asked again of the sources themselves, whose places are right. It
 * uses the package's API: the command line writes directives into executables
 * only, and its comments name the entry for every file. Refusals go to
 * stderr, status 1.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { rewriteProgram } from "./loops.ts";
import { outDir, root } from "./places.ts";

enableCompileCache();
const { compile, renderDiagnostics } = await import("@scriptc/compiler");

const [entry, out, manifest] = process.argv.slice(2);

type Result = Awaited<ReturnType<typeof compile>>;

function lowered(file: string): Promise<Result> {
  return compile(file, { outPath: out!, outDir: ".", outputKind: "c", optimization: "dev", ...(manifest === undefined ? {} : { ffiProfilePath: manifest }) });
}

async function loweredCopy(): Promise<Result> {
  mkdirSync(join(outDir, "lowered"), { recursive: true });
  const copy = mkdtempSync(join(outDir, "lowered", "tree-"));
  try {
    const result = await lowered(rewriteProgram(entry!, copy));
    if (!result.ok) return await lowered(entry!).then((own) => (own.ok ? result : own));
    writeFileSync(out!, readFileSync(out!, "utf8").replaceAll(`${copy}/`, `${root}/`));
    return result;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const result = await loweredCopy();
if (!result.ok) {
  process.stderr.write(`${renderDiagnostics(result.diagnostics, result.sourceTexts, { color: false })}\n`);
  process.exitCode = 1;
}

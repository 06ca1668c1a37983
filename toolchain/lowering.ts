/**
 * node toolchain/lowering.ts ENTRY OUT.c [MANIFEST]: one run of scriptc, from
 * TypeScript to C with `#line` directives. A process of its own, because the
 * compiler blocks. It uses the package's API: the command line writes
 * directives into executables only, and its comments name the entry for every
 * file. Refusals go to stderr, status 1.
 */
import { enableCompileCache } from "node:module";

enableCompileCache();
const { compile, renderDiagnostics } = await import("@scriptc/compiler");

const [entry, out, manifest] = process.argv.slice(2);
const result = await compile(entry!, {
  outPath: out!, outDir: ".", outputKind: "c", optimization: "dev", ...(manifest === undefined ? {} : { ffiProfilePath: manifest }),
});
if (!result.ok) {
  process.stderr.write(`${renderDiagnostics(result.diagnostics, result.sourceTexts, { color: false })}\n`);
  process.exitCode = 1;
}

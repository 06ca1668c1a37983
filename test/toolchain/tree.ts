/**
 * Copies of the tree for tests that build elsewhere or break a file on
 * purpose. Only what the compiler driver reads; npm packages are shared,
 * except scriptc's runtime, whose sources are compiled and so must not sit at
 * the same place twice.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../toolchain/places.ts";

/** A copy in a new folder below the system's temporary one; `name` becomes part of its path. The caller removes it. */
export function copyOfTree(name: string): string {
  const dir = mkdtempSync(join(tmpdir(), `wherry-${name}-`));
  for (const f of ["package.json", "tsconfig.json", "src", "toolchain"]) cpSync(join(root, f), join(dir, f), { recursive: true });
  const modules = join(dir, "node_modules");
  mkdirSync(join(modules, "@scriptc"), { recursive: true });
  for (const m of readdirSync(join(root, "node_modules"))) if (m !== "@scriptc") symlinkSync(join(root, "node_modules", m), join(modules, m));
  for (const m of readdirSync(join(root, "node_modules/@scriptc"))) {
    if (m === "runtime") cpSync(join(root, "node_modules/@scriptc", m), join(modules, "@scriptc", m), { recursive: true });
    else symlinkSync(join(root, "node_modules/@scriptc", m), join(modules, "@scriptc", m));
  }
  return dir;
}

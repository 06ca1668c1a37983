/**
 * Builds only what its inputs have changed for: a key over the contents of
 * files and folders, kept beside what was made from them.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { outDir, root } from "../toolchain/places.ts";

/** One key over files and folders (whole, without what is built) and further words. */
export function keyOf(paths: string[], words: string[] = []): string {
  const h = createHash("sha256");
  const add = (path: string): void => {
    if (path === outDir) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) add(join(path, name));
      return;
    }
    h.update(`${relative(root, path)}\0`).update(readFileSync(path)).update("\0");
  };
  for (const p of paths) add(p);
  for (const w of words) h.update(`${w}\0`);
  return h.digest("hex");
}

/** Runs `make` unless `out` exists and was made for this key. Returns whether it was made now. */
export async function madeFor(key: string, out: string, make: () => void | Promise<void>): Promise<boolean> {
  const note = `${out}.key`;
  if (existsSync(out) && existsSync(note) && readFileSync(note, "utf8") === key) return false;
  rmSync(note, { force: true });
  await make();
  writeFileSync(note, key);
  return true;
}

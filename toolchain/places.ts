/**
 * Where things are: the tree, what is built, and the cache outside the tree
 * that survives a clean checkout. Every tool asks here.
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "..");
export const outDir = join(root, "build", "out");
export const cacheDir = process.env.WHERRY_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "wherry");
export const runtimeDir = join(root, "node_modules", "@scriptc", "runtime");

/** The unpacked Debian packages of one architecture (see setup.mjs). */
export function debsDir(debianArch: string): string {
  return join(cacheDir, "debs", debianArch);
}

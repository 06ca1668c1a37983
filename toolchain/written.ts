/** Files that the build makes of the sources, kept beside the objects made of them. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheDir } from "./places.ts";

/** A folder with these files; it appears under its name only when all of them are there: another process may be making the same. */
export function writtenFolder(kind: string, files: { name: string; text: string }[]): string {
  const h = createHash("sha256");
  for (const f of files) h.update(f.name).update("\0").update(f.text).update("\0");
  const dir = join(cacheDir, kind, h.digest("hex").slice(0, 20));
  if (existsSync(dir)) return dir;
  mkdirSync(dirname(dir), { recursive: true });
  const temporary = mkdtempSync(`${dir}.`);
  for (const f of files) writeFileSync(join(temporary, f.name), f.text);
  try {
    renameSync(temporary, dir);
  } catch (e) {
    if (!existsSync(dir)) throw e;
    rmSync(temporary, { recursive: true });
  }
  return dir;
}

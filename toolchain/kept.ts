/**
 * What was compiled once is kept in the cache, under a key that names all it
 * was made from, so that a test, a report and a boot of the same sources
 * compile them once between them. Of each kind the newest stay, up to a size.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "./places.ts";

const MOST_BYTES = { lowered: 400e6, binaries: 100e6 };
export type Kind = keyof typeof MOST_BYTES;

/** Path of what was kept, or "". */
export function kept(kind: Kind, key: string): string {
  const path = join(cacheDir, kind, key);
  if (!existsSync(path)) return "";
  const now = new Date();
  utimesSync(path, now, now);
  return path;
}

/** `write` gets the path to write to. The file appears whole, whoever else keeps the same. */
export function keep(kind: Kind, key: string, write: (path: string) => void): void {
  const dir = join(cacheDir, kind);
  mkdirSync(dir, { recursive: true });
  const temporary = join(dir, `.${key}.${process.pid}`);
  write(temporary);
  renameSync(temporary, join(dir, key));
  const files = readdirSync(dir).filter((f) => !f.startsWith(".")).map((f) => join(dir, f)).flatMap((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? [] : [{ path, bytes: found.size, used: found.mtimeMs }];
  });
  let bytes = 0;
  for (const f of files.sort((a, b) => b.used - a.used)) {
    bytes += f.bytes;
    if (bytes > MOST_BYTES[kind]) rmSync(f.path, { force: true });
  }
}

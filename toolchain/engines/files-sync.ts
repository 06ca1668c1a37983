// node:fs: write, append, read, stat, rename, list, remove, errors
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
const dir = mkdtempSync(join(tmpdir(), "engine-"));
writeFileSync(join(dir, "a.txt"), "one\n");
appendFileSync(join(dir, "a.txt"), "two\n");
mkdirSync(join(dir, "sub"));
renameSync(join(dir, "a.txt"), join(dir, "sub", "b.txt"));
console.log(readFileSync(join(dir, "sub", "b.txt"), "utf8").split("\n").length, readdirSync(dir).join(), statSync(join(dir, "sub", "b.txt")).size, existsSync(join(dir, "a.txt")));
try { readFileSync(join(dir, "none"), "utf8"); } catch (e) { console.log(e instanceof Error ? e.message.split(":")[0] : "?"); }
rmSync(dir, { recursive: true });
console.log(existsSync(dir));

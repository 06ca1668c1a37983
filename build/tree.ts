/**
 * A file tree in memory: what goes into an initramfs, a container's root
 * filesystem or a disk. Owns names and modes, never an image format. Every
 * file belongs to root and carries the same date, so that the same tree gives
 * the same image.
 */
import { chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Seconds since 1970 that every made file carries. */
export const FILE_DATE = 1_700_000_000;

export type Entry =
  | { kind: "dir"; path: string; mode: number }
  | { kind: "file"; path: string; mode: number; data: Buffer }
  | { kind: "link"; path: string; target: string }
  | { kind: "hard"; path: string; target: string }
  | { kind: "char"; path: string; mode: number; major: number; minor: number };

/** Paths are relative, without a leading "/"; parents are made as 0755 when they are missing. */
export class Tree {
  private readonly byPath = new Map<string, Entry>();

  dir(path: string, mode: number = 0o755): this {
    return this.put({ kind: "dir", path, mode });
  }

  file(path: string, data: string | Buffer, mode: number = 0o644): this {
    return this.put({ kind: "file", path, mode, data: typeof data === "string" ? Buffer.from(data) : data });
  }

  /** A symbolic link; target as it shall be read. */
  link(path: string, target: string): this {
    return this.put({ kind: "link", path, target });
  }

  /** Another name of a file of this tree; target is the path of that file here. */
  hard(path: string, target: string): this {
    return this.put({ kind: "hard", path, target });
  }

  char(path: string, mode: number, major: number, minor: number): this {
    return this.put({ kind: "char", path, mode, major, minor });
  }

  /** Takes a path and all below it out again: tests spoil trees with it. Returns how many entries went. */
  remove(path: string): number {
    const gone = [...this.byPath.keys()].filter((p) => p === path || p.startsWith(`${path}/`));
    for (const p of gone) this.byPath.delete(p);
    return gone.length;
  }

  /** Puts everything of this tree into another one, below a path. */
  copyInto(other: Tree, below: string): void {
    other.dir(below);
    for (const e of this.entries()) {
      const path = `${below}/${e.path}`;
      other.put(e.kind === "hard" ? { ...e, path, target: `${below}/${e.target}` } : { ...e, path });
    }
  }

  get(path: string): Entry | undefined {
    return this.byPath.get(path);
  }

  /** Parents before children, otherwise by name. */
  entries(): Entry[] {
    return [...this.byPath.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  }

  /** Writes the tree below an empty folder. Character devices are left out: they need a device's own /dev. */
  stage(folder: string): void {
    const all = this.entries();
    mkdirSync(folder, { recursive: true });
    for (const e of all) {
      const at = join(folder, e.path);
      if (e.kind === "dir") mkdirSync(at, { recursive: true });
      else if (e.kind === "file") writeFileSync(at, e.data);
      else if (e.kind === "link") symlinkSync(e.target, at);
    }
    for (const e of all) if (e.kind === "hard") linkSync(join(folder, e.target), join(folder, e.path));
    for (const e of all.reverse()) {
      const at = join(folder, e.path);
      if (e.kind === "dir" || e.kind === "file") chmodSync(at, e.mode);
      if (e.kind !== "char") lutimesSync(at, FILE_DATE, FILE_DATE);
    }
    lutimesSync(folder, FILE_DATE, FILE_DATE);
  }

  private put(e: Entry): this {
    if (e.path === "" || e.path.startsWith("/") || e.path.split("/").some((c) => c === "" || c === "." || c === "..")) throw new Error(`not a path inside a tree: "${e.path}"`);
    const parent = dirname(e.path);
    if (parent !== ".") {
      const above = this.byPath.get(parent);
      if (above === undefined) this.dir(parent);
      else if (above.kind !== "dir") throw new Error(`${e.path}: ${parent} is no folder`);
    }
    this.byPath.set(e.path, e);
    return this;
  }
}

/**
 * cpio archives in the "newc" format, the one the kernel unpacks as initramfs.
 * The same tree gives the same bytes: inode numbers count up, dates are fixed.
 * Source: kernel Documentation/driver-api/early-userspace/buffer-format.rst.
 */
import { FILE_DATE, type Entry, type Tree } from "./tree.ts";

const TYPE_BITS = { dir: 0o040000, file: 0o100000, link: 0o120000, char: 0o020000 };

/** The archive's bytes. A hard link is stored as a copy: nothing in an initramfs depends on it being one. */
export function cpioArchive(tree: Tree): Buffer {
  const parts: Buffer[] = [];
  let inode = 1;
  for (const e of tree.entries()) {
    const real = e.kind === "hard" ? tree.get(e.target) : e;
    if (real === undefined || real.kind === "hard") throw new Error(`${e.path}: hard link to nothing`);
    parts.push(member(e.path, real, inode));
    inode += 1;
  }
  parts.push(record("TRAILER!!!", Buffer.alloc(0), { inode: 0, mode: 0, links: 1, date: 0, major: 0, minor: 0 }));
  const body = Buffer.concat(parts);
  return Buffer.concat([body, Buffer.alloc(padding(body.length, 512))]);
}

type Header = { inode: number; mode: number; links: number; date: number; major: number; minor: number };

function member(path: string, e: Exclude<Entry, { kind: "hard" }>, inode: number): Buffer {
  const bits = e.kind === "link" ? 0o777 : e.mode;
  const data = e.kind === "file" ? e.data : e.kind === "link" ? Buffer.from(e.target) : Buffer.alloc(0);
  return record(path, data, {
    inode, mode: TYPE_BITS[e.kind] | bits, links: e.kind === "dir" ? 2 : 1, date: FILE_DATE,
    major: e.kind === "char" ? e.major : 0, minor: e.kind === "char" ? e.minor : 0,
  });
}

function record(name: string, data: Buffer, h: Header): Buffer {
  const nameBytes = Buffer.from(`${name}\0`);
  const fields = [h.inode, h.mode, 0, 0, h.links, h.date, data.length, 0, 0, h.major, h.minor, nameBytes.length, 0];
  const head = Buffer.from(`070701${fields.map((f) => f.toString(16).padStart(8, "0")).join("")}`);
  const named = Buffer.concat([head, nameBytes]);
  return Buffer.concat([named, Buffer.alloc(padding(named.length, 4)), data, Buffer.alloc(padding(data.length, 4))]);
}

function padding(length: number, unit: number): number {
  return (unit - (length % unit)) % unit;
}

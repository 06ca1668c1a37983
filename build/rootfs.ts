/**
 * Container root filesystems from Debian's busybox-static alone, packed as
 * squashfs. The same tree gives the same image.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../toolchain/run.ts";
import { FILE_DATE, Tree } from "./tree.ts";

/**
 * A root with busybox under the names of its applets, empty mount points and
 * user root. debs: unpacked packages of the target; applets: the names wanted.
 */
export function busyboxRoot(debs: string, applets: string[]): Tree {
  const t = new Tree();
  for (const d of ["dev", "proc", "sys", "run", "etc", "var", "pantavisor", "lib/modules", "lib/firmware"]) t.dir(d);
  t.dir("tmp", 0o1777).dir("root", 0o700);
  t.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n").file("etc/group", "root:x:0:\n").file("etc/resolv.conf", "");
  t.file("bin/busybox", readFileSync(join(debs, "bin/busybox")), 0o755);
  for (const a of applets) t.link(`bin/${a}`, "busybox");
  t.link("sbin", "bin").link("usr/bin", "../bin").link("usr/sbin", "../bin");
  return t;
}

/** Packs a tree. */
export function squashfs(tree: Tree): Buffer {
  const work = mkdtempSync(join(tmpdir(), "wherry-squashfs-"));
  try {
    tree.stage(join(work, "root"));
    return squashfsOf(join(work, "root"));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Packs a folder. All files belong to root, dates are fixed, one worker: the
 * bytes depend on names, modes and contents only. compression: of mksquashfs.
 */
export function squashfsOf(folder: string, compression: string[] = ["-comp", "lz4", "-Xhc"]): Buffer {
  const work = mkdtempSync(join(tmpdir(), "wherry-squashfs-"));
  try {
    const out = join(work, "image");
    const date = String(FILE_DATE);
    run("mksquashfs", [
      folder, out, "-quiet", "-no-progress", "-noappend", "-all-root", "-no-xattrs", "-no-exports",
      ...compression, "-processors", "1", "-mkfs-time", date, "-all-time", date,
    ], { env: { ...process.env, SOURCE_DATE_EPOCH: undefined } });
    return readFileSync(out);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

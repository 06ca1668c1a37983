/**
 * A device's storage: the folder layout of trails and objects, and the ext4
 * image that holds it. Files of a trail are hard links of objects, as the
 * device itself makes them (mke2fs -d keeps links). Source: lifecycle.md 3, 7.
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, runResult } from "../toolchain/run.ts";
import { FILE_DATE, Tree } from "./tree.ts";
import type { Revision } from "./revision.ts";

export type StorageSpec = {
  /** Revision name ("0", "locals/web-2") → revision. */
  revisions: { [name: string]: Revision };
  /** Committed revision, pv_rev of the boot environment. */
  committed: string;
  /** Revision to be tried at the next boot, pv_try. */
  trying?: string;
  /** Where the device mounts this storage; named by .pvr/config. */
  mountPoint?: string;
};

/** Everything below the storage's root. */
export function storageTree(spec: StorageSpec): Tree {
  const t = new Tree();
  for (const d of ["objects", "trails", "logs", "config", "cache/usrmeta", "cache/devmeta", "disks"]) t.dir(d);
  t.file("boot/uboot.txt", bootEnvironment(spec.committed, spec.trying ?? ""));
  for (const [name, r] of Object.entries(spec.revisions)) {
    const trail = `trails/${name}`;
    t.file(`${trail}/.pvr/json`, r.state);
    t.file(`${trail}/.pvr/config`, `{"ObjectsDir": "${spec.mountPoint ?? "/storage"}/objects"}`);
    t.dir(`${trail}/.pv`);
    for (const [sha, data] of r.objects) t.file(`objects/${sha}`, data);
    for (const [key, sha] of r.files) t.hard(`${trail}/${key}`, `objects/${sha}`);
    for (const [key, text] of r.documents) t.file(`${trail}/${key}`, text);
  }
  return t;
}

/** boot/uboot.txt: NUL-separated variables, a double NUL ends them. */
export function bootEnvironment(committed: string, trying: string): Buffer {
  const variables = [`pv_rev=${committed}`, ...(trying === "" ? [] : [`pv_try=${trying}`])];
  return Buffer.from(`${variables.map((v) => `${v}\0`).join("")}\0`, "latin1");
}

export type DiskSpec = { tree: Tree; label: string; sizeMb: number };

/** Writes the ext4 image (sparse). Identifier and hash seed are fixed; dates are those of the tree. */
export function makeDisk(spec: DiskSpec, out: string): void {
  const work = mkdtempSync(join(tmpdir(), "wherry-disk-"));
  try {
    spec.tree.stage(join(work, "root"));
    rmSync(out, { force: true });
    const fd = openSync(out, "w");
    ftruncateSync(fd, spec.sizeMb * 1024 * 1024);
    closeSync(fd);
    const id = "57686572-7279-4000-8000-000000000001";
    run("mke2fs", [
      "-q", "-F", "-t", "ext4", "-L", spec.label, "-U", id, "-E", `hash_seed=${id},lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0`,
      "-m", "0", "-d", join(work, "root"), out,
    ], { env: { ...process.env, E2FSPROGS_FAKE_TIME: String(FILE_DATE) } });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What e2fsck -fn says of an image: clean, or its report. A journal left to replay counts as not clean. */
export function checkDisk(image: string): { clean: boolean; report: string } {
  const r = runResult("e2fsck", ["-f", "-n", image]);
  const report = `${r.stdout}${r.stderr}`.trim();
  return { clean: r.status === 0 && !report.includes("skipping journal recovery"), report };
}

import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bootEnvironment, checkDisk, makeDisk, storageTree } from "../../build/disk.ts";
import { buildRevision, canonicalJson, type Revision } from "../../build/revision.ts";
import { run } from "../../toolchain/run.ts";

function sample(): Revision {
  const image = Buffer.from("not really an image");
  return buildRevision({
    containers: [{ name: "a", root: image, init: ["/bin/true"] }, { name: "b", root: image, init: ["/bin/true"] }],
    documents: { "a/extra.json": { z: 1, a: [true, null, "x"] } },
  });
}

/** Runs f with an image of the sample revision. */
function withDisk(f: (image: string, folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "wherry-test-"));
  try {
    const image = join(folder, "disk");
    makeDisk({ tree: storageTree({ revisions: { "0": sample(), "locals/x": sample() }, committed: "0" }), label: "storage", sizeMb: 16 }, image);
    f(image, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function debugfs(image: string, request: string): string {
  return run("debugfs", ["-R", request, image]);
}

test("one object is one file however many trails and containers name it", () => {
  withDisk((image) => {
    const sha = sample().files.get("a/root.squashfs")!;
    assert.is(sample().files.get("b/root.squashfs"), sha);
    const object = debugfs(image, `stat /objects/${sha}`);
    assert.match(object, /Links: 5\b/);
    const inode = /Inode: (\d+)/.exec(object)![1];
    assert.match(debugfs(image, "stat /trails/locals/x/b/root.squashfs"), new RegExp(`Inode: ${inode}\\b`));
  });
});

test("the image is clean, labelled, sparse, and damage to it is noticed", () => {
  withDisk((image) => {
    assert.is(checkDisk(image).clean, true);
    assert.match(run("dumpe2fs", ["-h", image]), /volume name:\s+storage\n/);
    assert.ok(statSync(image).blocks * 512 < 8 * 1024 * 1024);
    run("debugfs", ["-w", "-R", "clri /trails", image]);
    assert.is(checkDisk(image).clean, false);
  });
});

test("a trail holds state and documents byte for byte", () => {
  withDisk((image, folder) => {
    const out = join(folder, "out");
    debugfs(image, `dump /trails/0/.pvr/json ${out}`);
    assert.is(readFileSync(out, "utf8"), sample().state);
    debugfs(image, `dump /trails/0/a/extra.json ${out}`);
    assert.is(readFileSync(out, "utf8"), '{"a":[true,null,"x"],"z":1}');
    assert.ok(sample().state.includes('"a/extra.json":{"a":[true,null,"x"],"z":1}'));
  });
});

test("the boot environment ends with an empty variable", () => {
  assert.is(bootEnvironment("0", "").toString("latin1"), "pv_rev=0\0\0");
  assert.is(bootEnvironment("4", "locals/web-2").toString("latin1"), "pv_rev=4\0pv_try=locals/web-2\0\0");
});

test("canonical JSON sorts keys at every level and writes no white space", () => {
  assert.is(canonicalJson({ b: { d: 1, c: "é\n" }, a: [] }), '{"a":[],"b":{"c":"é\\n","d":1}}');
});

test.run();

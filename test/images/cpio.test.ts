import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cpioArchive } from "../../build/cpio.ts";
import { Tree } from "../../build/tree.ts";

function sample(): Tree {
  return new Tree().char("dev/console", 0o600, 5, 1).file("init", "program", 0o755).link("sbin/init", "/init").file("etc/a", "x").hard("etc/b", "etc/a");
}

test("cpio(1) reads the archive: names, modes, links, device numbers, contents", () => {
  const archive = cpioArchive(sample());
  const listed = spawnSync("cpio", ["-itv", "--quiet"], { input: archive, encoding: "utf8", env: { ...process.env, LC_ALL: "C", TZ: "UTC" } });
  assert.is(listed.stderr, "");
  const lines = listed.stdout.trim().split("\n").map((l) => l.replace(/ +/g, " "));
  assert.is(lines.length, 8);
  assert.match(lines[1]!, /^crw------- 1 root root 5, 1 .* dev\/console$/);
  assert.match(lines[5]!, /^-rwxr-xr-x 1 root root 7 .* init$/);
  assert.match(lines[6]!, /^drwxr-xr-x 2 root root 0 .* sbin$/);
  const text = spawnSync("cpio", ["-i", "--quiet", "--to-stdout", "etc/b"], { input: archive, encoding: "utf8" });
  assert.is(text.stdout, "x");
});

test("the same tree gives the same bytes", () => {
  assert.ok(cpioArchive(sample()).equals(cpioArchive(sample())));
});

test("a path that leaves the tree is refused", () => {
  for (const path of ["/etc/x", "a/../b", "", "a//b", "./a"]) assert.throws(() => new Tree().file(path, ""), /not a path inside a tree/);
  assert.throws(() => new Tree().file("a", "").file("a/b", ""), /a is no folder/);
});

test.run();

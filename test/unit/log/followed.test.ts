import "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { wholeLines } from "../../../src/log/follower.ts";
import { isMapped, mountOf } from "../../../src/log/inside.ts";
import { packFrame, unpackFrame, type Frame } from "../../../src/log/wire.ts";
import { planFollowed } from "../../../src/manager/followed.ts";
import type { LogFile } from "../../../src/state/model.ts";

const log = (file: string, truncate = false): LogFile => ({ file, name: "", truncate, maxSize: 500 });

test("each file is followed once, by a plain path; only what is to be emptied has a limit", () => {
  assert.equal(planFollowed([log("/var/log/syslog", true), log("//var/./log//syslog"), log("relative/x"), log("/a b/c")]), {
    files: [{ path: "/var/log/syslog", maxSize: 500 }, { path: "/relative/x", maxSize: 0 }, { path: "/a b/c", maxSize: 0 }], problems: [],
  });
});

test("paths that would leave the folder of our copies, or are none, are refused and named", () => {
  for (const file of ["/..", "/a/../../x", "/", "", "/lxc/console.log", "/lxc//lxc.log", `/${"x".repeat(1000)}`, "/a\0b"]) {
    const p = planFollowed([log(file), log("/fine")]);
    assert.equal(p.files.map((f) => f.path), ["/fine"], file);
    assert.is(p.problems.length, 1, file);
  }
  const many = planFollowed(Array.from({ length: 30 }, (_, i) => log(`/${i}`)));
  assert.equal([many.files.length, many.problems.length], [24, 6]);
  assert.match(many.problems[0]!, /^\/24 is one too many/);
});

test("what fits into a plan fits into a frame, and is read back as it was written", () => {
  const files = planFollowed(Array.from({ length: 30 }, (_, i) => log(`/${String(i).padStart(999, "x")}`, true))).files;
  const f: Frame = { kind: "follow", name: "web", pid: 7, uidMap: "         0     100000      65536\n", folder: "/storage/logs/0/web", maxBytes: 1048576, files };
  assert.equal(unpackFrame(packFrame(f)), f);
  for (const x of [{ kind: "ended", name: "web" }, { kind: "refused", name: "web", path: "/a b", why: "not a regular file" }] as Frame[]) assert.equal(unpackFrame(packFrame(x)), x);
});

test("a block counts up to its last line's end; a full one without any counts whole", () => {
  const lines = (text: string, isFull = false): number => wholeLines(new TextEncoder().encode(text), text.length, isFull);
  assert.equal([lines("a\nb\nc"), lines("a\nb\n"), lines("abc"), lines(""), lines("10%\r20%\r3"), lines("a\nb\rc")], [4, 4, 0, 0, 8, 2]);
  assert.equal([lines("abc", true), lines("a\nc", true)], [3, 2]);
});

test("a user is the container's when the namespace's map has it", () => {
  assert.ok(isMapped("         0          0 4294967295\n", 0));
  const map = "         0     100000      65536\n     70000       1000          1\n";
  assert.equal([0, 99999, 100000, 165535, 165536, 1000, 1001].map((id) => isMapped(map, id)), [false, false, true, true, false, true, false]);
  assert.not.ok(isMapped("", 0));
});

test("a mount's kind and whether it is read-only, by its number", () => {
  const info = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n361 35 0:9 / /x ro - tmpfs none rw\n4 35 0:9 / /y\\040z ro,nosuid shared:2 master:1 - fuse.sshfs none rw\n";
  assert.equal(["36", "361", "4", "3", ""].map((id) => mountOf(info, id)), [
    { type: "ext3", readOnly: false }, { type: "tmpfs", readOnly: true }, { type: "fuse.sshfs", readOnly: true }, { type: "", readOnly: false }, { type: "", readOnly: false },
  ]);
});

test.run();

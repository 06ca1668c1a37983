/** The volume room on this machine's kernel: real loop devices, overlays, disks. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../toolchain/compile.ts";
import { root } from "../../toolchain/places.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";
import { attachedBelow } from "./loops.ts";

const program = await compile({ entry: "test/native/volume/program.ts", out: join(root, "build/out/test/volume"), target: targetNamed("x86_64"), flavor: "release" });

/** What the program printed: values of a key, and all mounts below the base while it held them. */
function run(base: string, what: string, words: string[]): string[] {
  const r = spawnSync(program, [what, base, ...words], { encoding: "utf8", timeout: 60_000 });
  assert.is(r.status, 0, `${what} ended with ${r.status ?? r.signal}: ${r.stderr}`);
  return r.stdout.split("\n").filter((l) => l !== "");
}

function mounts(base: string): string[] {
  return readFileSync("/proc/self/mounts", "utf8").split("\n").filter((l) => l.includes(base)).map((l) => l.split(" ")[1]!.slice(base.length));
}

/** Files of `base` that are attached to a loop device. */
function loops(base: string): string[] {
  return readdirSync("/sys/block").filter((n) => n.startsWith("loop")).map((n) => `/sys/block/${n}/loop/backing_file`)
    .filter((f) => existsSync(f)).map((f) => readFileSync(f, "utf8").trim()).filter((f) => f.includes(base));
}

function assertNothingLeft(base: string): void {
  assert.equal(mounts(base), []);
  assert.equal(attachedBelow(base), []);
  assert.not.ok(readFileSync("/proc/swaps", "utf8").includes(base));
}

/** A folder with a trail of images, good and bad; gone afterwards. */
function withTrail(body: (base: string) => void): () => void {
  return () => {
    const base = mkdtempSync(join(tmpdir(), "wherry-volume-"));
    try {
      for (const d of ["tree/etc", "trail/_config/sub", "disks/plain.data", "lib/pv/volmount/crypt"]) mkdirSync(join(base, d), { recursive: true });
      writeFileSync(join(base, "tree/etc/motd"), "hello\n");
      writeFileSync(join(base, "trail/_config/.hidden"), "h");
      writeFileSync(join(base, "trail/_config/sub/tool"), "#!/bin/sh\n", { mode: 0o750 });
      writeFileSync(join(base, "trail/f.bind"), "bound");
      writeFileSync(join(base, "disks/plain.data/x"), "x");
      execFileSync("mksquashfs", [join(base, "tree"), join(base, "trail/root.squashfs"), "-quiet", "-no-progress"], { stdio: "ignore" });
      execFileSync("mke2fs", ["-q", "-t", "ext4", "-d", join(base, "tree"), join(base, "trail/d.ext4"), "4M"], { stdio: "ignore" });
      writeFileSync(join(base, "trail/json.squashfs"), '{"not":"an image"}');
      writeFileSync(join(base, "trail/ext.squashfs"), readFileSync(join(base, "trail/d.ext4")));
      body(base);
      assertNothingLeft(base);
    } finally {
      for (const m of mounts(base).reverse()) spawnSync("umount", ["-l", base + m]);
      rmSync(base, { recursive: true, force: true });
    }
  };
}

function kernelTest(title: string, body: (base: string) => void): void {
  const why = missing("root") || missing("loop") || missing("overlay");
  if (why !== "") console.log(`skip: ${title}: ${why}`);
  else test(title, withTrail(body));
}

const ALL = ["image:root.squashfs", "image:d.ext4", "tmpfs:boot", "bind:perm", "data:plain.data", "file:f.bind", "copy:_config"];

kernelTest("every kind of volume mounts, shows its content, and goes without a trace", (base) => {
  assert.equal(run(base, "mount", ALL), ["ok=true"]);
  const at = (f: string): string => readFileSync(join(base, f), "utf8");
  assert.is(at("volumes/root.squashfs/etc/motd"), "hello\n");
  assert.is(at("volumes/d.ext4/etc/motd"), "hello\n");
  assert.is(at("volumes/f.bind"), "bound");
  assert.is(at("volumes/plain.data/x"), "x");
  assert.is(at("configs/_config/.hidden"), "h");
  assert.is(statSync(join(base, "configs/_config/sub/tool")).mode & 0o777, 0o750);
  writeFileSync(join(base, "volumes/perm/kept"), "1");
  assert.throws(() => writeFileSync(join(base, "volumes/root.squashfs/new"), ""), /EROFS/);
  assert.equal(loops(base).length, 2);
  assert.equal(run(base, "unmount", ALL), []);
  assert.is(at("disks/perm/kept"), "1");
  assert.equal(readdirSync(join(base, "volumes")), []);
  assert.not.ok(existsSync(join(base, "configs/_config")));
});

kernelTest("a failure at any step leaves nothing mounted or attached, and says part, volume, file and errno", (base) => {
  for (let n = 0; n <= ALL.length; n++) {
    const steps = [...ALL.slice(0, n), "image:nowhere.squashfs", ...ALL.slice(n)];
    assert.equal(run(base, "mount", steps), [
      "ok=false", `why=web: volume nowhere.squashfs: open ${base}/trail/nowhere.squashfs: ENOENT (the object of this file is missing)`,
    ]);
    assertNothingLeft(base);
  }
});

/** Runs the program with the n-th call of a kind refused; false when there was no n-th. */
function runInjected(base: string, what: string, words: string[], call: string, n: number): { injected: boolean; lines: string[] } {
  const log = join(base, "strace.log");
  const r = spawnSync("strace", ["-f", "-o", log, "-e", `trace=${call}`, "-e", `inject=${call}:error=ENOMEM:when=${n}`, program, what, base, ...words], { encoding: "utf8", timeout: 60_000 });
  return { injected: readFileSync(log, "utf8").includes("(INJECTED)"), lines: r.stdout.split("\n").filter((l) => l !== "") };
}

kernelTest("any one system call refused while mounting: an error that names it, and nothing left", (base) => {
  let refused = 0;
  for (const call of ["mount", "ioctl", "mkdirat", "sendfile"]) {
    for (let n = 1; n < 40; n++) {
      const r = runInjected(base, "mount", ALL, call, n);
      if (r.lines[0] === "ok=true") {
        run(base, "unmount", ALL);
      } else {
        refused += 1;
        assert.match(r.lines[1] ?? `${call} ${n}: ${r.lines.join()}`, /^why=web: volume \S+: .*: ENOMEM/, `${call} ${n}`);
      }
      assertNothingLeft(base);
      if (!r.injected) break;
    }
  }
  assert.ok(refused >= 10, `${refused} refusals`);
});

kernelTest("an image that is none is named for what it is", (base) => {
  assert.match(run(base, "mount", ["image:json.squashfs"])[1]!, /: mount squashfs \S+\/json\.squashfs: \w+ \(not a squashfs, it looks like JSON\)$/);
  assert.match(run(base, "mount", ["image:ext.squashfs"])[1]!, /: EINVAL \(not a squashfs, it looks like ext4\)$/);
});

kernelTest("what a crash left mounted is replaced by the next start, and taken down whole", (base) => {
  run(base, "mount", ALL);
  assert.equal(run(base, "mount", ALL), ["ok=true"]);
  assert.is(mounts(base).length, ALL.length - 1);
  assert.is(loops(base).length, 2);
  run(base, "unmount", ALL);
});

kernelTest("taking down what is only half there is no error", (base) => {
  run(base, "mount", ALL.slice(0, 2));
  assert.equal(run(base, "unmount", ALL), []);
});

kernelTest("a boot folder on a disk is emptied, a permanent one is not", (base) => {
  for (const d of ["b", "p"]) {
    mkdirSync(join(base, "disks", d));
    writeFileSync(join(base, "disks", d, "old"), "");
  }
  run(base, "cycle", ["wipe:b", "bind:p"]);
  assert.equal(readdirSync(join(base, "disks/b")), []);
  assert.equal(readdirSync(join(base, "disks/p")), ["old"]);
});

kernelTest("overlays: odd names, many layers, numbers instead of names, topmost first", (base) => {
  const odd = ["lo:w,1", "lo\\2", "lo 3"].map((n) => join(base, n));
  odd.forEach((d, i) => {
    mkdirSync(d);
    writeFileSync(join(d, `only${i}`), "");
    writeFileSync(join(d, "same"), String(i));
  });
  for (const how of ["overlay", "overlay-numbered"]) {
    assert.equal(run(base, how, odd), ["ok=true"]);
    assert.equal(readdirSync(join(base, "merged")).filter((n) => n.startsWith("only")), ["only0", "only1", "only2"]);
    assert.is(readFileSync(join(base, "merged/same"), "utf8"), "0");
    writeFileSync(join(base, "merged", how), "");
    assert.ok(existsSync(join(base, "up,p:er", how)));
    execFileSync("umount", [join(base, "merged")]);
  }
  const many: string[] = [];
  for (let i = 0; i < 300; i++) many.push(join(base, `a-layer-with-quite-a-long-name-${i}`));
  many.forEach((d, i) => {
    mkdirSync(d);
    writeFileSync(join(d, `f${i}`), "");
  });
  assert.equal(run(base, "overlay-ro", many), ["ok=true"]);
  assert.is(readdirSync(join(base, "merged")).length, 300);
  execFileSync("umount", [join(base, "merged")]);
  assert.match(run(base, "overlay-ro", [join(base, "tree"), join(base, "none")])[0]!, /ENOENT \(lower folder \S+\/none is not there\)$/);
});

kernelTest("disks: bound, made in a file, swap, by script; twice is once; volumes find all at one place", (base) => {
  const script = join(base, "lib/pv/volmount/crypt/crypt");
  writeFileSync(script, `#!/bin/sh\necho "$@" >> ${base}/crypt.log\nwhat=$1\nfor last; do :; done\ncase $what in mount) mount -t tmpfs none "$last";; *) umount "$last";; esac\n`);
  chmodSync(script, 0o755);
  assert.equal(run(base, "disks", ["plain", "file", "file", "swap", "swap", "crypt", "crypt"]), ["plain=", "file=", "file=", "swap=", "swap=", "crypt=", "crypt="]);
  assert.equal(mounts(base), ["/media/pv/dmcrypt/plain", "/filemount", "/media/pv/dmcrypt/file", "/media/pv/dmcrypt/crypt"]);
  assert.is(readFileSync("/proc/swaps", "utf8").split("\n").filter((l) => l.includes(base)).length, 1);
  writeFileSync(join(base, "filemount/kept"), "k");
  assert.equal(run(base, "disks", ["-plain", "-file", "-swap", "-crypt"]), ["-plain=", "-file=", "-swap=", "-crypt="]);
  assertNothingLeft(base);
  run(base, "disks", ["file"]);
  assert.is(readFileSync(join(base, "filemount/kept"), "utf8"), "k");
  run(base, "disks", ["-file"]);
  assert.equal(readFileSync(join(base, "crypt.log"), "utf8").split("\n").length, 3);
});

kernelTest("a disk that holds something else is never formatted", (base) => {
  writeFileSync(join(base, "disks/file.img"), Buffer.alloc(1 << 20, "precious "));
  assert.match(run(base, "disks", ["file"])[0]!, /file=disk file: format \S+\/file\.img: EINVAL \(holds something that is no ext4: not touched/);
  assert.ok(readFileSync(join(base, "disks/file.img"), "utf8").startsWith("precious precious"));
  writeFileSync(join(base, "disks/swap.img"), Buffer.alloc(1 << 20, "precious "));
  assert.match(run(base, "disks", ["swap"])[0]!, /holds something that is no swap/);
});

kernelTest("a dual disk copies once, marks it on the storage, and later changes stay", (base) => {
  run(base, "disks", ["file"]);
  writeFileSync(join(base, "filemount/from-secondary"), "1");
  assert.equal(run(base, "disks", ["dual"]), ["dual="]);
  assert.ok(existsSync(join(base, "media/pv/dmcrypt/dual/from-secondary")));
  assert.ok(existsSync(join(base, "storage/pv/disks/dual_plain_file.init_done")));
  writeFileSync(join(base, "media/pv/dmcrypt/dual/from-secondary"), "2");
  run(base, "disks", ["-dual", "-plain", "-file"]);
  assert.equal(run(base, "disks", ["dual"]), ["dual="]);
  assert.is(readFileSync(join(base, "media/pv/dmcrypt/dual/from-secondary"), "utf8"), "2");
  run(base, "disks", ["-dual", "-plain", "-file"]);
});

kernelTest("a failing script is named with its status", (base) => {
  const script = join(base, "lib/pv/volmount/crypt/crypt");
  writeFileSync(script, "#!/bin/sh\nexit 3\n");
  chmodSync(script, 0o755);
  assert.match(run(base, "disks", ["crypt"])[0]!, /^crypt=disk crypt: run \S+\/crypt mount .*: EINVAL \(exit status 3\)$/);
});

kernelTest("an export shows later mounts of the container, and goes without taking them away", (base) => {
  assert.equal(run(base, "exports", []), ["file=x", "later=true", "gone=true", "stays=true"]);
});

kernelTest("remount policies change the mounts that match, keep their other flags, and name bad expressions", (base) => {
  assert.equal(run(base, "remount", []), [
    "problem=remount /(: not an extended regular expression", "mount= rw,nodev,relatime", "mount=/var/log ro,noexec,relatime",
  ]);
});

test.run();

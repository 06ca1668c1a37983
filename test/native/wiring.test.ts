/**
 * What a revision asks of the manager beside starting containers, each seen
 * from inside or in the machine: exports, policies, disks, the device's own
 * volumes, images that stay as they are, device rules, addresses, the
 * downgrade guard, what a new manager finds.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Json } from "../../build/revision.ts";
import { run, runResult } from "../../toolchain/run.ts";
import { act, GROUP, housed, needs, scripted, WAITS, type House } from "./supervision/house.ts";

/** An ext4 image with one file. */
function ext4(): Buffer {
  const work = mkdtempSync(join(tmpdir(), "wherry-ext4-"));
  try {
    mkdirSync(join(work, "tree"));
    writeFileSync(join(work, "tree/motd"), "hello\n");
    execFileSync("mke2fs", ["-q", "-t", "ext4", "-d", join(work, "tree"), join(work, "image"), "4M"], { stdio: "ignore" });
    return readFileSync(join(work, "image"));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function isMounted(path: string): boolean {
  return readFileSync("/proc/self/mountinfo", "utf8").split("\n").some((l) => l.split(" ")[4] === path);
}

housed("what a container exports is there for others, with what is mounted below it later, until it stops", {
  revision: (top) => ({
    containers: [
      scripted("giver", `echo gift > /srv/out/file; mount -t tmpfs none /data; ${WAITS}`, { exports: ["/srv/out"] }),
      scripted("taker", WAITS, { wherry: { depends: ["giver"] } }, { extra: [`lxc.mount.entry = ${top}/exports/giver/srv/out mnt none rbind,create=dir 0 0`] }),
    ],
  }),
}, async (h) => {
  await h.daemon.reaches("taker", "STARTED");
  await h.daemon.until("the gift is there", () => (h.tried("taker", "cat", "/mnt/file").stdout === "gift\n" ? true : null));
  h.inside("giver", "/bin/sh", "-c", "mkdir -p /srv/out/sub 2>/dev/null || busybox mkdir /srv/out/sub; busybox mount -t tmpfs none /srv/out/sub; echo deep > /srv/out/sub/f");
  assert.is(readFileSync(join(h.top, "exports/giver/srv/out/sub/f"), "utf8"), "deep\n");
  await act(h, "giver", "stop");
  await h.daemon.reaches("giver", "STOPPED");
  assert.not.ok(existsSync(join(h.top, "exports/giver")));
});

/** Its standard error is the pipe "unread" in its folder, which is full and which nobody reads. */
const UNREAD = ["sh", "-c", "for last; do :; done; pipe=${last%/*}/unread; mkfifo $pipe && exec 3<>$pipe && head -c 65536 /dev/zero >&3 && exec \"$@\" 2>&3 3>&-", "sh"];

housed("a manager whose lines nobody takes goes on, and says so once somebody does", {
  revision: () => ({ containers: [scripted("app", WAITS)] }),
  words: UNREAD,
}, async (h) => {
  await h.daemon.reaches("app", "STARTED");
  const pipe = openSync(join(h.top, "unread"), "r");
  const taken = (): string => {
    const b = Buffer.alloc(65536);
    return b.toString("latin1", 0, readSync(pipe, b)).replaceAll("\0", "");
  };
  assert.is(taken(), "");
  await act(h, "app", "stop");
  await h.daemon.reaches("app", "STOPPED");
  const words = taken();
  closeSync(pipe);
  assert.match(words, /^warn log: \d+ lines were not taken here\ninfo /);
});

housed("remount policies of device and container hold before the container's program runs", {
  revision: () => ({
    device: { groups: [GROUP], remount: { default: [{ "/run": "noexec" }] } },
    containers: [scripted("strict", WAITS, { remount: { default: [{ "/": "nosuid" }, { "/run": "nosuid" }, { "/ru(n": "ro" }] } })],
  }),
}, async (h) => {
  await h.daemon.reaches("strict", "STARTED");
  const at = (p: string): string => h.inside("strict", "cat", "/proc/self/mounts").split("\n").filter((l) => l.split(" ")[1] === p).pop() ?? "";
  assert.match(at("/run"), /nosuid.*noexec/);
  assert.match(at("/"), /nosuid/);
  assert.match(h.daemon.said(), /remount \/ru\(n: not an extended regular expression/);
});

housed("an ext4 image is read-only for the container: the object stays what it was", {
  revision: (top) => ({
    containers: [scripted("img", WAITS, { volumes: ["d.ext4"] }, { extra: [`lxc.mount.entry = ${top}/volumes/img/d.ext4 mnt none bind,create=dir 0 0`] })],
    files: { "img/d.ext4": ext4() },
  }),
}, async (h) => {
  await h.daemon.reaches("img", "STARTED");
  assert.is(h.inside("img", "cat", "/mnt/motd"), "hello");
  assert.match(h.tried("img", "touch", "/mnt/new").stderr, /Read-only file system/);
  await h.daemon.stop();
  const objects = join(h.top, "storage/objects");
  for (const id of readdirSync(objects)) assert.is(createHash("sha256").update(readFileSync(join(objects, id))).digest("hex"), id);
  h.daemon.start();
  await h.daemon.reaches("img", "STARTED");
});

housed("a .bind file is a copy: a container that writes to it leaves the object alone", {
  revision: (top) => ({
    containers: [scripted("b", WAITS, { volumes: ["f.bind"] }, { extra: [`lxc.mount.entry = ${top}/volumes/b/f.bind mnt/f none bind,create=file 0 0`] })],
    files: { "b/f.bind": "first\n" },
  }),
  before: (top) => rmSync(join(top, "storage/trails/0/b/f.bind")), // as an update leaves it: to be installed
}, async (h) => {
  await h.daemon.reaches("b", "STARTED");
  h.inside("b", "/bin/sh", "-c", "echo second > /mnt/f");
  await h.daemon.stop();
  h.daemon.start();
  await h.daemon.reaches("b", "STARTED");
  assert.is(h.inside("b", "cat", "/mnt/f"), "second");
});

housed("disks are mounted by the first containers that want them, once, and taken down at the end", {
  revision: (top) => ({
    device: {
      groups: [GROUP],
      disks: [
        { name: "plain", type: "volume-disk" },
        { name: "file", type: "volume-disk", provision: "file", path: `${top}/media/file.img`, provision_options: "size=8M", format: "ext4", mount_target: `${top}/media/file` },
      ] as Json[],
    },
    containers: ["one", "two", "three"].map((name) => scripted(name, WAITS, {
      storage: { "lxc-overlay": { persistence: "boot" }, keep: { persistence: "permanent", disk: "file" }, other: { persistence: "permanent", disk: "plain" } },
    }, { extra: [`lxc.mount.entry = ${top}/volumes/${name}/keep mnt none bind,create=dir 0 0`] })),
  }),
}, async (h) => {
  for (const name of ["one", "two", "three"]) await h.daemon.reaches(name, "STARTED");
  h.inside("two", "touch", "/mnt/kept");
  assert.is(readFileSync("/proc/self/mountinfo", "utf8").split("\n").filter((l) => l.split(" ")[4] === join(h.top, "media/file")).length, 1);
  assert.ok(existsSync(join(h.top, "media/pv/dmcrypt/file/perm/two/keep/kept")));
  assert.ok(existsSync(join(h.top, "storage/pv/volume-disk/plain/perm/one/other")));
  // Such as any service of a host may have: what is mounted now stays mounted there.
  const elsewhere = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", "echo; exec sleep infinity"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    await once(elsewhere.stdout, "data");
    await h.daemon.stop();
    h.daemon.start();
    await h.daemon.reaches("two", "STARTED");
    h.inside("two", "stat", "/mnt/kept");
    assert.is(runResult("losetup", ["-n", "-O", "NAME", "-j", join(h.top, "media/file.img")]).stdout.trim().split("\n").length, 1);
  } finally {
    elsewhere.kill("SIGKILL");
  }
});

housed("a container whose disk can't be had does not start and says which disk", {
  revision: () => ({
    device: { groups: [GROUP], disks: [{ name: "gone", type: "volume-disk", provision: "block", path: "/dev/no-such", format: "ext4", mount_target: "/media/gone" }] },
    containers: [scripted("poor", WAITS, { storage: { "lxc-overlay": { persistence: "boot" }, d: { persistence: "permanent", disk: "gone" } }, auto_recovery: { policy: "on-failure", max_retries: 1, retry_delay: 0, backoff_policy: "never" } })],
  }),
}, async (h) => {
  assert.match((await h.daemon.reaches("poor", "STOPPED")).last_end!.reason, /disk gone: .*\/dev\/no-such/);
});

housed("the device's own volumes are there before the containers, and for a new manager still", {
  revision: (top) => ({
    device: { groups: [GROUP], volumes: { shared: { persistence: "boot" } } },
    containers: [scripted("user", WAITS, {}, { extra: [`lxc.mount.entry = ${top}/volumes/bsp/shared mnt none bind,create=dir 0 0`] })],
  }),
}, async (h) => {
  await h.daemon.reaches("user", "STARTED");
  h.inside("user", "touch", "/mnt/mark");
  assert.ok(existsSync(join(h.top, "volumes/bsp/shared/mark")));
  process.kill(h.daemon.pid(), "SIGKILL");
  h.daemon.start();
  await h.daemon.reaches("user", "STARTED");
  assert.ok(existsSync(join(h.top, "volumes/bsp/shared/mark")), "not mounted over");
  await h.daemon.stop();
  assert.not.ok(isMounted(join(h.top, "volumes/bsp/shared")));
});

housed("folders with colons and commas in their names can be layers", {
  folder: "a:b,c",
  revision: () => ({ containers: [scripted("odd", WAITS)], files: { "_config/odd/etc/motd": "odd\n" } }),
}, async (h) => {
  await h.daemon.reaches("odd", "STARTED");
  assert.is(h.inside("odd", "cat", "/etc/motd"), "odd");
});

housed("device rules make nodes of devices that are there, in that container alone, and run their commands inside", {
  revision: () => ({
    containers: [scripted("ruled", WAITS), scripted("plain", WAITS)],
    documents: { "ruled/mdev.json": { rules: ["kmsg 0:0 604 @touch /seen-$MDEV"] } },
  }),
}, async (h) => {
  await h.daemon.reaches("plain", "STARTED");
  await h.daemon.reaches("ruled", "STARTED");
  await h.daemon.until("the command has run", () => (h.tried("ruled", "stat", "/seen-kmsg").status === 0 ? true : null));
  assert.is(h.inside("ruled", "stat", "-c", "%a %t:%T", "/dev/kmsg"), "604 1:b");
  assert.is.not(h.tried("plain", "stat", "/dev/kmsg").status, 0);
});

housed("an I/O limit of a device that is not there is left out and named", {
  revision: () => ({ containers: [scripted("io", WAITS, { wherry: { limits: { io: { devices: [{ device: "/dev/no-such-disk", read: "1M" }] } } } })] }),
}, async (h) => {
  await h.daemon.reaches("io", "STARTED");
  assert.match(h.daemon.said(), /\/dev\/no-such-disk is not there, its I\/O limit is ignored/);
});

/** A network of the test's own for the daemon. */
async function inNetwork(body: (words: string[]) => Promise<void>): Promise<void> {
  const name = `wherry-${process.pid}`;
  run("ip", ["netns", "add", name]);
  try {
    await body(["nsenter", `--net=/run/netns/${name}`]);
  } finally {
    run("ip", ["netns", "del", name]);
  }
}

housed("addresses that a configuration names are given to nobody, those of containers that are gone are free again", {
  started: false,
  revision: () => ({
    device: { groups: [GROUP], network: { pools: { inner: { type: "bridge", bridge: "wh-t0", subnet: "10.209.0.0/24", gateway: "10.209.0.1", nat: false } } } },
    containers: [
      scripted("named", WAITS, {}, { extra: ["lxc.net.0.type = empty", "lxc.net.0.flags = up", "lxc.net.0.ipv4.address = 10.209.0.2/24"] }),
      scripted("pooled", WAITS, { network: { pool: "inner" } }),
    ],
  }),
  before: (top) => {
    mkdirSync(join(top, "run/wherry"), { recursive: true });
    writeFileSync(join(top, "run/wherry/leases"), "wherry leases 1\ndynamic\tinner\tlong-gone\t10.209.0.3\n");
  },
}, (h) => inNetwork(async (words) => {
  h.daemon.start(words);
  await h.daemon.reaches("pooled", "STARTED");
  assert.match(h.inside("pooled", "ifconfig", "eth0"), /inet addr:10\.209\.0\.3 /);
  await h.daemon.stop();
}));

housed("a manager that takes over gives a host's link back when its container stops", {
  started: false,
  revision: () => ({ containers: [scripted("nic", WAITS, {}, { extra: ["lxc.net.0.type = phys", "lxc.net.0.link = wh-d0", "lxc.net.0.name = eth7"] })] }),
}, (h) => inNetwork(async (words) => {
  run(words[0]!, [words[1]!, "ip", "link", "add", "wh-d0", "type", "veth", "peer", "name", "wh-d1"]);
  const there = (): boolean => runResult(words[0]!, [words[1]!, "ip", "link", "show", "wh-d0"]).status === 0;
  h.daemon.start(words);
  const before = await h.daemon.reaches("nic", "STARTED");
  assert.not.ok(there());
  process.kill(h.daemon.pid(), "SIGKILL");
  h.daemon.start(words);
  assert.is((await h.daemon.reaches("nic", "STARTED")).pid, before.pid);
  await act(h, "nic", "stop");
  await h.daemon.reaches("nic", "STOPPED");
  assert.ok(there(), "it would have gone with the container's network");
  await h.daemon.stop();
}));

housed("a revision below the committed rollback index does not run where that is refused, and the reason is said", {
  started: false,
  config: ["WHERRY_SECUREBOOT_DOWNGRADE=refuse"],
  revision: () => ({ containers: [scripted("old", WAITS)] }),
  before: (top) => {
    mkdirSync(join(top, "storage/wherry"), { recursive: true });
    writeFileSync(join(top, "storage/wherry/rollback-index"), "5\n");
  },
}, async (h) => {
  h.daemon.start();
  assert.is(await h.daemon.ends(), "1");
  assert.match(h.daemon.said(), /State is older than the committed one why="rollback index 0 is below the committed 5/);
});

housed("what has stopped for good stays so under a new manager, with its reason", {
  revision: () => ({
    containers: [
      scripted("once", "exit 0", { auto_recovery: { policy: "on-failure", max_retries: 3, retry_delay: 1 } }),
      scripted("bad", "exit 4", { auto_recovery: { policy: "on-failure", max_retries: 1, retry_delay: 0, backoff_policy: "never" } }),
      scripted("asked", WAITS), scripted("runs", WAITS),
    ],
  }),
}, async (h) => {
  const settled = async (s: House): Promise<void> => {
    for (const name of ["once", "bad", "asked"]) await s.daemon.reaches(name, "STOPPED");
  };
  await h.daemon.reaches("asked", "STARTED");
  await act(h, "asked", "stop");
  await settled(h);
  await h.daemon.until("bad has used its retry", async () => ((await h.daemon.show("bad")).starts === 2 ? true : null));
  process.kill(h.daemon.pid(), "SIGKILL");
  h.daemon.start();
  await h.daemon.reaches("runs", "STARTED");
  await settled(h);
  for (const [name, starts, reason] of [["once", 1, "exited with status 0"], ["bad", 2, "exited with status 4"]] as const) {
    const s = await h.daemon.show(name);
    assert.equal([s.status, s.starts, s.last_end?.reason], ["STOPPED", starts, reason]);
  }
  await act(h, "once", "start");
  await h.daemon.until("it has run again", async () => ((await h.daemon.show("once")).starts === 2 ? true : null));
});

housed("reasons: exit status, signal and lack of memory, with the last lines of the console", {
  revision: () => ({
    containers: [
      scripted("status", "echo last words; exit 3", { auto_recovery: { policy: "on-failure", max_retries: 1, retry_delay: 1, backoff_policy: "never" } }),
      scripted("signal", "trap : PWR TERM; echo up; while :; do sleep 1; done", {}),
      scripted("greedy", "exec tail /dev/zero", { auto_recovery: { policy: "on-failure", max_retries: 1, retry_delay: 1, backoff_policy: "never" }, wherry: { limits: { memory: { max: "16M", swap: 0 } } } }),
    ],
  }),
}, async (h) => {
  await h.daemon.reaches("signal", "STARTED");
  const ended = (name: string): ReturnType<House["daemon"]["show"]> => h.daemon.until(`${name} has ended and been started again`, async () => {
    const s = await h.daemon.show(name);
    return s.last_end !== null && s.last_end.last_lines !== "" ? s : null;
  });
  assert.equal((await ended("status")).last_end, { kind: "exited", code: 3, reason: "exited with status 3", out_of_memory: false, last_lines: "last words\r\n" });
  const greedy = await h.daemon.until("greedy has ended", async () => {
    const s = await h.daemon.show("greedy");
    return s.last_end === null ? null : s.last_end;
  });
  assert.equal([greedy.kind, greedy.code, greedy.reason, greedy.out_of_memory], ["killed", 9, "killed by signal 9 (out of memory)", true]);
});

housed("the halt signal has as long as the configuration says", {
  config: ["WHERRY_STOP_TIMEOUT=1"],
  revision: () => ({ containers: [scripted("deaf", "trap : PWR TERM; while :; do sleep 1; done")] }),
}, async (h) => {
  await h.daemon.reaches("deaf", "STARTED");
  await h.daemon.until("its trap is set", () => (/SigCgt:\s*0*[1-9a-f]/.test(h.tried("deaf", "cat", "/proc/1/status").stdout) ? true : null));
  await act(h, "deaf", "stop");
  const s = await h.daemon.reaches("deaf", "STOPPED");
  assert.equal([s.last_end!.kind, s.last_end!.code], ["killed", 9]);
  assert.match(h.daemon.said(), /did not stop in time, killing it name=deaf after_ms=1000/);
});

if (needs.length > 0) console.log(`skip: wiring: ${needs.join("; ")}`);
housed("the console of a container that was taken over is read on by another logger", {
  revision: () => ({ containers: [scripted("talker", "trap 'exit 0' PWR TERM; while :; do echo still here; sleep 1 & wait $!; done")] }),
}, async (h) => {
  const lines = (): number => readFileSync(join(h.top, "storage/logs/0/talker/lxc/console.log"), "utf8").split("still here").length;
  await h.daemon.reaches("talker", "STARTED");
  const { pid } = await h.daemon.show("talker");
  process.kill(h.daemon.pid(), "SIGKILL");
  h.daemon.start();
  await h.daemon.reaches("talker", "STARTED");
  const loggers = (): number[] => readdirSync("/proc").filter((d) => /^\d+$/.test(d)).map(Number).filter((p) => {
    const c = (file: string): string => readFileSync(`/proc/${p}/${file}`, "utf8");
    try { return c("comm") === "wherry-logger\n" && c("cmdline").includes(h.top); } catch { return false; }
  });
  const old = loggers();
  assert.is(old.length, 1);
  process.kill(old[0]!, "SIGKILL");
  await h.daemon.until("there is another logger", () => (loggers().some((p) => p !== old[0]) ? true : null));
  const before = lines();
  await h.daemon.until("it says more", () => (lines() > before + 1 ? true : null));
  assert.is((await h.daemon.show("talker")).pid, pid);
});

test.run();

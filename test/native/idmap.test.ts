/**
 * Containers with ids of their own (lxc.idmap): who owns what of their root
 * filesystem, storage and volumes, seen from inside and from outside, and
 * folders that are shown under other ids by name (idmap=).
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ensureBinary } from "../../build/images.ts";
import { lxcConfig, type LxcSpec } from "../../build/lxcconfig.ts";
import type { ContainerSpec, Json } from "../../build/revision.ts";
import { busyboxRoot, squashfs } from "../../build/rootfs.ts";
import { Tree } from "../../build/tree.ts";
import { debsDir } from "../../toolchain/places.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";
import { act, housed, scripted, WAITS, type House } from "./supervision/house.ts";

const MAPS = ["lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 200000 65536"];
const APPLETS = ["sh", "id", "stat", "touch", "cat", "ls", "true", "mount", "mkdir", "rm", "mknod", "test"];

/** "user group" of a path on this machine. */
function owner(path: string): string {
  const s = statSync(path);
  return `${s.uid} ${s.gid}`;
}

/** Starts again; returns with a new process. */
async function again(h: House, name: string): Promise<void> {
  const { pid } = await h.daemon.show(name);
  await act(h, name, "restart");
  await h.daemon.until(`${name} runs anew`, async () => {
    const s = await h.daemon.show(name);
    return s.status === "STARTED" && s.pid !== pid ? true : null;
  });
}

/** The image of a container's root with all files owned by `uid` and `gid`. */
function ownedRoot(uid: number, gid: number): Buffer {
  const work = mkdtempSync(join(tmpdir(), "wherry-owned-"));
  try {
    busyboxRoot(debsDir("amd64"), APPLETS).dir("mnt").file("init.sh", `${WAITS}\n`, 0o755).stage(join(work, "root"));
    execFileSync("mksquashfs", [join(work, "root"), join(work, "image"), "-quiet", "-no-progress", "-force-uid", String(uid), "-force-gid", String(gid)]);
    return readFileSync(join(work, "image"));
  } finally {
    rmSync(work, { recursive: true });
  }
}

const STORAGE: { [key: string]: Json } = { "lxc-overlay": { persistence: "permanent" }, keep: { persistence: "permanent" }, now: { persistence: "boot" } };

function mapped(top: string, volumes: string[], more: Partial<ContainerSpec> = {}): ContainerSpec {
  return scripted("web", WAITS, { storage: STORAGE, volumes }, {
    keep: "ipc", extra: [...MAPS, ...["keep", "now", ...volumes].map((v) => `lxc.mount.entry = ${join(top, "volumes/web", v)} new/${v} none bind,create=dir 0 0`)], ...more,
  });
}

housed("under the manager root of a user namespace has its root filesystem, storage and volumes; on disk they are as ever", {
  revision: (top) => ({
    containers: [mapped(top, ["data.squashfs"]), scripted("plain", WAITS)],
    files: { "web/data.squashfs": squashfs(new Tree().file("name", "data\n")), "_config/web/etc/motd": "overlaid\n" },
  }),
}, async (h) => {
  await h.daemon.reaches("web", "STARTED");
  const { pid } = await h.daemon.show("web");
  assert.is(readFileSync(`/proc/${pid}/uid_map`, "utf8").trim().replace(/ +/g, " "), "0 100000 65536");
  const places = ["/", "/bin/agent", "/etc/motd", "/new", "/new/keep", "/new/now", "/new/data.squashfs/name", "/pantavisor/user-meta", "/pantavisor/logs", "/pantavisor/pv-ctrl", "/dev"];
  assert.equal(h.inside("web", "/bin/stat", "-c", "%u %g %n", ...places).split("\n"), places.map((p) => `0 0 ${p}`));
  h.inside("web", "/bin/sh", "-c", "for d in / /root /srv /etc /new/keep /new/now; do echo x > $d/made; done; rm /bin/false; echo more >> /etc/motd; mkdir /bin/deep; ln /bin/agent /bin/deep/hard; test -w /pantavisor/pv-ctrl");
  assert.equal(["/made", "/etc/made", "/new/keep/made"].map((p) => owner(`/proc/${pid}/root${p}`)), ["100000 200000", "100000 200000", "100000 200000"], "from outside its own ids are seen");
  const disks = join(h.top, "storage/disks/perm/web");
  assert.equal(["lxc-overlay/upper/made", "lxc-overlay/upper/etc/made", "lxc-overlay/upper/etc/motd", "lxc-overlay/upper/bin/deep", "keep/made"].map((p) => owner(join(disks, p))), ["0 0", "0 0", "0 0", "0 0", "0 0"]);
  for (const refused of ["mknod /null c 1 3", "mount -o remount,rw /pantavisor/logs", "echo x > /new/data.squashfs/name"]) assert.is.not(h.tried("web", "/bin/sh", "-c", refused).status, 0, refused);
  assert.is(h.inside("plain", "/bin/stat", "-c", "%u", "/"), "0");
  await again(h, "web");
  assert.is(h.inside("web", "/bin/sh", "-c", "cat /made /root/made /etc/motd /new/keep/made; stat -c %u /made /new/keep/made; ls /new/now; test -e /bin/false || echo gone"), "x\nx\noverlaid\nmore\nx\n0\n0\ngone");
});

housed("what an image or a storage was made for is left as it is", {
  revision: (top) => ({ containers: [mapped(top, [], { root: ownedRoot(100000, 200000) })] }),
  before: (top) => {
    for (const d of ["lxc-overlay", "keep"]) {
      mkdirSync(join(top, "storage/disks/perm/web", d), { recursive: true });
      execFileSync("chown", ["100000:200000", join(top, "storage/disks/perm/web", d)]);
    }
  },
}, async (h) => {
  await h.daemon.reaches("web", "STARTED");
  assert.is(h.inside("web", "/bin/stat", "-c", "%u %g", "/", "/bin/busybox", "/new/keep"), "0 0\n0 0\n0 0");
  h.inside("web", "/bin/touch", "/made", "/new/keep/made", "/bin/made");
  const disks = join(h.top, "storage/disks/perm/web");
  assert.equal(["lxc-overlay/upper/made", "lxc-overlay/upper/bin/made", "keep/made"].map((p) => owner(join(disks, p))), ["100000 200000", "100000 200000", "100000 200000"]);
});

/** Lower folders that are not the manager's can't be shown under other ids: as with kernels and filesystems that can't do it at all. */
housed("a root that can't be shown under other ids is nobody's, and the container starts all the same", {
  revision: (top) => {
    const spec: LxcSpec = { name: "web", init: ["/bin/sh", "/init.sh"], keep: "ipc", volumesDir: join(top, "volumes"), extra: MAPS };
    const config = lxcConfig(spec).replace(/^lxc.rootfs.path.*$/m, `lxc.rootfs.path = overlayfs:${join(top, "foreign")}:${join(top, "volumes/web/lxc-overlay/upper")}`);
    return { containers: ["", "lxc.autodev = 0\n"].map((more, i) => scripted(i === 0 ? "web" : "bare", WAITS, { storage: { "lxc-overlay": { persistence: "permanent" } } }, { config: config.replaceAll("volumes/web", `volumes/${i === 0 ? "web" : "bare"}`) + more })) };
  },
  before: (top) => {
    busyboxRoot(debsDir("amd64"), APPLETS).file("init.sh", `${WAITS}\n`, 0o755).stage(join(top, "foreign"));
    chmodSync(join(top, "foreign"), 0o755);
    rmSync(join(top, "foreign/pantavisor"), { recursive: true });
    // what it leads to is its own, not this machine's
    execFileSync("ln", ["-s", `${top}/elsewhere`, join(top, "foreign/pantavisor")]);
    mkdirSync(join(top, "elsewhere"));
    rmSync(join(top, "foreign/dev"), { recursive: true });
  },
}, async (h) => {
  for (const name of ["web", "bare"]) {
    await h.daemon.reaches(name, "STARTED");
    assert.is(h.inside(name, "/bin/stat", "-c", "%u", "/", "/bin"), "0\n65534");
    h.inside(name, "/bin/sh", "-c", "touch /made; test -d /pantavisor/logs && test -w /pantavisor/pv-ctrl && test -c /dev/pts/ptmx && test -e /dev/fd");
    assert.is.not(h.tried(name, "/bin/touch", "/bin/made").status, 0);
    assert.is(owner(join(h.top, "storage/disks/perm", name, "lxc-overlay/upper/made")), "100000 200000");
    await again(h, name);
    h.inside(name, "/bin/test", "-e", "/made");
  }
  assert.equal([readdirSync(join(h.top, "elsewhere")), existsSync(join(h.top, "foreign/dev"))], [[], false]);
});

housed("under the manager an idmap= word that leads nowhere is named with what should be shown so", {
  revision: (top) => ({ containers: [mapped(top, [], { extra: [...MAPS, `lxc.mount.entry = ${top}/etc srv none bind,create=dir,idmap=/no/such 0 0`] })] }),
}, async (h) => {
  await h.daemon.until("it can't be started", () => (/ status=STOPPED/.test(h.daemon.wholly()) ? true : null));
  assert.match(h.daemon.wholly(), `open idmap=/no/such of ${h.top}/etc: ENOENT`);
});

housed("a killed manager's mapped container is taken over, and taken down whole", {
  revision: (top) => ({ containers: [mapped(top, ["data.squashfs"])], files: { "web/data.squashfs": squashfs(new Tree().file("name", "data\n")) } }),
}, async (h) => {
  await h.daemon.reaches("web", "STARTED");
  const { pid } = await h.daemon.show("web");
  process.kill(h.daemon.pid(), "SIGKILL");
  await h.daemon.ends();
  h.daemon.start();
  assert.is((await h.daemon.reaches("web", "STARTED")).pid, pid);
  assert.is(h.inside("web", "/bin/id", "-u"), "0");
  await again(h, "web");
  await act(h, "web", "stop");
  await h.daemon.reaches("web", "STOPPED");
  assert.equal(h.daemon.leftovers("/volumes/web"), []);
});

/** Where mounts spread, with one below a folder that containers see; afterwards there is none of a container's. */
const SPREADING = 'mount -t tmpfs below "$0/closed/below"; "$@"; s=$?; ! grep " /run/wherry/" /proc/self/mountinfo >&2 || echo LEFT >&2; exit $s';

/** A sandbox with a configuration of these lines; rootfs is a folder of files that belong to root. */
async function sandbox(lines: string[], script: string, look: (work: string, r: { status: number | null; lines: string[]; said: string }) => void, root = "$T/root"): Promise<void> {
  const program = await ensureBinary(targetNamed("x86_64"));
  const work = mkdtempSync(join(tmpdir(), "wherry-idmap-"));
  try {
    chmodSync(work, 0o755);
    busyboxRoot(debsDir("amd64"), APPLETS).stage(join(work, "root"));
    mkdirSync(join(work, "closed/below"), { recursive: true });
    writeFileSync(join(work, "closed/secret"), "told\n", { mode: 0o600 });
    chmodSync(join(work, "closed"), 0o700);
    writeFileSync(join(work, "config"), ["lxc.mount.auto = proc sys:ro", ...lines].map((l) => `${l.replaceAll("$T", work)}\n`).join(""));
    const r = spawnSync("unshare", ["-m", "--propagation", "shared", "sh", "-c", SPREADING, work, program, "sandbox", "--config", join(work, "config"), root.replace("$T", work), "/bin/sh", "-c", script], { encoding: "utf8", timeout: 300_000 });
    assert.not.match(r.stderr, "LEFT");
    look(work, { status: r.status, lines: r.stdout.trimEnd().split("\n"), said: r.stderr });
    assert.not.match(readFileSync("/proc/self/mountinfo", "utf8"), new RegExp(work));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const why = (["root", "namespaces", "overlay"] as const).map(missing).filter((w) => w !== "");
const kernelTest = (title: string, body: () => Promise<void>): void => {
  if (why.length > 0) console.log(`skip: ${title}: ${why.join("; ")}`);
  else test(title, body);
};

const ROOT = "lxc.rootfs.options = idmap=container";
const ENTRY = "lxc.mount.entry = $T/closed srv none bind,idmap=container,create=dir 0 0";

/** With the file of a user namespace where root is user 5000, group 6000 of this machine. */
async function withUsers(body: (file: string) => Promise<void>): Promise<void> {
  const other = spawnSync("sh", ["-c", "unshare -U sleep 1000 > /dev/null 2>&1 & p=$!; until [ \"$(readlink /proc/$p/ns/user)\" != \"$(readlink /proc/self/ns/user)\" ]; do :; done; echo '0 5000 10' > /proc/$p/uid_map; echo '0 6000 10' > /proc/$p/gid_map; echo $p"], { encoding: "utf8" });
  const pid = Number(other.stdout);
  try {
    await body(`/proc/${pid}/ns/user`);
  } finally {
    process.kill(pid, "SIGKILL");
  }
}

kernelTest("a sandbox shows its root as idmap= says, else as the device's", async () => {
  await sandbox(MAPS, "stat -c %u /bin; touch /made; touch /bin/made || echo refused", (_, r) => assert.equal([r.status, r.lines], [0, ["65534", "refused"]], r.said));
  await sandbox([...MAPS, ROOT], "stat -c '%u %g' /bin /bin/sh; touch /bin/made && stat -c %u /bin/made", (work, r) => {
    assert.equal([r.status, r.lines], [0, ["0 0", "0 0", "0"]], r.said);
    assert.not.ok(existsSync(join(work, "root/bin/made")));
  });
});

kernelTest("a root of this machine with all its mounts is shown as well, and by another user namespace", async () => {
  await sandbox([...MAPS, ROOT], "stat -c %u / /bin; touch /usr/made", (_, r) => assert.equal([r.status, r.lines], [0, ["0", "0"]], r.said), "/");
  await withUsers(async (users) => sandbox([ROOT.replace("container", users)], "stat -c '%u %g' /bin", (_, r) => assert.equal([r.status, r.lines], [0, ["5000 6000"]], r.said)));
});

kernelTest("a folder that is closed to the container is its own by idmap=, and what it makes is the device's", async () => {
  await sandbox([...MAPS, ENTRY], "cat /srv/secret; stat -c '%u %g' /srv /srv/secret; echo x > /srv/made; ls /srv/below", (work, r) => {
    assert.equal([r.status, r.lines], [0, ["told", "0 0", "0 0"]], r.said);
    assert.is(owner(join(work, "closed/made")), "0 0");
  });
  await sandbox([...MAPS, ENTRY.replace("bind", "bind,ro")], "cat /srv/secret; echo x > /srv/made", (_, r) => {
    assert.equal(r.lines, ["told"], r.said);
    assert.match(r.said, /Read-only file system/);
  });
  await withUsers(async (users) => sandbox([ENTRY.replace("container", users)], "stat -c '%u %g' /srv /srv/secret", (_, r) => assert.equal([r.status, r.lines], [0, ["5000 6000", "5000 6000"]], r.said)));
});

kernelTest("maps and idmap= words that mean nothing end the start by name", async () => {
  const cases: [string[], RegExp][] = [
    [[...MAPS, "lxc.rootfs.options = idmap=nonsense"], /lxc\.rootfs\.options: idmap=nonsense: neither "container" nor the path/],
    [[...MAPS, ENTRY.replace("container", "nonsense")], /config:4 lxc.mount.entry: idmap=nonsense: neither/],
    [[ENTRY], /config:2 lxc.mount.entry: idmap=container, but the container has no ids of its own \(lxc\.idmap\)/],
    [[...MAPS, "lxc.mount.entry = tmpfs mnt tmpfs idmap=container,create=dir 0 0"], /config:4 lxc.mount.entry: idmap= is for binds/],
    [[...MAPS, "lxc.idmap = u 70000 100005 5"], /lxc\.idmap: the same id is mapped twice/],
    [[MAPS[0]!], /lxc\.idmap: no line with g/],
    [[...MAPS, ENTRY.replace("container", "/etc/passwd")], /show under other ids .*closed: EINVAL \(idmap=\/etc\/passwd is no user namespace, or /],
    [[...MAPS, ENTRY.replace("container", "/no/such")], /open idmap=\/no\/such of .*closed: ENOENT/],
    [[...MAPS, ROOT.replace("container", "/no/such")], /open idmap=\/no\/such of .*root: ENOENT/],
    [[...MAPS, ENTRY.replace("$T/closed", "/proc/sys")], /show under other ids \/proc\/sys: EINVAL \(this kernel can't do that with its filesystem\)/],
    [[...MAPS, ENTRY.replace("$T/closed", "$T/nothing")], /show under other ids .*nothing: ENOENT/],
  ];
  for (const [lines, said] of cases) {
    await sandbox(lines, "true", (_, r) => {
      assert.match(r.said, said);
      assert.is(r.status, 125, r.said);
    });
  }
  await sandbox([...MAPS, ENTRY.replace("$T/closed", "/proc/sys").replace("bind", "bind,optional")], "echo fine", (_, r) => assert.equal([r.status, r.lines], [0, ["fine"]], r.said));
  await sandbox([...MAPS, ENTRY.replace("bind,idmap=container", "bind,optional,idmap=/no/such")], "ls -A /srv; echo fine", (_, r) => assert.equal([r.status, r.lines], [0, ["fine"]], r.said));
});

test.run();

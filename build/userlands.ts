/**
 * Root filesystems as people run them, out of Debian's packages: Debian with
 * systemd, busybox init as on Alpine, one static program. Each tells the
 * manager "ready" when it is up (build/payload.c), and names what it prints.
 * Packages are downloaded by apt below the cache, once; their maintainer
 * scripts are not run, what those would write is written here.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheDir } from "../toolchain/places.ts";
import { run } from "../toolchain/run.ts";
import { busyboxRoot, squashfsOf } from "./rootfs.ts";
import { Tree } from "./tree.ts";

export type Userland = {
  name: string;
  root: Tree | Buffer;
  init: string[];
  /** Lines of the LXC configuration it needs beside the usual ones. */
  extra: string[];
};

/** The set a Debian container boots with: systemd as init, its bus, a shell. */
const DEBIAN_PACKAGES = ["systemd-sysv", "dbus", "dash", "coreutils", "base-files"];
/** In the closure for installing only, which happens here. */
const FOR_INSTALLING = ["adduser", "debconf", "dpkg", "passwd", "perl-base", "tar"];
/** Nobody reads them in a test. */
const NOT_NEEDED = ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/zoneinfo", "usr/share/lintian", "usr/share/bash-completion", "usr/share/zsh", "usr/lib/udev/hwdb.d"];

/** One static C program, waiting for SIGTERM. payload: build/payload.c for the container's machine. */
export function plainUserland(payload: Buffer): Userland {
  const t = new Tree();
  for (const d of ["dev", "proc", "sys", "run", "etc", "lib/modules", "lib/firmware", "pantavisor"]) t.dir(d);
  t.file("etc/resolv.conf", "").file("app", payload, 0o755);
  return { name: "plain", root: t, init: ["/app", "plain", "-", "ready"], extra: [] };
}

/** busybox as init with an inittab: a start script, a service that is started again, a script at shutdown. */
export function busyboxUserland(debs: string, payload: Buffer): Userland {
  const t = busyboxRoot(debs, ["sh", "init", "sleep", "mount", "cat", "ps", "kill", "hostname"]);
  t.file("bin/payload", payload, 0o755);
  t.file("etc/inittab", [
    "::sysinit:/etc/init.d/rcS", "::once:/bin/payload busybox - tell", "::respawn:/bin/sleep 1000000", "::shutdown:/bin/sh -c \"echo busybox: shutting down\"",
  ].map((l) => `${l}\n`).join(""));
  t.file("etc/init.d/rcS", "#!/bin/sh\necho busybox: started\n", 0o755);
  return { name: "busybox", root: t, init: ["/sbin/init"], extra: [] };
}

/** Debian with systemd, packed below the cache. Throws when the packages can't be had. */
export function debianUserland(debianArch: string, payload: Buffer): Userland {
  const own = createHash("sha256").update(readFileSync(import.meta.filename)).update(payload).digest("hex").slice(0, 16);
  const image = join(cacheDir, "userlands", `debian-${debianArch}-${own}.squashfs`);
  if (!existsSync(image)) {
    const folder = `${image}.root`;
    rmSync(folder, { recursive: true, force: true });
    unpackDebian(debianArch, folder);
    configureDebian(folder, payload);
    const temporary = `${image}.${process.pid}`;
    writeFileSync(temporary, squashfsOf(folder, ["-comp", "lz4"]));
    renameSync(temporary, image);
    rmSync(folder, { recursive: true, force: true });
  }
  // Its own network: systemd sets sysctls below net, which would be the host's.
  return { name: "debian", root: readFileSync(image), init: ["/sbin/init"], extra: ["lxc.net.0.type = empty"] };
}

/** All of the closure as if nothing were installed yet; apt keeps what it has downloaded. */
function debianArchives(debianArch: string): string[] {
  const state = join(cacheDir, "userlands", `apt-${debianArch}`);
  const archives = join(state, "archives");
  mkdirSync(join(archives, "partial"), { recursive: true });
  writeFileSync(join(state, "status"), "");
  run("apt-get", [
    "-q", "-y", "--no-install-recommends", "-o", `Dir::State::status=${join(state, "status")}`, "-o", `Dir::Cache::archives=${archives}`,
    "-o", "APT::Sandbox::User=root", "-o", `APT::Architecture=${debianArch}`, "-o", `APT::Architectures=${debianArch}`, "-o", "Acquire::Retries=5",
    "install", "--download-only", ...DEBIAN_PACKAGES,
  ], { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  return readdirSync(archives).filter((f) => f.endsWith(".deb") && !FOR_INSTALLING.includes(f.split("_")[0]!)).sort().map((f) => join(archives, f));
}

function unpackDebian(debianArch: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const deb of debianArchives(debianArch)) run("dpkg-deb", ["-x", deb, folder]);
  // Packages still bring /bin, /sbin and /lib; in Debian these are links, made when it is installed.
  for (const d of ["bin", "sbin", "lib", "lib64"]) {
    if (!existsSync(join(folder, d))) continue;
    mkdirSync(join(folder, "usr", d), { recursive: true });
    run("cp", ["-a", `${join(folder, d)}/.`, join(folder, "usr", d)]);
    rmSync(join(folder, d), { recursive: true });
    symlinkSync(`usr/${d}`, join(folder, d));
  }
  for (const d of NOT_NEEDED) rmSync(join(folder, d), { recursive: true, force: true });
}

const USERS = ["root:0:/root:/bin/sh", "messagebus:101:/nonexistent:/usr/sbin/nologin", "nobody:65534:/nonexistent:/usr/sbin/nologin"];

function configureDebian(folder: string, payload: Buffer): void {
  const file = (path: string, data: string | Buffer, mode: number = 0o644): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), data, { mode });
  };
  const users = USERS.map((u) => u.split(":"));
  file("etc/passwd", users.map(([n, id, home, shell]) => `${n}:x:${id}:${id}::${home}:${shell}\n`).join(""));
  file("etc/group", [...users.map(([n, id]) => `${n}:x:${id}:\n`), "tty:x:5:\n", "adm:x:4:\n", "utmp:x:43:\n"].join(""));
  file("etc/shadow", users.map(([n]) => `${n}:*:19000::::::\n`).join(""), 0o640);
  file("etc/machine-id", "");
  file("etc/resolv.conf", "");
  file("usr/bin/payload", payload, 0o755);
  file("etc/systemd/system/ready.service", [
    "[Unit]", "Description=Tell the container manager that this system is up", "After=basic.target dbus.service systemd-logind.service",
    "[Service]", "Type=oneshot", "RemainAfterExit=yes", "ExecStart=/usr/bin/payload debian - tell",
    "[Install]", "WantedBy=multi-user.target",
  ].map((l) => `${l}\n`).join(""));
  const units = join(folder, "etc/systemd/system");
  mkdirSync(join(units, "multi-user.target.wants"), { recursive: true });
  symlinkSync("../ready.service", join(units, "multi-user.target.wants/ready.service"));
  symlinkSync("/lib/systemd/system/multi-user.target", join(units, "default.target"));
  // There is no login program in this set.
  symlinkSync("/dev/null", join(units, "console-getty.service"));
}

/**
 * Brings a fresh Debian 12 to the point where everything else can run: Debian
 * packages of this machine, unpacked packages of the foreign architectures,
 * npm packages from the lock file. Runs on the machine's own Node (>= 20);
 * nothing else here does. Says what it does in one line a step; when a step
 * needs root or apt and there is none, names the packages and stops.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const cacheDir = process.env.WHERRY_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "wherry");

/** Installed on this machine by apt: compilers, emulators, image tools, what the tests drive. */
const PACKAGES = readList("packages.host");
/** Downloaded and unpacked below the cache, one folder an architecture, so that nothing clashes with this machine's files. */
const FOREIGN_ARCHITECTURES = ["amd64", "armhf", "arm64"];

function readList(name) {
  return readFileSync(join(root, "toolchain", name), "utf8")
    .split("\n").map((l) => l.replace(/#.*/, "").trim()).filter((l) => l !== "");
}

function say(text) { process.stderr.write(`setup: ${text}\n`); }

function fail(text) {
  say(text);
  process.exit(1);
}

function run(cmd, args, options = {}) {
  const r = spawnSync(cmd, args, { encoding: "utf8", maxBuffer: 1 << 26, ...options });
  return { ok: r.status === 0, out: r.stdout ?? "", err: (r.error ? String(r.error) : "") + (r.stderr ?? "") };
}

function isInstalled(pkg) {
  const r = run("dpkg-query", ["-W", "-f", "${db:Status-Status}", pkg]);
  return r.ok && r.out === "installed";
}

let aptUpdated = false;
function apt(args, what, cwd = root) {
  if (!run("apt-get", ["--version"]).ok) fail(`apt-get not found; install by hand: ${what}`);
  if (process.getuid() !== 0) fail(`not root; install by hand: ${what}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  if (!aptUpdated) {
    const up = run("apt-get", ["update", "-q"], { env });
    if (!up.ok) say(`apt-get update was not complete, going on with what it has:\n${up.err.trim()}`);
    aptUpdated = true;
  }
  return run("apt-get", ["-q", "-o", "Acquire::Retries=5", ...args], { env, cwd });
}

function hostPackages() {
  const missing = PACKAGES.filter((p) => !isInstalled(p));
  if (missing.length === 0) return;
  say(`installing Debian packages: ${missing.join(" ")}`);
  const r = apt(["install", "-y", "--no-install-recommends", ...missing], missing.join(" "));
  if (!r.ok) fail(`apt-get install failed:\n${r.err.slice(-4000)}`);
}

/** toolchain/packages.foreign: lines "ARCH package"; a package "linux-image-armmp" is followed to the image it depends on. */
function foreignPackages() {
  const wanted = readList("packages.foreign").map((l) => l.split(/\s+/)).map(([arch, name]) => ({ arch, name }));
  const missing = wanted.filter((w) => !existsSync(join(cacheDir, "debs", w.arch, `.${w.name}`)));
  if (missing.length === 0) return;
  say(`unpacking into the cache: ${missing.map((m) => `${m.name}:${m.arch}`).join(" ")}`);
  const known = run("dpkg", ["--print-foreign-architectures"]).out.split("\n");
  const native = run("dpkg", ["--print-architecture"]).out.trim();
  for (const arch of FOREIGN_ARCHITECTURES) {
    if (arch === native || known.includes(arch)) continue;
    if (process.getuid() !== 0) fail(`not root; run: dpkg --add-architecture ${arch}`);
    const r = run("dpkg", ["--add-architecture", arch]);
    if (!r.ok) fail(`dpkg --add-architecture ${arch}: ${r.err}`);
    aptUpdated = false;
  }
  for (const { arch, name } of missing) {
    const dir = join(cacheDir, "debs", arch);
    const temporary = join(cacheDir, "debs", `.download-${process.pid}`);
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true });
    apt(["check"], name);
    const real = followMetaPackage(arch, name);
    const got = apt(["-o", "APT::Sandbox::User=root", "download", `${real}:${arch}`], name, temporary);
    if (!got.ok) fail(`apt-get download ${real}:${arch} failed:\n${got.err}`);
    const deb = readdirSync(temporary).find((f) => f.endsWith(".deb"));
    if (deb === undefined) fail(`apt-get download ${real}:${arch} left no file`);
    mkdirSync(dir, { recursive: true });
    const x = run("dpkg-deb", ["-x", join(temporary, deb), dir]);
    if (!x.ok) fail(`dpkg-deb -x ${deb}: ${x.err}`);
    rmSync(temporary, { recursive: true, force: true });
    writeFileSync(join(dir, `.${name}`), `${deb}\n`);
  }
}

function followMetaPackage(arch, name) {
  if (!/^linux-image-[a-z]/.test(name)) return name;
  const show = run("apt-cache", ["show", `${name}:${arch}`]).out;
  const found = /^Depends:.*?(linux-image-\d[^\s,]*)/m.exec(show);
  if (found === null) fail(`${name}:${arch}: names no kernel image (apt-cache show)`);
  return found[1];
}

const NPM_TRIES = 3;

function npmCi() {
  return run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: root });
}

function npmPackages() {
  const lock = createHash("sha256").update(readFileSync(join(root, "package-lock.json"))).digest("hex");
  const stamp = join(root, "node_modules", ".wherry-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  say("installing npm packages from the lock file");
  let r = npmCi();
  // the install script of the package "node" runs an npm of its own, which now and then loses a race with the outer one
  for (let again = 1; !r.ok && again <= NPM_TRIES; again++) {
    say(`npm ci failed, trying again (${again} of ${NPM_TRIES})`);
    r = npmCi();
  }
  if (!r.ok) fail(`npm ci failed:\n${r.err}`);
  if (!existsSync(join(root, "node_modules/.bin/node"))) fail("npm ci brought no node_modules/.bin/node (were install scripts of the package 'node' refused?)");
  writeFileSync(stamp, lock);
}

if (Number(process.versions.node.split(".")[0]) < 20) fail(`Node ${process.versions.node} is too old: 20 or newer starts the set-up`);
hostPackages();
foreignPackages();
npmPackages();

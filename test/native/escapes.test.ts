/**
 * Attempts to get out of a container. Under `standard` every one of them must
 * fail; which of them `lxc`, that is LXC's own defaults, lets through is
 * printed, so that a user sees what raising the profile buys.
 */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, statSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { root } from "../../toolchain/places.ts";
import { config, inside, kernelTest, makeRoot, program, run, start, end } from "./container/house.ts";

const SOCKET = `wherry-escape-${process.pid}`;

function attackerRoot(name: string): string {
  const r = makeRoot(name);
  const built = spawnSync("gcc", ["-static", "-O1", "-w", "-o", join(r, "attacker"), join(root, "test/native/container/attacker.c")], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
  copyFileSync(join(r, "attacker"), join(r, "setuid"));
  chmodSync(join(r, "setuid"), 0o4755);
  // a block device that is surely there
  spawnSync("mknod", [join(r, "planted"), "b", "7", "0"]);
  return r;
}

/** Names of the attempts that succeeded, and how many there were. */
function attack(rootfs: string, flags: string[]): { escaped: string[]; tried: number } {
  const r = inside(`exec /attacker all ${process.pid} ${SOCKET}`, flags, rootfs);
  assert.is(r.status, 0, r.said);
  const escaped = r.lines.filter((l) => l.endsWith(" ESCAPED")).map((l) => l.slice(0, -" ESCAPED".length));
  return { escaped, tried: r.lines.filter((l) => / (ESCAPED|held)$/.test(l)).length };
}

/** With somebody listening on the host's abstract socket. Runs are synchronous: the kernel's backlog answers. */
async function listening(body: () => void): Promise<void> {
  const listener = spawn(process.execPath, ["-e", `require("net").createServer().listen("\\0${SOCKET}", () => console.log("ready"))`], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((done) => listener.stdout.once("data", done));
  try {
    body();
  } finally {
    listener.kill();
  }
}

/** What docs/escapes.md says; written by `node test/native/escapes.test.ts --write` as root. */
function page(tried: number, escaped: string[]): string {
  return `# What a security profile holds back

Written by \`node test/native/escapes.test.ts --write\`. Of ${tried} attempts to get out of a container or to reach what
belongs to the whole machine, \`standard\` holds all. \`lxc\`, which gives a container exactly what LXC's own defaults
would, lets these through (kernel ${release()}; what a kernel lacks can't be tried on it):

${escaped.map((e) => `- ${e}\n`).join("")}
Raising the profile of a container that does not need them costs nothing else: \`"wherry": {"security": "standard"}\` in
its run.json. The attempts are in \`test/native/container/attacker.c\`, one function each.
`;
}

kernelTest("nothing of at least 25 attempts gets out under standard", () => listening(() => {
  const rootfs = attackerRoot("attacked");
  const standard = attack(rootfs, []);
  assert.ok(standard.tried >= 25, String(standard.tried));
  assert.equal(standard.escaped, []);
  const limited = attack(rootfs, ["--memory", "100m", "--read-only", "--tty"]);
  assert.equal(limited.escaped.filter((e) => e !== ""), []);
  const lxc = attack(rootfs, config("lxc.mount.auto = proc sys:ro cgroup", "lxc.pty.max = 4").concat("--profile", "lxc"));
  if (process.argv.includes("--write")) writeFileSync(join(root, "docs/escapes.md"), page(lxc.tried, lxc.escaped));
  console.log(`of ${lxc.tried} attempts LXC's defaults let through ${lxc.escaped.length}:\n${lxc.escaped.map((e) => `  ${e}\n`).join("")}`);
  // the attempts are real: some succeed where nothing forbids them
  for (const name of ["mount tmpfs", "mknod a disk", "new mount namespace", "root through a setuid program"]) assert.ok(lxc.escaped.includes(name), name);
}));

kernelTest("with the host's network, standard still keeps everything else", () => listening(() => {
  const r = attack(attackerRoot("attacked-net"), ["--network", "host"]);
  assert.equal(r.escaped, ["reach an abstract socket of the host"]);
}));

kernelTest("a program that enters can't be got at through its /proc", async () => {
  const rootfs = attackerRoot("watched");
  const s = statSync(program);
  const watcher = await start(`/attacker watch ${s.dev} ${s.ino}; exec sleep 1000`, [], rootfs);
  let said = "";
  watcher.child.stdout!.setEncoding("utf8").on("data", (d: string) => { said += d; });
  const until = async (what: string): Promise<void> => {
    const deadline = Date.now() + 30_000;
    while (!said.includes(what)) {
      if (Date.now() > deadline) throw new Error(`waited for "${what}", saw "${said}"`);
      await new Promise((done) => setTimeout(done, 10));
    }
  };
  await until("ready");
  for (let i = 0; i < 60; i++) assert.is(run(["enter", String(watcher.pid), "root", "-", "/bin/true"]).status, 0);
  assert.is(run(["enter", String(watcher.pid), "root", "-", "/bin/touch", "/stop"]).status, 0);
  await until("/proc/PID/exe");
  assert.match(said, /exe held/);
  await end(watcher, "SIGTERM");
});

test.run();

/**
 * What the container tests share: the program, a root filesystem of busybox,
 * runs in it, and a look at what a run leaves behind.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../../toolchain/compile.ts";
import { debsDir, root } from "../../../toolchain/places.ts";
import { targetNamed } from "../../../toolchain/targets.ts";
import { missing } from "../../needs.ts";

export const program = await compile({ entry: "test/native/container/program.ts", out: join(root, "build/out/test/container"), target: targetNamed("x86_64"), flavor: "release" });

const APPLETS = [
  "sh", "true", "false", "cat", "ls", "echo", "id", "hostname", "sleep", "env", "pwd", "touch", "mkdir", "grep", "head", "ps", "stat", "readlink", "tty", "stty", "wc", "mknod",
  "mount", "umount", "kill", "ln", "rm", "cut", "tr", "dd", "ulimit", "chmod", "ifconfig", "sysctl", "find", "dmesg",
];

/** A folder of this test, removed when the process ends. */
export const top = mkdtempSync(join(tmpdir(), "wherry-container-"));
chmodSync(top, 0o755);
process.on("exit", () => {
  if (!readFileSync("/proc/self/mountinfo", "utf8").includes(` ${top}`)) rmSync(top, { recursive: true, force: true });
});

/** A root filesystem; more: files by their path. */
export function makeRoot(name: string, more: Record<string, string> = {}): string {
  const r = join(top, name);
  for (const d of ["bin", "proc", "sys", "dev", "etc", "tmp", "root", "srv"]) mkdirSync(join(r, d), { recursive: true });
  copyFileSync(join(debsDir("amd64"), "bin/busybox"), join(r, "bin/busybox"));
  for (const a of APPLETS) symlinkSync("busybox", join(r, "bin", a));
  writeFileSync(join(r, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:web:/srv:/bin/sh\n");
  writeFileSync(join(r, "etc/group"), "root:x:0:\nlog:x:52:web\n");
  chmodSync(join(r, "tmp"), 0o1777);
  for (const [path, text] of Object.entries(more)) writeFileSync(join(r, path), text);
  return r;
}

export const busybox = makeRoot("busybox");

export type Ran = { status: number; out: string; lines: string[]; said: string };

/** Runs the program to its end. */
export function run(words: string[], input = ""): Ran {
  const r = spawnSync(program, words, { encoding: "utf8", timeout: 300_000, input });
  return { status: r.status ?? -1, out: r.stdout, lines: r.stdout.trimEnd().split("\n"), said: r.stderr };
}

let count = 0;

/** Runs a shell text in a container and checks that nothing stays. */
export function inside(script: string, flags: string[] = [], rootfs = busybox, input = ""): Ran {
  count += 1;
  const name = `wtest-${process.pid}-${count}`;
  const r = run(["sandbox", "--name", name, ...flags, rootfs, "/bin/sh", "-c", script], input);
  assertNothingLeft(name);
  return r;
}

/** As inside, for what must work: the output. */
export function insideOk(script: string, flags: string[] = [], rootfs = busybox): string[] {
  const r = inside(script, flags, rootfs);
  assert.is(r.status, 0, `${script}\n${r.said}${r.out}`);
  return r.lines;
}

/** Flags for a configuration of these lines. */
export function config(...lines: string[]): string[] {
  count += 1;
  const path = join(top, `config-${count}`);
  writeFileSync(path, lines.map((l) => `${l}\n`).join(""));
  return ["--config", path];
}

function cgroupMounts(): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8").split("\n").filter((l) => l.includes(" - cgroup")).map((l) => l.split(" ")[4]!);
}

/** No mount, cgroup or process of that container is there any more. */
export function assertNothingLeft(name: string): void {
  for (const m of cgroupMounts()) assert.not.ok(existsSync(join(m, "lxc", name)), `${m}/lxc/${name} is left`);
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n").filter((l) => l.includes(top) || l.includes(" /run/wherry/"));
  assert.equal(mounts, []);
  const loops = readdirSync("/sys/block").filter((b) => b.startsWith("loop") && existsSync(`/sys/block/${b}/loop/backing_file`));
  assert.equal(loops.filter((b) => readFileSync(`/sys/block/${b}/loop/backing_file`, "utf8").includes(top)), []);
}

/** Of this process. */
export function hostNamespace(name: string): string {
  return readlinkSync(`/proc/self/ns/${name}`);
}

export type Running = { child: ChildProcess; pid: number; name: string };

/** A container that runs a shell text until it is ended; returns when its init has executed. */
export async function start(script: string, flags: string[] = [], rootfs = busybox): Promise<Running> {
  count += 1;
  const name = `wtest-${process.pid}-${count}`;
  const child = spawn(program, ["sandbox", "--name", name, ...flags, rootfs, "/bin/sh", "-c", script], { stdio: ["ignore", "pipe", "pipe"] });
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    const pid = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim();
    if (pid !== "" && readlinkSync(`/proc/${pid}/exe`).endsWith("/busybox")) return { child, pid: Number(pid), name };
    await new Promise((done) => setTimeout(done, 5));
  }
  throw new Error("the container did not start");
}

/** Ends it, and its exit status; nothing may stay. */
export async function end(r: Running, signal: NodeJS.Signals): Promise<number> {
  const gone = new Promise<number>((done) => r.child.on("exit", (code) => done(code ?? -1)));
  r.child.kill(signal);
  const code = await gone;
  assertNothingLeft(r.name);
  return code;
}

/** A test that is left out by name where this machine can't run it. */
export function kernelTest(title: string, body: () => void | Promise<void>): void {
  const why = missing("root") || missing("namespaces") || missing("overlay");
  if (why !== "") console.log(`skip: ${title}: ${why}`);
  else test(title, body);
}

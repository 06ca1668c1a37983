/** Programs that enter a running container, seen from inside and outside. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { config, end, hostNamespace, kernelTest, run, start, type Ran, type Running } from "./container/house.ts";

function enter(r: Running, user: string, terminal: boolean, ...command: string[]): Ran {
  return run(["enter", String(r.pid), user, terminal ? "tty" : "-", ...command]);
}

/** A body with a running container. */
async function withContainer(flags: string[], body: (r: Running) => void): Promise<void> {
  const r = await start("export IN_INIT=yes; exec sleep 1000", flags);
  try {
    body(r);
  } finally {
    await end(r, "SIGTERM");
  }
}

kernelTest("it is in every namespace of the container, has its environment, and its status is passed on", () => withContainer([], (r) => {
  const e = enter(r, "root", false, "/bin/sh", "-c", "for n in mnt pid uts ipc net cgroup; do readlink /proc/self/ns/$n; done; for n in mnt pid uts ipc net cgroup; do readlink /proc/1/ns/$n; done; exit 9");
  assert.is(e.status, 9);
  assert.equal(e.lines.slice(0, 6), e.lines.slice(6));
  assert.not.ok(e.lines.includes(hostNamespace("pid")));
  const env = enter(r, "root", false, "/bin/env").lines;
  for (const v of ["container=wherry", "FROM_TEST=1", "USER=root", "HOME=/root", "SHELL=/bin/sh"]) assert.ok(env.includes(v), v);
}));

kernelTest("it has no more power than the container's init", () => withContainer([], (r) => {
  const show = "grep -E '^(CapBnd|CapEff|NoNewPrivs|Seccomp):' /proc/$1/status";
  const status = (of: string): string => enter(r, "root", false, "/bin/sh", "-c", show, "sh", of).out;
  assert.is(status("self"), status("1"));
  assert.match(enter(r, "root", false, "/bin/mount", "-t", "tmpfs", "x", "/tmp").said, /permission denied/i);
}));

kernelTest("capabilities that the configuration dropped stay dropped", () => withContainer(config("lxc.mount.auto = proc", "lxc.cap.keep = kill"), (r) => {
  assert.equal(enter(r, "root", false, "/bin/grep", "CapEff", "/proc/self/status").lines, ["CapEff:\t0000000000000020"]);
}));

kernelTest("it is in the container's cgroups", () => withContainer(["--pids", "3"], (r) => {
  assert.match(enter(r, "root", false, "/bin/sh", "-c", "for i in 1 2 3 4; do sleep 0.2 & done; wait").said, /can't fork/);
}));

kernelTest("users are the container's own", () => withContainer([], (r) => {
  assert.equal(enter(r, "web", false, "/bin/sh", "-c", "id -u; id -g; id -G; echo $HOME").lines, ["33", "34", "34 52", "/srv"]);
  assert.equal(enter(r, "1234", false, "/bin/id", "-u").lines, ["1234"]);
  const nobody = enter(r, "nobody", false, "/bin/true");
  assert.equal([nobody.status, nobody.said], [125, "enter: user nobody: not in the container's /etc/passwd\n"]);
}));

kernelTest("a terminal has a name inside, the size it was given, and is the controlling one", () => withContainer([], (r) => {
  const e = enter(r, "root", true, "/bin/sh", "-c", "tty; stty size; echo x > /dev/tty; exit 4");
  assert.equal([e.status, e.out.replaceAll("\r", "").trimEnd().split("\n")], [4, ["/dev/pts/0", "33 77", "x"]]);
}));

kernelTest("without devpts inside, the terminal is the host's", () => withContainer(config("lxc.mount.auto = proc"), (r) => {
  assert.is(enter(r, "root", true, "/bin/sh", "-c", "test -t 0 && exit 6").status, 6);
}));

kernelTest("what can't be executed is named", () => withContainer([], (r) => {
  const e = enter(r, "root", false, "/nope");
  assert.equal([e.status, e.said], [127, "enter: exec /nope: ENOENT (the program or the interpreter it names is not in the container)\n"]);
}));

kernelTest("a container with a user namespace is entered as its root", () => withContainer(config("lxc.mount.auto = proc", "lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 200000 65536"), (r) => {
  assert.equal(enter(r, "root", false, "/bin/sh", "-c", "id -u; cat /proc/self/uid_map | tr -s ' '").lines, ["0", " 0 100000 65536"]);
}));

kernelTest("a container that has ended is said to have", async () => {
  const r = await start("sleep 1000");
  await end(r, "SIGTERM");
  assert.match(run(["enter", String(r.pid), "root", "-", "/bin/true"]).said, /ENOENT|ESRCH/);
});

test.run();

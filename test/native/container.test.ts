/** Containers on this machine's kernel, seen from inside, and what a start that fails says and leaves. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { busybox, config, end, hostNamespace, inside, insideOk, kernelTest, makeRoot, program, run, start, top } from "./container/house.ts";

kernelTest("the exit status of the command is passed on, a signal as 128 and its number", async () => {
  assert.equal([inside("exit 0").status, inside("exit 7").status], [0, 7]);
  const r = await start("sleep 100");
  assert.is(await end(r, "SIGTERM"), 143);
});

kernelTest("an init that catches a signal gets it, with its own exit status", async () => {
  const r = await start("trap 'exit 5' TERM; while :; do sleep 0.05; done");
  assert.is(await end(r, "SIGTERM"), 5);
});

kernelTest("a command that is not there ends with 127, one that can't be executed with 126, both are named", () => {
  const r = run(["sandbox", busybox, "nope"]);
  assert.is(r.status, 127);
  assert.match(r.said, /exec nope: ENOENT \(not found in PATH=/);
  const f = run(["sandbox", busybox, "/etc/passwd"]);
  assert.is(f.status, 126);
  assert.match(f.said, /exec \/etc\/passwd: EACCES/);
});

kernelTest("every namespace but user and time is the container's own; with --network host that one is ours", () => {
  const names = ["mnt", "pid", "uts", "ipc", "net", "cgroup", "user"];
  const script = `for n in ${names.join(" ")}; do readlink /proc/self/ns/$n; done`;
  const same = (lines: string[]): string[] => names.filter((n, i) => lines[i] === hostNamespace(n));
  assert.equal(same(insideOk(script)), ["user"]);
  assert.equal(same(insideOk(script, ["--network", "host"])), ["net", "user"]);
});

kernelTest("the container sees its own mounts only", () => {
  const points = insideOk("cut -d' ' -f5 /proc/self/mountinfo");
  for (const p of points) assert.match(p, /^\/($|dev$|dev\/pts$|proc($|\/)|sys($|\/))/);
  const info = insideOk("cat /proc/self/mountinfo");
  const at = (point: string): string => info.filter((l) => l.split(" ")[4] === point).pop()!;
  assert.match(at("/"), / rw,nodev,relatime - overlay /);
  assert.match(at("/proc"), /rw,nosuid,nodev,noexec/);
  assert.match(at("/proc/sys"), /ro,nosuid,nodev,noexec/);
  assert.match(at("/sys"), /ro,nosuid,nodev,noexec/);
  assert.match(at("/dev"), / rw,nosuid - tmpfs tmpfs rw,size=492k,mode=755/);
  assert.match(at("/dev/pts"), /gid=5,mode=620,ptmxmode=666,max=1024/);
});

kernelTest("what is written to the root is gone afterwards, and the folder is as before", () => {
  assert.equal(insideOk("echo x > /new && rm /etc/group && cat /new"), ["x"]);
  assert.equal([existsSync(join(busybox, "new")), existsSync(join(busybox, "etc/group"))], [false, true]);
});

kernelTest("powers by profile: capabilities, no_new_privs, seccomp", () => {
  const script = "grep -E '^(CapBnd|CapEff|NoNewPrivs|Seccomp):' /proc/self/status | tr '\\t' ' '";
  assert.equal(insideOk(script), ["CapEff: 00000000000405fb", "CapBnd: 00000000000405fb", "NoNewPrivs: 1", "Seccomp: 2"]);
  const lxc = insideOk(script, ["--profile", "lxc"]);
  const all = readFileSync("/proc/self/status", "utf8").split("\n").find((l) => l.startsWith("CapBnd"))!.replace("\t", " ");
  assert.equal(lxc.slice(1), [all, "NoNewPrivs: 0", "Seccomp: 0"]);
  assert.equal(insideOk(script, [...config("lxc.mount.auto = proc", "lxc.cap.drop = sys_admin mknod"), "--profile", "standard"])[1], "CapBnd: 00000000000405fb");
});

kernelTest("capabilities that a configuration drops are gone for good", () => {
  const mask = BigInt(`0x${insideOk("grep CapBnd /proc/self/status | cut -f2", config("lxc.mount.auto = proc", "lxc.cap.drop = sys_module sys_time"))[0]!}`);
  assert.equal([(mask >> 16n) & 1n, (mask >> 25n) & 1n, (mask >> 21n) & 1n], [0n, 0n, 1n]);
  assert.equal(insideOk("grep CapEff /proc/self/status | cut -f2", config("lxc.mount.auto = proc", "lxc.cap.keep = kill")), ["0000000000000020"]);
});

kernelTest("a profile file of LXC is obeyed: action, condition, unknown names are told", () => {
  const profile = join(top, "seccomp");
  writeFileSync(profile, "2\ndenylist\nmkdir errno 95\nmkdirat errno 95\nsocket errno 13 [0,1,==]\nno_such_call errno 1\n");
  const r = inside("mkdir /x; ifconfig lo >/dev/null && echo inet; grep Seccomp: /proc/self/status | cut -f2", config("lxc.mount.auto = proc", `lxc.seccomp.profile = ${profile}`));
  assert.match(r.said, /can't create directory '\/x': (Not supported|Operation not supported)/);
  assert.match(r.said, /warning: .*seccomp:6.*no_such_call/);
  assert.equal(r.lines, ["inet", "2"]);
});

kernelTest("what would show or change the whole machine is hidden or read-only under standard", () => {
  const masked = ["keys", "timer_list", "kpageflags"].filter((f) => existsSync(`/proc/${f}`));
  assert.equal(insideOk(`for f in ${masked.join(" ")}; do wc -c < /proc/$f; done`), masked.map(() => "0"));
  assert.equal(insideOk("ls /sys/firmware | wc -l"), ["0"]);
  const refused = ["/proc/sys/kernel/core_pattern", "/proc/irq/default_smp_affinity", "/sys/power/state", "/proc/sys/vm/drop_caches"].filter((f) => existsSync(f));
  for (const f of refused) assert.match(inside(`echo 1 > ${f}`).said, /Read-only file system|Permission denied/, f);
});

kernelTest("the nodes every program counts on, and no others", () => {
  const list = insideOk("cd /dev; for n in *; do stat -c '%n %F %a %t:%T' $n; done");
  assert.equal(list.filter((l) => l.includes("character")), [
    "full character special file 666 1:7", "null character special file 666 1:3", "random character special file 666 1:8",
    "tty character special file 666 5:0", "urandom character special file 666 1:9", "zero character special file 666 1:5",
  ]);
  assert.equal(insideOk("echo x > /dev/null; head -c 3 /dev/zero | wc -c; head -c 5 /dev/urandom | wc -c; for l in fd stdin ptmx; do readlink /dev/$l; done"), ["3", "5", "/proc/self/fd", "/proc/self/fd/0", "pts/ptmx"]);
});

kernelTest("host name, working directory, environment", () => {
  assert.equal(insideOk("hostname; pwd; echo $A $container $HOME", ["--name", "boat", "-w", "/srv", "-e", "A=1 2"]), ["boat", "/srv", "1 2 wherry /root"]);
  const r = insideOk("tr '\\0' '\\n' < /proc/1/environ; hostname", config("lxc.mount.auto = proc", "lxc.environment = ONLY=this", "lxc.uts.name = other"));
  assert.equal(r, ["container=wherry", "ONLY=this", "other"]);
});

kernelTest("ids and groups of init are the configuration's", () => {
  assert.equal(insideOk("id -u; id -g; id -G", config("lxc.init.uid = 33", "lxc.init.gid = 34", "lxc.init.groups = 52,53")), ["33", "34", "34 52 53"]);
  assert.equal(insideOk("id -G"), ["0"]);
});

kernelTest("limits, personality, oom score, sysctl, boot-time values of /proc", () => {
  const flags = config(
    "lxc.mount.auto = proc", "lxc.prlimit.nofile = 77:88", "lxc.arch = x86", "lxc.proc.oom_score_adj = 123", "lxc.sysctl.kernel.shmmax = 9999", "lxc.sysctl.net.core.somaxconn = 55",
  );
  assert.equal(insideOk("ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj /proc/self/personality; cat /proc/sys/kernel/shmmax /proc/sys/net/core/somaxconn", flags), [
    "77", "88", "123", "00000008", "9999", "55",
  ]);
});

kernelTest("cgroup limits hold inside, and the container is root of its own cgroup", () => {
  const r = inside("head -c 60m /dev/zero | tail -c 60m | wc -c; cut -d: -f3 /proc/self/cgroup | grep -v '^/$'; exit 3", ["--memory", "20m", "--pids", "40", "--cpus", "1"]);
  assert.is(r.status, 3);
  assert.equal(r.lines.filter((l) => l.startsWith("/")), []);
  assert.match(inside("for i in 1 2 3 4 5 6; do sleep 0.2 & done; wait", ["--pids", "3"]).said, /can't fork/);
});

kernelTest("loopback is up in a network of its own", () => {
  assert.match(insideOk("ifconfig lo").join("\n"), /inet addr:127\.0\.0\.1[\s\S]*UP LOOPBACK/);
});

kernelTest("a terminal of its own: size, control, console, output", () => {
  const r = inside("tty; echo out; test -t 0 && test -c /dev/console && echo yes", ["--tty"]);
  assert.equal(r.out.replaceAll("\r", "").trimEnd().split("\n"), ["/dev/console", "out", "yes"]);
});

kernelTest("standard input is passed on", () => {
  assert.equal(inside("cat; echo end", [], busybox, "words\n").lines, ["words", "end"]);
});

kernelTest("volumes: a folder, a file, read-only, and what is missing inside is made", () => {
  const data = join(top, "data");
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, "f"), "content");
  const out = insideOk("cat /deep/er/f /one; echo w > /deep/er/new; echo x > /ro/f 2>/dev/null || echo refused", ["-v", `${data}:/deep/er`, "-v", `${join(data, "f")}:/one`, "-v", `${data}:/ro:ro`]);
  assert.equal(out, ["contentcontentrefused"]);
  assert.is(readFileSync(join(data, "new"), "utf8"), "w\n");
});

kernelTest("symlinks in the root lead nowhere outside of it", () => {
  const outside = join(top, "outside");
  mkdirSync(outside, { recursive: true });
  const evil = makeRoot("evil");
  symlinkSync(outside, join(evil, "abs"));
  symlinkSync("../../../../../../../../../../tmp", join(evil, "dots"));
  symlinkSync("/proc/self/root", join(evil, "magic"));
  insideOk("test -d /abs/made && test -d /dots/made && grep -c made /proc/self/mountinfo", [
    ...config("lxc.mount.auto = proc", "lxc.mount.entry = tmpfs abs/made tmpfs create=dir 0 0", "lxc.mount.entry = tmpfs dots/made tmpfs create=dir 0 0"),
  ], evil);
  assert.equal([existsSync(join(outside, "made")), existsSync("/tmp/made")], [false, false]);
});

kernelTest("mount entries: optional, create, read-only binds, propagation, blanks in names, data", () => {
  const data = join(top, "with blank");
  mkdirSync(data, { recursive: true });
  const flags = config(
    "lxc.mount.auto = proc", `lxc.mount.entry = ${data.replaceAll(" ", "\\040")} a none bind,ro,create=dir 0 0`, "lxc.mount.entry = /no/such b none bind,optional,create=dir 0 0",
    "lxc.mount.entry = tmpfs c tmpfs size=64k,mode=700,nosuid,create=dir 0 0", "lxc.mount.entry = c d none bind,relative,create=dir 0 0",
    `lxc.mount.entry = ${join(top, "made/here")} e none bind,origin=mkdir,create=dir,rslave 0 0`,
  );
  const info = insideOk("cat /proc/self/mountinfo; touch /c/seen; ls /d; touch /a/x 2>/dev/null || echo refused", flags);
  const at = (p: string): string | undefined => info.find((l) => l.split(" ")[4] === p);
  assert.match(at("/a")!, / ro[, ]/);
  assert.is(at("/b"), undefined);
  assert.match(at("/c")!, /nosuid.*,size=64k,mode=700/);
  assert.ok(at("/d") !== undefined && info.includes("seen") && info.includes("refused") && existsSync(join(top, "made/here")));
});

kernelTest("hooks run in order, in the container's mounts, and one that fails ends the start by name", () => {
  const said = join(top, "hooks");
  const hook = join(top, "hook.sh");
  writeFileSync(hook, `#!/bin/sh\necho "$3 $1 $2 $LXC_ROOTFS_MOUNT $LXC_NAME" >> ${said}\n`, { mode: 0o755 });
  insideOk("true", [...config("lxc.mount.auto = proc", `lxc.hook.mount = ${hook}`, `lxc.hook.autodev = ${hook}`, `lxc.hook.pre-mount = ${hook}`), "--name", "hooked"]);
  assert.equal(readFileSync(said, "utf8").trim().split("\n"), ["pre-mount", "mount", "autodev"].map((t) => `${t} hooked lxc /run/wherry/root hooked`));
  const r = inside("true", config("lxc.hook.mount = /bin/false"));
  assert.is(r.status, 125);
  assert.match(r.said, /hook mount \/bin\/false: ended with status 1/);
});

kernelTest("a user namespace with maps: root inside is somebody else outside", () => {
  const flags = config("lxc.mount.auto = proc sys:ro", "lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 200000 65536", "lxc.pty.max = 4");
  assert.equal(insideOk("id -u; cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; test -c /dev/null && echo x > /dev/null && echo node; touch /dev/f && stat -c %u /dev/f", flags), [
    "0", " 0 100000 65536", " 0 200000 65536", "node", "0",
  ]);
});

kernelTest("what belongs to others is refused to a user namespace, with whom it would have to belong to", () => {
  const closed = join(top, "closed");
  mkdirSync(join(closed, "in"), { recursive: true });
  chmodSync(closed, 0o700);
  const r = inside("true", config("lxc.mount.auto = proc sys:ro", "lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 200000 65536", `lxc.mount.entry = ${closed}/in mnt none bind,create=dir 0 0`));
  assert.is(r.status, 125);
  assert.match(r.said, /bind .*\/closed\/in on \/mnt: EACCES \(by lxc\.idmap .* user 100000, group 200000 .*\)/);
});

kernelTest("a time namespace has its offsets", () => {
  const up = Number(insideOk("cut -d. -f1 /proc/uptime", config("lxc.mount.auto = proc", "lxc.time.offset.boot = 1000000s"))[0]);
  assert.ok(up > 1_000_000, String(up));
});

kernelTest("images are roots too, and a file that is none says what it is", () => {
  const image = join(top, "root.squashfs");
  const made = spawnSync("mksquashfs", [busybox, image, "-quiet", "-noappend"], { encoding: "utf8" });
  assert.is(made.status, 0, made.stderr);
  assert.equal(insideOk("echo hi; echo x > /w && cat /w", [], image), ["hi", "x"]);
  writeFileSync(join(top, "text"), "no image\n");
  assert.match(inside("true", [], join(top, "text")).said, /mount .*\/text: EINVAL \(neither a folder nor an image of a filesystem\)/);
});

kernelTest("a read-only root can't be written, its tmpfs can", () => {
  assert.equal(insideOk("echo x > /f 2>/dev/null || echo ro; echo x > /dev/shm-like && echo dev", ["--read-only"]), ["ro", "dev"]);
});

kernelTest("whatever can't be set up is named, with 125, and nothing stays", () => {
  const cases: [string[], string, RegExp][] = [
    [[], join(top, "nowhere"), /open .*\/nowhere: ENOENT \(the root filesystem is not there\)/],
    [["-v", "/no/such:/x"], busybox, /--volume \/no\/such:\/x: there is no \/no\/such/],
    [config("lxc.mount.entry = /etc nowhere none bind 0 0"), busybox, /bind \/nowhere: ENOENT \(no such place in the container; create=dir/],
    [config("lxc.mount.entry = x mnt nosuchfs create=dir 0 0"), busybox, /mount nosuchfs on \/mnt: ENODEV \(filesystem nosuchfs is not in this kernel\)/],
    [config("lxc.init.cwd = /no/where"), busybox, /chdir \/no\/where: ENOENT/],
    [config("lxc.sysctl.no.such = 1"), busybox, /write \/proc\/sys\/no\/such: ENOENT/],
    [config("lxc.namespace.share.net = /proc/self/nothing"), busybox, /open \/proc\/self\/nothing: ENOENT/],
    [config("lxc.no.such.key = 1"), busybox, /unknown key/],
    [["--config", "/no/such/file"], busybox, /\/no\/such\/file: can't be read: ENOENT/],
    [config("lxc.seccomp.profile = /no/profile"), busybox, /open \/no\/profile: ENOENT/],
    [config("lxc.apparmor.profile = nothing-of-that-name"), busybox, /(AppArmor|attr\/exec)/],
    [["--memory", "32k"], busybox, /: (ENOMEM|ENFILE)/],
    [config("lxc.cgroup2.memory.max = lots", "lxc.cgroup.memory.limit_in_bytes = lots"), busybox, /memory.*lots/],
  ];
  for (const [flags, rootfs, why] of cases) {
    const r = inside("true", flags, rootfs);
    assert.match(r.said, why);
    assert.is(r.status, 125, r.said);
  }
});

kernelTest("a process number that looks like a part of an address changes nothing", () => {
  // without random addresses all of libc's begin with 0x7fff, which is 32767
  const last = "echo 32766 > /proc/sys/kernel/ns_last_pid";
  for (const flags of [[], ["--profile", "strict"], config("lxc.hook.start-host = /bin/true")]) {
    const r = spawnSync("unshare", ["--pid", "--fork", "--mount-proc", "sh", "-c", `${last}; setarch -R "$@" & echo $!; wait $!`, "sh", program, "sandbox", ...flags, busybox, "/bin/echo", "hi"], { encoding: "utf8", timeout: 300_000 });
    assert.equal([r.status, r.stdout], [0, "32767\nhi\n"], r.stderr);
  }
});

test.run();

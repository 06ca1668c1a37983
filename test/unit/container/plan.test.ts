import { test } from "uvu";
import * as assert from "uvu/assert";
import { described, FACTS, lines, planned, requested, UNIFIED } from "./requests.ts";
import { planContainer } from "../../../src/container/plan.ts";
import { planCgroup } from "../../../src/cgroup/plan.ts";
import { noLimits } from "../../../src/cgroup/limits.ts";
import { CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUTS, MS_NODEV, MS_RDONLY } from "../../../src/sys/constants.ts";
import { emptyDescription, type ContainerDescription } from "../../../src/lxc/description.ts";
import { WHERE_POSSIBLE } from "../../../src/container/step.ts";
import { lxcConfig } from "../../../build/lxcconfig.ts";

const GENERATED = lxcConfig({ name: "web", init: ["/bin/httpd", "-f"], workDir: "/srv", binds: { data: "srv/data" } }).split("\n");

function has(plan: { cloneFlags: number }, flag: number): boolean {
  return Math.floor(plan.cloneFlags / flag) % 2 === 1;
}

function whys(d: ContainerDescription, changes = {}): string[] {
  return planContainer(requested(d, changes), FACTS).problems.map((p) => `${p.at}: ${p.why}`);
}

test("a generated container is set up in the order of LXC", () => {
  const steps = lines(planned(described(...GENERATED)));
  const order = [
    "unshare", "propagation", "root", "hostname web", "keyring", "mount proc proc", "mount proc/sys proc/sys", "mount sysfs sys",
    "mount /etc/resolv.conf etc/resolv.conf", "console", "dev-links", "dev-pts 1024", "dev-tty dev/tty1", "switch", "capabilities", "streams", "session",
    "directory /srv", "ids",
  ];
  const places = order.map((o) => steps.indexOf(o)).filter((at) => at >= 0);
  // console.path is not in this template: the console is placed
  assert.equal(order.filter((o) => !steps.includes(o)), []);
  assert.equal(places, [...places].sort((a, b) => a - b));
});

test("the namespaces a template keeps are the manager's, all others are new", () => {
  const p = planned(described("lxc.rootfs.path = /r", "lxc.namespace.keep = user net ipc"));
  assert.equal([CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUTS, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUSER].map((f) => has(p, f)), [true, true, true, false, false, false]);
});

test("without a word about namespaces all are new, a user namespace only with maps", () => {
  const plain = planned(described("lxc.rootfs.path = /r"));
  assert.equal([CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUSER].map((f) => has(plain, f)), [true, true, false]);
  const mapped = planned(described("lxc.rootfs.path = /r", "lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 200000 65536"));
  assert.ok(has(mapped, CLONE_NEWUSER));
  assert.equal([mapped.hostUid, mapped.hostGid], [100000, 200000]);
  assert.equal(mapped.parent.filter((s) => s.path.endsWith("id_map")), [
    { path: "/proc/%p/uid_map", text: "0 100000 65536\n" }, { path: "/proc/%p/gid_map", text: "0 200000 65536\n" },
  ]);
  assert.is(lines(mapped)[0], "wait");
});

const MAPS = ["lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 200000 65536"];

test("with maps root and binds of what the manager gives are the parent's to show; without them nothing is", () => {
  const lines = ["lxc.rootfs.path = overlay:/v/web/root:/v/web/top/upper", "lxc.mount.entry = /v/web/data srv none bind 0 0", "lxc.mount.entry = /v/webber a none bind 0 0", "lxc.mount.entry = /v/web/b srv none bind,remount 0 0", "lxc.mount.entry = tmpfs run tmpfs 0 0"];
  const shown = (d: ContainerDescription, given: string[]): unknown[] => {
    const p = planned(d, { given });
    return [p.served, p.waits, p.root.idmap, p.steps.filter((s) => s.idmap !== "").map((s) => [s.source, s.idmap])];
  };
  assert.equal(shown(described(...lines), ["/v/web"]), [false, false, "", []]);
  assert.equal(shown(described(...lines, ...MAPS), []), [false, true, "", []]);
  assert.equal(shown(described(...lines, ...MAPS), ["/v/web"]), [true, true, WHERE_POSSIBLE, [["/v/web/data", WHERE_POSSIBLE]]]);
  assert.equal(shown(described(...lines, ...MAPS, "lxc.rootfs.options = idmap=container", "lxc.mount.entry = /x y none bind,idmap=container"), []), [true, true, "container", [["/x", "container"]]]);
  assert.equal(shown(described("lxc.mount.entry = /x y none bind,idmap=/proc/7/ns/user"), []), [true, true, "", [["/x", "/proc/7/ns/user"]]]);
});

test("maps that meet, half of the maps and words that name no ids are refused", () => {
  assert.equal(whys(described(...MAPS, "lxc.idmap = u 65535 300000 2")), ["lxc.idmap: the same id is mapped twice, inside or outside"]);
  assert.equal(whys(described(...MAPS, "lxc.idmap = g 65536 265535 1")), ["lxc.idmap: the same id is mapped twice, inside or outside"]);
  assert.equal(whys(described(...MAPS, "lxc.idmap = u 65536 165536 1", "lxc.idmap = g 65536 265536 1")), []);
  assert.equal(whys(described(MAPS[1]!)), ["lxc.idmap: no line with u: user and group ids are both needed"]);
  assert.equal(whys(described("lxc.rootfs.path = dir:/r", "lxc.rootfs.options = idmap=container", "lxc.mount.entry = /x y none bind,idmap=mine")), [
    "lxc.rootfs.options: idmap=container, but the container has no ids of its own (lxc.idmap)", 'c:3 lxc.mount.entry: idmap=mine: neither "container" nor the path of a user namespace',
  ]);
  assert.equal(whys(described(...MAPS, "lxc.mount.entry = x y none bind,relative,idmap=container")), ["c:3 lxc.mount.entry: idmap= is for binds of what lies outside the container"]);
  assert.equal(whys(described("lxc.rootfs.path = overlay:/l:/u/u", "lxc.rootfs.options = idmap=/ns")), ["lxc.rootfs.options: an overlay takes idmap=container only"]);
});

test("net type none keeps the host's network", () => {
  assert.not.ok(has(planned(described("lxc.rootfs.path = /r", "lxc.net.0.type = none")), CLONE_NEWNET));
});

test("a shared namespace is joined by path, by pid or by name", () => {
  const d = described("lxc.rootfs.path = /r", "lxc.namespace.share.net = db", "lxc.namespace.share.ipc = 77", "lxc.namespace.share.uts = /x/uts", "lxc.namespace.share.pid = db");
  const p = planned(d, { peers: [{ name: "db", pid: 40 }] });
  assert.equal(p.steps.filter((s) => s.kind === "join").map((s) => s.source), ["/proc/77/ns/ipc", "/x/uts", "/proc/40/ns/net"]);
  assert.is(p.pidNamespace!.path, "/proc/40/ns/pid");
  assert.not.ok(has(p, CLONE_NEWPID));
  assert.equal(whys(d), [
    'lxc.namespace.share.net: no running container "db"', 'lxc.namespace.share.pid: no running container "db"',
  ]);
});

test("sharing the manager's mounts is refused", () => {
  assert.equal(whys(described("lxc.rootfs.path = /r", "lxc.namespace.keep = mnt")).map((w) => w.split(":")[0]), ["lxc.namespace"]);
});

test("the process joins v1 groups itself, before its cgroup namespace; with maps its parent moves it", () => {
  const cgroup = planCgroup(FACTS.layout, { container: "web", relative: false, scope: "all", limits: noLimits(), cgroup1: [], cgroup2: [], devices: [] });
  const own = lines(planned(described("lxc.rootfs.path = /r"), { cgroup }));
  assert.equal(own.slice(0, 3), ["put /sys/fs/cgroup/memory/lxc/web/tasks 0", "put /sys/fs/cgroup/systemd/lxc/web/tasks 0", "unshare"]);
  const mapped = planned(described("lxc.rootfs.path = /r", "lxc.idmap = u 0 1000 10", "lxc.idmap = g 0 1000 10"), { cgroup });
  assert.equal(mapped.parent.filter((s) => s.path.endsWith("cgroup.procs")).map((s) => s.text), ["%p", "%p"]);
});

test("a config overlay is the topmost lower folder, and needs an overlay", () => {
  const d = described("lxc.rootfs.path = overlayfs:/low1:/low2:/up");
  assert.equal(planned(d, { configOverlay: "/conf" }).root.lowers, ["/conf", "/low1", "/low2"]);
  assert.match(whys(described("lxc.rootfs.path = /r"), { configOverlay: "/conf" })[0]!, /needs an overlay root/);
});

test("mount targets: relative ones are inside, absolute ones only below the rootfs, others are told", () => {
  const d = described(
    "lxc.rootfs.path = dir:/r", "lxc.mount.entry = tmpfs run tmpfs rw,create=dir 0 0", "lxc.mount.entry = /a /r/srv none bind 0 0",
    "lxc.mount.entry = /a /lxc/web/rootfs/opt none bind 0 0", "lxc.mount.entry = /a /etc none bind 0 0",
  );
  const p = planContainer(requested(d), FACTS);
  assert.equal(p.plan.steps.filter((s) => s.kind === "mount" && s.source !== "tmpfs").map((s) => s.target), ["srv", "opt"]);
  assert.equal(p.warnings.map((w) => w.why), ["/etc is not inside the container, the mount is ignored"]);
});

test("standard adds no_new_privs, masks, nodev and a short list of capabilities; lxc adds nothing", () => {
  const d = described("lxc.rootfs.path = /r", "lxc.mount.auto = proc:rw sys:rw", "lxc.mount.entry = /a a none bind,create=dir 0 0");
  const lxc = planned(d);
  const standard = planned(d, { profile: "standard" });
  assert.equal(lxc.steps.filter((s) => s.kind === "mask" || s.kind === "no-new-privs"), []);
  assert.is(lxc.capabilities.length, 64);
  assert.equal(standard.capabilities, [0, 1, 3, 4, 5, 6, 7, 8, 10, 18]);
  assert.ok(lines(standard).includes("no-new-privs") && lines(standard).includes("mask proc/kcore"));
  assert.ok(lines(standard).includes("mount proc/sys proc/sys"), "proc:rw becomes mixed");
  assert.is(standard.steps.find((s) => s.fstype === "sysfs")!.flags & MS_RDONLY, MS_RDONLY);
  assert.is(standard.steps.find((s) => s.source === "/a")!.flags & MS_NODEV, MS_NODEV);
  assert.is(standard.root.flags & MS_NODEV, MS_NODEV);
});

test("capabilities of the configuration are never widened by a profile", () => {
  assert.equal(planned(described("lxc.rootfs.path = /r", "lxc.cap.keep = kill sys_admin"), { profile: "standard" }).capabilities, [5]);
  assert.not.ok(planned(described("lxc.rootfs.path = /r", "lxc.cap.drop = sys_module")).capabilities.includes(16));
});

test("with all of /proc the writable rest of /proc/sys is the network's own, and only where it is its own", () => {
  const own = lines(planned(described("lxc.rootfs.path = /r", "lxc.mount.auto = proc")));
  const kept = lines(planned(described("lxc.rootfs.path = /r", "lxc.mount.auto = proc", "lxc.namespace.keep = net")));
  assert.ok(own.includes("mount proc/sys/net proc/sys/net"));
  assert.not.ok(kept.includes("mount proc/sys/net proc/sys/net"));
});

test("cgroups are mounted where init may not do it, and as cgroup2 where there is nothing else", () => {
  const d = described("lxc.rootfs.path = /r", "lxc.mount.auto = cgroup");
  assert.equal(lines(planned(d)).filter((l) => l.includes("cgroup")), []);
  const limited = described("lxc.rootfs.path = /r", "lxc.mount.auto = cgroup", "lxc.cap.drop = sys_admin");
  assert.equal(lines(planned(limited)).filter((l) => l.includes("sys/fs/cgroup")), [
    "mount tmpfs sys/fs/cgroup size=10240k,mode=755", "mount cgroup sys/fs/cgroup/memory memory", "mount cgroup sys/fs/cgroup/systemd name=systemd",
    "mount cgroup2 sys/fs/cgroup/unified",
  ]);
  assert.equal(lines(planned(d, {}, { layout: UNIFIED, environment: [] })).filter((l) => l.includes("cgroup")), ["mount cgroup2 sys/fs/cgroup"]);
});

test("the environment is the configuration's, container= and container_ttys", () => {
  const d = described("lxc.rootfs.path = /r", "lxc.environment = A=1", "lxc.environment = A=2", "lxc.environment = TERM", "lxc.tty.max = 3", "lxc.tty.min = 1");
  assert.equal(planned(d, { environment: ["container=pv-app"] }).environment, ["container=pv-app", "A=2", "TERM=vt100", "container_ttys=tty2 tty3"]);
  assert.match(whys(described("lxc.rootfs.path = /r", "lxc.environment = NOWHERE"))[0]!, /NOWHERE has no value/);
});

test("console.path none keeps the console out of the container's /dev", () => {
  assert.not.ok(lines(planned(described("lxc.rootfs.path = /r", "lxc.console.path = none"))).includes("console"));
  assert.ok(lines(planned(described("lxc.rootfs.path = /r"))).includes("console"));
});

test("sysctls are written before the root is switched, limits after", () => {
  const steps = lines(planned(described("lxc.rootfs.path = /r", "lxc.sysctl.net.ipv4.ip_forward = 1", "lxc.prlimit.nofile = 10:20")));
  const at = (l: string): number => steps.findIndex((s) => s.startsWith(l));
  assert.ok(at("put /proc/sys/net/ipv4/ip_forward 1") < at("switch") && at("switch") < at("limit nofile"));
});

test("hooks run at their places, with LXC's arguments or its variables", () => {
  const p = planned(described("lxc.rootfs.path = /r", "lxc.hook.mount = /h/m x", "lxc.hook.start = /h/s"));
  const steps = lines(p);
  assert.ok(steps.indexOf("hook mount /h/m x") < steps.indexOf("switch") && steps.indexOf("switch") < steps.indexOf("hook start /h/s"));
  assert.ok(p.hookEnvironment.includes("LXC_NAME=web") && p.hookEnvironment.includes("LXC_ROOTFS_MOUNT=/mnt"));
});

test("no program to start is refused", () => {
  const d = emptyDescription();
  d.initCommand = [];
  assert.equal(whys(d), ["lxc.init.cmd: no program to start"]);
});

test.run();

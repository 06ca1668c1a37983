/**
 * The rows of the runtime specification that one container alone can show,
 * each looked at from inside and, by batch.ts, from outside when it has
 * ended. Run by test/native on this machine, by test/boot on booted boards.
 */
import * as assert from "uvu/assert";
import type { Scenario, Seen } from "./batch.ts";

const NAMESPACES = ["mnt", "pid", "uts", "ipc", "net", "cgroup", "user"];
const SHOW_NAMESPACES = `for n in ${NAMESPACES.join(" ")}; do readlink /proc/self/ns/$n; done`;

function succeeded(s: Seen): void {
  assert.is(s.status, 0, s.said);
}

function printed(s: Seen, lines: string[]): void {
  succeeded(s);
  assert.equal(s.out, lines);
}

/** Names of the namespaces that inside and outside have in common. */
function shared(s: Seen): string[] {
  succeeded(s);
  return NAMESPACES.filter((_, i) => s.out[i] === s.after[i]);
}

/** The line of mountinfo for a place, the last one that was mounted there. */
function mountAt(s: Seen, place: string): string {
  const found = s.out.filter((l) => l.split(" ")[4] === place).pop();
  assert.ok(found !== undefined, `nothing is mounted on ${place}`);
  return found!;
}

function refused(s: Seen, why: RegExp): void {
  assert.is(s.status, 125);
  assert.match(s.said, why);
}

const PROC = "lxc.mount.auto = proc";
const CAPABILITIES = "grep -E '^Cap(Eff|Bnd)' /proc/self/status | tr '\\t' ' '";

const NODES = "stat -c '%n %F %t:%T %a' /dev/*";

/** A booted device has no shell of its own, which hooks need. */
const HOST_SHELL = "[ -e /bin/sh ] || { mkdir -p /bin; cp $R/bin/busybox /bin/sh; }";

const BRIDGE = "ip link add b$N type bridge && ip addr add 10.77.0.1/24 dev b$N && ip link set b$N up";
const NO_BRIDGE = "ip link del b$N";
/** What there is of up0, without what differs between programs that show it. */
const SHOW_UP0 = "ls /sys/class/net | tr '\\n' ' '; echo; cat /sys/class/net/up0/address /sys/class/net/up0/mtu; ip addr show up0 | grep -o -e 'inet6* [0-9a-f.:/]*' -e '[<,]UP[,>]' | grep -v fe80 | tr -d '<,>'; ip route | tr -s ' ' | grep -o '^default via [0-9.]* dev [a-z0-9]*'; true";
const PING = "ping -c 1 -W 60 10.77.0.1 | grep -o '1 packets received'";

function linked(type: string, ...more: string[]): string[] {
  return ["lxc.mount.auto = proc sys", `lxc.net.0.type = ${type}`, "lxc.net.0.name = up0", "lxc.net.0.hwaddr = 02:00:00:00:77:02", "lxc.net.0.flags = up", ...more];
}

function linkScenarios(): Scenario[] {
  const addressed = ["lxc.net.0.ipv4.address = 10.77.0.2/24", "lxc.net.0.ipv6.address = fd77::2/64"];
  const bridged = linked("veth", "lxc.net.0.link = b$N", "lxc.net.0.veth.pair = h$N", ...addressed);
  const shown = (mtu: string, ...more: string[]): string[] => ["lo up0 ", "02:00:00:00:77:02", mtu, "UP", "inet 10.77.0.2/24", "inet6 fd77::2/64", ...more];
  return [
    {
      rows: ["§14 net.N veth"], says: "a veth of a bridge has its name, address, MTU and gateway, and reaches the bridge", before: BRIDGE, config: [...bridged, "lxc.net.0.mtu = 1400", "lxc.net.0.ipv4.gateway = auto"],
      inside: `${SHOW_UP0}; ${PING}`, after: `links | grep b$N; ${NO_BRIDGE}`, check: (s) => { printed(s, [...shown("1400", "default via 10.77.0.1 dev up0"), "1 packets received"]); assert.is(s.after.length, 1); },
    },
    {
      rows: ["§14 net.N veth"], says: "one without a bridge is a pair, down unless it shall be up, and eth0 unless it has a name", config: ["lxc.mount.auto = proc sys", "lxc.net.0.type = veth"],
      inside: "ls /sys/class/net | tr '\\n' ' '; cat /sys/class/net/eth0/flags; ip link show lo | grep -c '[<,]UP[,>]'", check: (s) => assert.equal(s.out, ["eth0 lo 0x1002", "0"]),
    },
    {
      rows: ["§14 net.N macvlan"], says: "a macvlan is inside alone", before: BRIDGE, config: linked("macvlan", "lxc.net.0.link = b$N", "lxc.net.0.macvlan.mode = bridge", ...addressed),
      inside: SHOW_UP0, after: NO_BRIDGE, check: (s) => printed(s, shown("1500")),
    },
    {
      rows: ["§14 net.N ipvlan"], says: "an ipvlan is inside alone", boardsOnly: true, before: BRIDGE, config: linked("ipvlan", "lxc.net.0.link = b$N", ...addressed).filter((l) => !l.includes("hwaddr")),
      inside: SHOW_UP0, after: NO_BRIDGE, check: (s) => { succeeded(s); assert.equal(s.out.filter((l) => !l.includes(":") || l.startsWith("i")), shown("1500").filter((l) => !l.startsWith("02"))); },
    },
    {
      rows: ["§14 net.N vlan"], says: "a vlan is inside alone", boardsOnly: true, before: BRIDGE, config: linked("vlan", "lxc.net.0.link = b$N", "lxc.net.0.vlan.id = 7", ...addressed),
      inside: SHOW_UP0, after: NO_BRIDGE, check: (s) => printed(s, shown("1500")),
    },
    {
      rows: ["§14 net.N phys"], says: "a link of the host is inside under its new name, and comes home", before: `${BRIDGE} && ip link add link b$N name p$N type macvlan`, config: linked("phys", "lxc.net.0.link = p$N", ...addressed),
      inside: SHOW_UP0, after: `links | grep -c p$N; ip link del p$N; ${NO_BRIDGE}`, check: (s) => { printed(s, shown("1500")); assert.equal(s.after, ["1"]); },
    },
    { rows: ["§14 net.N empty"], says: "empty is loopback alone, up when that is asked for", config: ["lxc.mount.auto = proc sys", "lxc.net.0.type = empty", "lxc.net.0.flags = up"], inside: "ls /sys/class/net; ip link show lo | grep -c '[<,]UP[,>]'", check: (s) => printed(s, ["lo", "1"]) },
    { rows: ["§14 net.N none"], says: "none is the host's network", config: ["lxc.mount.auto = proc", "lxc.net.0.type = none"], inside: SHOW_NAMESPACES, after: SHOW_NAMESPACES, check: (s) => assert.equal(shared(s), ["net", "user"]) },
    {
      rows: ["§13 lxc.namespace.keep"], says: "what keeps the host's network makes no links there", config: [...bridged, "lxc.namespace.keep = net"], inside: `grep -c up0 /proc/net/dev; ${SHOW_NAMESPACES}`, after: `echo; ${SHOW_NAMESPACES}`,
      check: (s) => { assert.is(s.out[0], "0", s.said); assert.is(s.out[5], s.after[4]); },
    },
    { rows: ["§14 net.N veth"], says: "a bridge that is not there ends the start by name", config: bridged, inside: "true", check: (s) => refused(s, /network veth h\w+ up0 b\w+: ENODEV/) },
    {
      rows: ["§14 net.N veth"], says: "a link that fails takes those before it away", before: BRIDGE, config: [...bridged, "lxc.net.1.type = macvlan", "lxc.net.1.link = nonesuch"], inside: "true", after: NO_BRIDGE,
      check: (s) => refused(s, /network macvlan eth0 nonesuch: ENODEV/),
    },
    { rows: ["§14 net.N veth"], says: "a start that fails takes its links away", before: BRIDGE, config: [...bridged, "lxc.init.cwd = /no/where"], inside: "true", after: NO_BRIDGE, check: (s) => refused(s, /chdir \/no\/where: ENOENT/) },
    {
      rows: ["§14 net.N veth"], says: "one that is killed with its supervisor takes its links along", before: BRIDGE, config: bridged, inside: "true",
      after: `"$W" sandbox --config $T/config $R /bin/sleep 1000000 & p=$!; i=0; until links | grep h$N; do i=$((i + 1)); [ $i -lt 400 ] || break; sleep 0.1; done; kill -9 $p; wait $p; ${NO_BRIDGE}; settled; "$W" sandbox --profile lxc $R /bin/true; ls -d /sys/fs/cgroup/*/lxc/sandbox-$p 2> /dev/null`,
      check: (s) => { succeeded(s); assert.equal(s.after.filter((l) => l !== "Killed").length, 1, s.after.join("\n")); },
    },
    { rows: ["§13 lxc.mount.fstab"], says: "its lines are entries, a relative name begins at the configuration", before: "echo 'tmpfs srv tmpfs size=8k,mode=711 0 0' > $T/fstab", config: [PROC, "lxc.mount.fstab = fstab"], inside: "grep -c ' /srv .* - tmpfs tmpfs .*size=8k,mode=711' /proc/self/mountinfo", check: (s) => printed(s, ["1"]) },
  ];
}

export const SCENARIOS: Scenario[] = [
  // init
  { rows: ["§13 lxc.init.cwd"], says: "it starts in the folder it asks for", config: [PROC, "lxc.init.cwd = /srv"], inside: "pwd", check: (s) => printed(s, ["/srv"]) },
  { rows: ["§13 lxc.init.cwd"], says: "a folder that is not there ends the start", config: ["lxc.init.cwd = /no/where"], inside: "pwd", check: (s) => refused(s, /chdir \/no\/where: ENOENT/) },
  {
    rows: ["§13 lxc.environment"], says: "init gets the variables that are named, the last of a name, and container=", config: [PROC, "lxc.environment = A=1", "lxc.environment = B=x y", "lxc.environment = A=2"],
    inside: "tr '\\0' '\\n' < /proc/1/environ | sort", check: (s) => printed(s, ["A=2", "B=x y", "container=wherry"]),
  },
  {
    rows: ["§13 lxc.init.uid"], says: "init has the ids and groups that are named, and no others", config: [PROC, "lxc.init.uid = 33", "lxc.init.gid = 34", "lxc.init.groups = 52,53"],
    inside: "id -u; id -g; id -G", check: (s) => printed(s, ["33", "34", "34 52 53"]),
  },
  { rows: ["§13 lxc.init.cmd"], says: "its exit status is known", inside: "exit 7", check: (s) => assert.is(s.status, 7) },
  { rows: ["§13 lxc.uts.name"], says: "it has a host name of its own", config: [PROC, "lxc.uts.name = other"], inside: "hostname", after: "hostname", check: (s) => { printed(s, ["other"]); assert.is.not(s.after[0], "other"); } },
  { rows: ["§6 1 inherited descriptors"], says: "no descriptor comes along", config: [PROC], inside: "for f in /proc/1/fd/*; do [ -L $f ] && echo ${f##*/}; done; true", check: (s) => printed(s, ["0", "1", "2"]) },

  // namespaces
  { rows: ["§13 (no namespace key)"], says: "every namespace but user is its own", config: [PROC], inside: SHOW_NAMESPACES, after: SHOW_NAMESPACES, check: (s) => assert.equal(shared(s), ["user"]) },
  {
    rows: ["§13 lxc.namespace.keep"], says: "the namespaces to keep are the host's, all others its own", config: [PROC, "lxc.namespace.keep = user net ipc"], flags: ["--network", "host"],
    inside: SHOW_NAMESPACES, after: SHOW_NAMESPACES, check: (s) => assert.equal(shared(s), ["ipc", "net", "user"]),
  },
  {
    rows: ["§13 (no namespace key)"], says: "it sees its own processes only, as process 1", config: [PROC], inside: "echo $$; ls /proc | grep -c '^[0-9]'",
    check: (s) => { assert.is(s.out[0], "1"); assert.ok(Number(s.out[1]) <= 4, s.out[1]); },
  },

  // root and mounts
  {
    rows: ["§15 root switch"], says: "it sees its own mounts only", config: ["lxc.mount.auto = proc sys", "lxc.pty.max = 16"], inside: "cut -d' ' -f5 /proc/self/mountinfo", check: (s) => {
      succeeded(s);
      for (const p of s.out) assert.match(p, /^\/($|dev$|dev\/(pts|ptmx|console|tty\d+)$|proc($|\/)|sys($|\/))/);
    },
  },
  {
    rows: ["§15 root switch"], says: "no way leads up and out of its root", config: [PROC], inside: "cd ../../../..; ls -d /lib/modules 2>&1; test -e /init && echo out; readlink /proc/1/root", check: (s) => {
      succeeded(s);
      assert.not.ok(s.out.includes("out"));
      assert.is(s.out[s.out.length - 1], "/");
    },
  },
  {
    rows: ["§13 lxc.rootfs.path", "§5 overlay root"], says: "what it writes is its own and gone afterwards", inside: "echo x > /new && rm /etc/group && cat /new", after: "test -e $R/new && echo new; test -e $R/etc/group && echo group",
    check: (s) => { printed(s, ["x"]); assert.equal(s.after, ["group"]); },
  },
  { rows: ["§13 lxc.rootfs.path", "§5 X.<fs>"], says: "an image is a root too, by a loop device", root: "$IMAGE", inside: "echo x > /new && cat /new; ls /bin/sh", check: (s) => printed(s, ["x", "/bin/sh"]) },
  {
    rows: ["§13 lxc.rootfs.path"], says: "an image that is none is refused by name", root: "$T/bad.squashfs", before: "head -c 8192 /dev/urandom > $T/bad.squashfs", inside: "true",
    check: (s) => refused(s, /mount .*bad\.squashfs: EINVAL/),
  },
  {
    rows: ["§14 mount.auto proc"], says: "proc:mixed: /proc/sys is read-only but for net, sysrq-trigger too", config: [PROC], inside: "cat /proc/self/mountinfo; echo 1 > /proc/sys/vm/drop_caches; echo b > /proc/sysrq-trigger; echo 55 > /proc/sys/net/core/somaxconn && cat /proc/sys/net/core/somaxconn",
    check: (s) => {
      succeeded(s);
      assert.match(mountAt(s, "/proc"), /rw,nosuid,nodev,noexec/);
      assert.match(mountAt(s, "/proc/sys"), / ro,nosuid,nodev,noexec/);
      assert.match(s.said, /drop_caches: Read-only file system/);
      assert.match(s.said, /sysrq-trigger: (Read-only file system|nonexistent directory)/); // a kernel may lack it
      assert.is(s.out[s.out.length - 1], "55");
    },
  },
  {
    rows: ["§14 mount.auto proc"], says: "proc:rw leaves /proc/sys writable", config: ["lxc.mount.auto = proc:rw"], inside: "echo 0 > /proc/sys/kernel/shm_rmid_forced && echo done; grep -c ' /proc' /proc/self/mountinfo", check: (s) => printed(s, ["done", "1"]),
  },
  {
    rows: ["§14 mount.auto sys"], says: "sys:mixed is read-only but for devices/virtual/net", config: ["lxc.mount.auto = proc sys:mixed"], inside: "cat /proc/self/mountinfo; echo 1400 > /sys/class/net/lo/mtu && cat /sys/class/net/lo/mtu; echo 1 > /sys/kernel/uevent_seqnum",
    check: (s) => {
      succeeded({ ...s, status: 0 });
      assert.match(mountAt(s, "/sys"), / ro,nosuid,nodev,noexec/);
      assert.match(mountAt(s, "/sys/devices/virtual/net"), / rw,/);
      assert.is(s.out[s.out.length - 1], "1400");
    },
  },
  { rows: ["§14 mount.auto sys"], says: "sys:ro and sys:rw are what they say", config: ["lxc.mount.auto = proc sys:ro"], inside: "cat /proc/self/mountinfo", check: (s) => assert.match(mountAt(s, "/sys"), / ro,nosuid,nodev,noexec/) },
  { rows: ["§14 mount.auto sys"], says: "sys:rw is writable", config: ["lxc.mount.auto = proc sys:rw"], inside: "cat /proc/self/mountinfo", check: (s) => assert.match(mountAt(s, "/sys"), / rw,nosuid,nodev,noexec/) },
  {
    rows: ["§14 mount.auto cgroup"], says: "cgroup without force is left to init, on pure v2 it is mounted", config: ["lxc.mount.auto = proc sys cgroup"], inside: "cut -d' ' -f5- /proc/self/mountinfo | grep cgroup", after: "grep ' /sys/fs/cgroup ' /proc/self/mountinfo | tail -n 1",
    check: (s) => {
      const unified = s.after[0]!.includes(" - cgroup2 ");
      assert.is(s.out.length, unified ? 1 : 0);
    },
  },
  {
    rows: ["§14 mount.auto cgroup"], says: "with force all hierarchies are there, read-only, and show its own group as the root", config: ["lxc.mount.auto = proc sys cgroup:ro:force"],
    inside: "cat /proc/self/mountinfo | grep ' - cgroup'; cut -d: -f3 /proc/self/cgroup | sort -u; cat /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/pids/cgroup.procs 2>/dev/null | head -n 1; mkdir /sys/fs/cgroup/x /sys/fs/cgroup/pids/x",
    check: (s) => {
      const mounts = s.out.filter((l) => l.includes(" - cgroup"));
      assert.ok(mounts.length > 0);
      for (const m of mounts) assert.match(m, / \/sys\/fs\/cgroup\S* ro,/);
      assert.ok(s.out.includes("/"), "its group is the root of what it sees");
      assert.match(s.said, /Read-only file system/);
    },
  },
  {
    rows: ["§14 mount.entry"], says: "entries: read-only binds, tmpfs with data, file targets, blanks in names, relative sources, propagation",
    before: "mkdir '$T/a b'; mkdir -p \"$T/a b\"; echo seen > \"$T/a b/f\"; echo one > $T/file",
    config: [
      PROC, "lxc.mount.entry = $T/a\\040b in/here none bind,ro,create=dir 0 0", "lxc.mount.entry = $T/file one none bind,create=file 0 0", "lxc.mount.entry = tmpfs c tmpfs size=64k,mode=700,nosuid,noexec,create=dir 0 0",
      "lxc.mount.entry = c d none bind,relative,create=dir 0 0", "lxc.mount.entry = /no/such e none bind,optional,create=dir 0 0", "lxc.mount.entry = $T/made/here f none bind,origin=mkdir,create=dir,rslave 0 0",
    ],
    inside: "cat /proc/self/mountinfo; cat /in/here/f /one; touch /c/seen; ls /d; touch /in/here/x", after: "ls -d $T/made/here",
    check: (s) => {
      assert.match(mountAt(s, "/in/here"), / ro[, ]/);
      assert.match(mountAt(s, "/c"), /nosuid.*noexec.*size=64k,mode=700/);
      assert.not.ok(s.out.some((l) => l.split(" ")[4] === "/e"));
      mountAt(s, "/f");
      assert.equal(s.out.slice(-3), ["seen", "one", "seen"]);
      assert.match(s.said, /Read-only file system/);
      assert.is(s.after.length, 1);
    },
  },
  { rows: ["§14 mount.entry"], says: "a target that is not there, without create=, ends the start by name", config: ["lxc.mount.entry = /etc nowhere none bind 0 0"], inside: "true", check: (s) => refused(s, /nowhere: ENOENT/) },
  {
    rows: ["§14 mount.entry"], says: "an absolute target below the root counts, another one is ignored with a warning", config: [PROC, "lxc.mount.entry = tmpfs $R/srv tmpfs size=4k 0 0", "lxc.mount.entry = tmpfs /elsewhere/srv tmpfs size=4k 0 0"],
    inside: "grep -c ' - tmpfs tmpfs .*size=4k' /proc/self/mountinfo", check: (s) => { printed(s, ["1"]); assert.match(s.said, /elsewhere\/srv is not inside the container/); },
  },
  {
    rows: ["§14 mount.entry"], says: "symlinks of the root lead mounts nowhere outside of it", config: [PROC, "lxc.mount.entry = tmpfs abs/made tmpfs create=dir 0 0", "lxc.mount.entry = tmpfs dots/made tmpfs create=dir 0 0"],
    before: "cp -a $R $T/root; mkdir $T/outside; ln -s $T/outside $T/root/abs; ln -s ../../../../../../../../../../tmp $T/root/dots", root: "$T/root",
    inside: "grep -c made /proc/self/mountinfo", after: "ls $T/outside /tmp | grep made", check: (s) => { printed(s, ["2"]); assert.equal(s.after, []); },
  },
  {
    rows: ["§14 mount.entry"], says: "what a container mounts itself is not seen outside", config: [PROC], inside: "mount -t tmpfs inner /srv && grep -c ' - tmpfs inner' /proc/self/mountinfo", after: "grep -c ' - tmpfs inner' /proc/self/mountinfo",
    check: (s) => { printed(s, ["1"]); assert.equal(s.after, ["0"]); },
  },

  // devices
  {
    rows: ["§14 autodev", "§13 lxc.autodev"], says: "the nodes every program counts on, and no others", config: [PROC, "lxc.pty.max = 8"],
    inside: "cd /dev; for n in full null random tty urandom zero; do stat -c '%n %F %a %t:%T' $n; done; for l in fd stdin stdout stderr; do readlink $l; done; ls | grep -v -e '^tty' | tr '\\n' ' '; echo; grep ' /dev ' /proc/self/mountinfo; head -c 3 /dev/zero | wc -c",
    check: (s) => {
      succeeded(s);
      const node = (name: string, id: string): string => `${name} character special file 666 ${id}`;
      assert.equal(s.out.slice(0, 10), [
        node("full", "1:7"), node("null", "1:3"), node("random", "1:8"), node("tty", "5:0"), node("urandom", "1:9"), node("zero", "1:5"), "/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2",
      ]);
      for (const n of s.out[10]!.trim().split(" ")) assert.ok(["console", "fd", "full", "null", "ptmx", "pts", "random", "stderr", "stdin", "stdout", "urandom", "zero"].includes(n), n);
      assert.match(s.out[11]!, / - tmpfs .*size=(488|492)k,mode=755/);
      assert.is(s.out[12], "3");
    },
  },
  { rows: ["§13 lxc.autodev"], says: "autodev=0 leaves /dev as the root has it", config: [PROC, "lxc.autodev = 0"], inside: "grep -c ' /dev ' /proc/self/mountinfo; test -e /dev/zero || echo none", check: (s) => assert.equal(s.out, ["0", "none"]) },
  {
    rows: ["§14 devpts", "§13 lxc.pty.max"], says: "a devpts of its own with as many terminals as were asked for", config: [PROC, "lxc.pty.max = 7"], inside: "grep ' /dev/pts ' /proc/self/mountinfo; test -c /dev/ptmx && test -c /dev/pts/ptmx && echo both",
    check: (s) => { assert.match(mountAt(s, "/dev/pts"), /nosuid,noexec.*gid=5,mode=620,ptmxmode=666,max=7/); assert.is(s.out[s.out.length - 1], "both"); },
  },
  {
    rows: ["§13 lxc.tty.max", "§13 lxc.tty.min"], says: "terminals on /dev/tty1 and on, named in container_ttys", config: [PROC, "lxc.tty.max = 3", "lxc.pty.max = 8"], inside: "for t in 1 2 3 4; do test -c /dev/tty$t && echo tty$t; done; tr '\\0' '\\n' < /proc/1/environ | grep '^container_ttys='",
    check: (s) => { assert.equal(s.out.slice(0, 3), ["tty1", "tty2", "tty3"]); assert.match(s.out[3]!, /^container_ttys=\/?(dev\/)?(tty1|pts\/\d+) \/?(dev\/)?(tty2|pts\/\d+) \/?(dev\/)?(tty3|pts\/\d+)$/); },
  },
  { rows: ["§13 lxc.tty.min"], says: "and behind the ones it leaves out", config: [PROC, "lxc.tty.min = 2", "lxc.tty.max = 4"], inside: "for t in 1 2 3 4 5; do test -c /dev/tty$t && echo tty$t; done; true", check: (s) => printed(s, ["tty3", "tty4"]) },
  {
    rows: ["§13 lxc.cgroup.devices", "§13 lxc.cgroup2.devices"], says: "devices that are not on the list can't be opened, whether by v1 files or by BPF",
    config: [PROC, ...["cgroup", "cgroup2"].flatMap((c) => [`lxc.${c}.devices.deny = a`, `lxc.${c}.devices.allow = c 1:3 rwm`, `lxc.${c}.devices.allow = c 1:9 r`, `lxc.${c}.devices.allow = c 5:* rwm`, `lxc.${c}.devices.allow = c 136:* rwm`])],
    inside: "echo x > /dev/null && echo null; head -c 1 /dev/urandom | wc -c; head -c 1 /dev/zero | wc -c; : > /dev/urandom",
    check: (s) => { assert.equal(s.out, ["null", "1", "0"]); assert.match(s.said, /zero: Operation not permitted[\s\S]*urandom: Operation not permitted/); },
  },

  // capabilities
  {
    rows: ["§13 lxc.cap.drop"], says: "dropped capabilities are gone for good, the others stay", config: [PROC, "lxc.cap.drop = sys_module sys_time", "lxc.cap.drop = 21"], inside: `${CAPABILITIES}; grep Cap /proc/1/status | wc -l`, after: CAPABILITIES,
    check: (s) => {
      succeeded(s);
      const mask = (l: string): bigint => BigInt(`0x${l.split(" ")[1]!}`);
      const gone = (1n << 16n) | (1n << 25n) | (1n << 21n);
      assert.is(mask(s.out[1]!), mask(s.after[1]!) & ~gone);
      assert.is(mask(s.out[0]!), mask(s.out[1]!));
    },
  },
  { rows: ["§13 lxc.cap.keep"], says: "kept capabilities are all that is left", config: [PROC, "lxc.cap.keep = kill chown"], inside: CAPABILITIES, check: (s) => printed(s, ["CapEff: 0000000000000021", "CapBnd: 0000000000000021"]) },
  { rows: ["§13 lxc.cap.keep"], says: "keep none alone leaves nothing", config: [PROC, "lxc.cap.keep = none"], inside: CAPABILITIES, check: (s) => printed(s, ["CapEff: 0000000000000000", "CapBnd: 0000000000000000"]) },
  { rows: ["§13 lxc.cap.drop"], says: "an unknown capability and drop with keep are refused", config: ["lxc.cap.drop = sys_nothing"], inside: "true", check: (s) => refused(s, /sys_nothing/) },
  { rows: ["§13 lxc.cap.keep"], says: "drop together with keep is refused", config: ["lxc.cap.drop = kill", "lxc.cap.keep = chown"], inside: "true", check: (s) => refused(s, /cap/) },

  // limits
  {
    rows: ["§13 lxc.cgroup.<ctl>.<file>", "§13 lxc.cgroup2.<file>", "§9 cgroups"], says: "limits of either kind are what the kernel has, read from inside",
    config: [
      "lxc.mount.auto = proc sys cgroup:ro:force", "lxc.cgroup.memory.limit_in_bytes = 32M", "lxc.cgroup2.memory.max = 32M", "lxc.cgroup.pids.max = 21", "lxc.cgroup2.pids.max = 21", "lxc.cgroup.cpu.shares = 2048", "lxc.cgroup2.cpu.weight = 77",
    ],
    inside: "cd /sys/fs/cgroup; cat memory.max memory/memory.limit_in_bytes unified/memory.max 2>/dev/null; cat pids.max pids/pids.max unified/pids.max 2>/dev/null; cat cpu.weight cpu/cpu.shares cpu,cpuacct/cpu.shares unified/cpu.weight 2>/dev/null | head -n 1",
    check: (s) => {
      succeeded(s);
      assert.equal(s.out.slice(0, 2), ["33554432", "21"]);
      assert.ok(["2048", "77"].includes(s.out[2]!), s.out[2]);
    },
  },
  {
    rows: ["§13 lxc.cgroup.<ctl>.<file>", "§9 cgroups"], says: "memory beyond the limit is not to be had", config: [PROC, "lxc.cgroup.memory.limit_in_bytes = 16M", "lxc.cgroup2.memory.max = 16M"], inside: "head -c 60m /dev/zero | tail -c 60m | wc -c; echo end",
    check: (s) => { assert.not.ok(s.out.includes(String(60 << 20))); },
  },
  {
    rows: ["§13 lxc.cgroup.<ctl>.<file>", "§9 cgroups"], says: "nor more processes", config: [PROC, "lxc.cgroup.pids.max = 4", "lxc.cgroup2.pids.max = 4"], inside: "for i in 1 2 3 4 5 6; do sleep 1 & done; wait", check: (s) => assert.match(s.said, /can't fork/),
  },
  { rows: ["§13 lxc.cgroup.<ctl>.<file>"], says: "a value that means nothing ends the start by name", config: ["lxc.cgroup.memory.limit_in_bytes = plenty", "lxc.cgroup2.memory.max = plenty"], inside: "true", check: (s) => refused(s, /memory\.(limit_in_bytes|max).*plenty|plenty.*memory/) },
  {
    rows: ["§9 cgroups"], says: "a controller that is not there is a warning", config: ["lxc.cgroup.nonesuch.value = 1"], inside: "echo runs", check: (s) => { printed(s, ["runs"]); assert.match(s.said, /nonesuch/); },
  },

  // the language
  { rows: ["§12 config syntax"], says: "an unknown key ends the start by name and line", config: [PROC, "lxc.nonsense.key = 1"], inside: "true", check: (s) => refused(s, /lxc\.nonsense\.key/) },
  { rows: ["§12 config syntax"], says: "a line without = ends the start", config: ["lxc.init.cwd"], inside: "true", check: (s) => refused(s, /lxc\.init\.cwd/) },
  {
    rows: ["§12 config syntax"], says: "comments, foreign lines, quotes, empty values and includes are read as ever", before: "echo 'lxc.uts.name = included' > $T/more", config: ["# a comment", "not.lxc = 1", PROC, "lxc.environment = GONE=1", "lxc.environment =", "lxc.environment = \"Q=a b\"", "lxc.include = $T/more"],
    inside: "hostname; tr '\\0' '\\n' < /proc/1/environ | sort", check: (s) => printed(s, ["included", "Q=a b", "container=wherry"]),
  },

  // rarely used, but quickly shown
  {
    rows: ["§13 lxc.prlimit", "§13 lxc.sysctl", "§13 lxc.proc", "§13 lxc.no_new_privs"], says: "limits, sysctls, values of /proc and no_new_privs",
    config: [PROC, "lxc.prlimit.nofile = 77:88", "lxc.proc.oom_score_adj = 123", "lxc.sysctl.kernel.shmmax = 9999", "lxc.no_new_privs = 1"], inside: "ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj /proc/sys/kernel/shmmax; grep NoNewPrivs /proc/self/status | tr '\\t' ' '",
    check: (s) => printed(s, ["77", "88", "123", "9999", "NoNewPrivs: 1"]),
  },
  {
    rows: ["§13 lxc.idmap"], says: "root of a user namespace is somebody else outside", config: ["lxc.mount.auto = proc sys:ro", "lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 200000 65536", "lxc.pty.max = 4"],
    inside: "id -u; cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; echo x > /dev/null && echo node", check: (s) => printed(s, ["0", " 0 100000 65536", " 0 200000 65536", "node"]),
  },
  {
    rows: ["§13 lxc.idmap", "§13 lxc.rootfs.options"], says: "idmap=container shows root and binds as the container's own, and a filesystem that can't be shown so is named",
    config: [PROC, "lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 200000 65536", "lxc.rootfs.options = idmap=container", "lxc.mount.entry = $R/etc srv none bind,ro,idmap=container 0 0"],
    before: "printf 'lxc.idmap = u 0 9000 10\\nlxc.idmap = g 0 9000 10\\nlxc.mount.entry = /proc/sys srv none bind,idmap=container 0 0\\n' > $T/other",
    inside: "stat -c %u / /bin/busybox /srv; touch /bin/made && stat -c %u /bin/made", after: "\"$W\" sandbox --config $T/other $R /bin/true; echo $?",
    check: (s) => { printed(s, ["0", "0", "0", "0"]); assert.match(s.after[0]!, /show under other ids \/proc\/sys: EINVAL/); assert.is(s.after[1], "125"); },
  },
  {
    rows: ["§14 seccomp"], says: "a profile file of LXC is obeyed", before: "printf '2\\ndenylist\\nmkdir errno 95\\nmkdirat errno 95\\n' > $T/profile", config: [PROC, "lxc.seccomp.profile = $T/profile"], inside: "mkdir /x; grep Seccomp: /proc/self/status | cut -f2",
    check: (s) => { printed(s, ["2"]); assert.match(s.said, /can't create directory '\/x': (Not supported|Operation not supported)/); },
  },
  {
    rows: ["§13 lxc.hook.*", "§15 order"], says: "hooks run in their order, in the container's mounts, and one that fails ends the start", before: "cp -a $R $T/root; printf '#!/bin/sh\\nexit 3\\n' > $T/fail; chmod 755 $T/fail", root: "$T/root", config: [PROC, "lxc.hook.mount = $T/fail"],
    inside: "true", check: (s) => refused(s, /hook mount .*fail: ended with status (3|127: not found, or no \/bin\/sh)/),
  },
  {
    rows: ["§13 lxc.hook.*", "§15 order"], says: "hooks of every kind run in their order, and know which they are", before: `${HOST_SHELL}; echo 'echo $3 $LXC_NAME \${LXC_PID:+pid} $LXC_TARGET >> '$T/order > $T/hook`,
    config: [PROC, ...["post-stop", "stop", "start-host", "autodev", "mount", "pre-mount", "pre-start"].map((t) => `lxc.hook.${t} = /bin/sh $T/hook`), "lxc.hook.start = /bin/sh -c 'echo \\$2 > /started'"],
    inside: "cat /started", after: "sed \"s/ $N//\" $T/order",
    check: (s) => { printed(s, ["start"]); assert.equal(s.after.map((l) => l.trim()), ["pre-start", "pre-mount", "mount", "autodev", "start-host pid", "stop stop", "post-stop stop"]); },
  },
  {
    rows: ["§13 lxc.hook.*"], says: "one outside that fails ends the start", before: HOST_SHELL, config: [PROC, "lxc.hook.start-host = /bin/sh -c 'exit 4'"], inside: "sleep 1000000", check: (s) => refused(s, /hook start-host .*exit 4.*: ended with status 4/),
  },
  { rows: ["§13 security profile (design)"], says: "standard: few capabilities, no_new_privs, a filter", inside: "grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr '\\t' ' '", check: (s) => printed(s, ["CapBnd: 00000000000405fb", "NoNewPrivs: 1", "Seccomp: 2"]) },

  {
    rows: ["§14 autodev"], says: "the host's /dev is bound with autodev=0, and nothing of it is taken away or replaced", before: `${NODES} > $T/nodes`,
    config: [PROC, "lxc.autodev = 0", "lxc.mount.entry = /dev dev none rbind 0 0", "lxc.pty.max = 4", "lxc.tty.max = 2"], inside: "ls /dev/pts | grep ptmx; test -c /dev/null && echo null",
    after: `${NODES} | grep -v -x -F -f $T/nodes; ${NODES} | wc -l | tr -d ' '; wc -l < $T/nodes | tr -d ' '`, check: (s) => { printed(s, ["ptmx", "null"]); assert.is(s.after.length, 2, s.after.join("\n")); assert.is(s.after[0], s.after[1]); },
  },
  // links: $N is short enough to name one; the bridge of a scenario is b$N
  ...linkScenarios(),
];

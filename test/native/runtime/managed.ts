/**
 * The rows of the runtime specification that need the manager: volumes and
 * storage, what is injected, stops and restarts, address pools, links, the
 * reason of an end. One revision, looked at by shell texts from inside
 * (`inside NAME …`) and from outside. Run on this machine and on boards.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { makeDisk } from "../../../build/disk.ts";
import type { ContainerSpec, Json } from "../../../build/revision.ts";
import { squashfs } from "../../../build/rootfs.ts";
import { Tree } from "../../../build/tree.ts";
import type { Seen } from "./batch.ts";
import { scenarioRoot } from "./root.ts";

/** Shell texts may use $W (program), $S (storage), $V (volumes), $C (configs), $X (exports), $RUN (run dir) and the functions of prelude(). */
export type Look = {
  rows: string[];
  says: string;
  /** Only where all kernel modules are and the device is ours. */
  boardsOnly?: boolean;
  script: string;
  check: (lines: string[]) => void;
};

/** What a revision needs beside its containers. */
export type ManagedRevision = { containers: ContainerSpec[]; device: { [key: string]: Json }; files: { [key: string]: string | Buffer }; documents: { [key: string]: Json } };

export type Where = { program: string; storage: string; volumes: string; configs: string; exports: string; run: string };

const RETRY = { policy: "on-failure", max_retries: 2, retry_delay: 1, backoff_policy: "never" };
const SLEEP = ["/bin/sh", "-c", "trap 'echo told; exit 0' TERM; trap 'echo poked' USR1; echo up; while :; do sleep 1000 & wait; done"];

function dataImage(name: string): Buffer {
  return squashfs(new Tree().file("name", `${name}\n`));
}

function ext4Image(): Buffer {
  const work = mkdtempSync(join(tmpdir(), "wherry-ext4-"));
  try {
    makeDisk({ tree: new Tree().file("name", "ext4\n"), label: "volume", sizeMb: 4 }, join(work, "image"));
    return readFileSync(join(work, "image"));
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** A hash tree for an image, and its root hash. */
function verityOf(image: Buffer): { tree: Buffer; hash: string } {
  const work = mkdtempSync(join(tmpdir(), "wherry-verity-"));
  try {
    writeFileSync(join(work, "data"), image);
    const text = execFileSync("veritysetup", ["format", "--salt=00112233445566778899aabbccddeeff", join(work, "data"), join(work, "hash")], { encoding: "utf8" });
    return { tree: readFileSync(join(work, "hash")), hash: /Root hash:\s+([0-9a-f]{64})/.exec(text)![1]! };
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** debs: packages of the machine. own: it is a board of ours. volumesDir: PV_DISK_VOLDIR, beside the storage. */
export function managedRevision(debs: string, own: boolean, volumesDir: string): ManagedRevision {
  const root = scenarioRoot(debs);
  const image = squashfs(root);
  const hook = join(dirname(volumesDir), "storage/trails/0/hooked/hook");
  const like = (name: string, more: Partial<ContainerSpec> = {}): ContainerSpec => ({
    name, root: image, init: SLEEP, volumesDir, keep: "user ipc", ...more, run: { group: "app", restart_policy: "container", auto_recovery: RETRY, ...more.run },
  });
  const containers: ContainerSpec[] = [
    like("boss", { run: { group: "root", roles: ["mgmt"] } }),
    like("plain"),
    like("bare", { extra: [`lxc.mount.fstab = ${join(dirname(volumesDir), "storage/trails/0/bare/fstab")}`], run: { automodfw: "no" } }),
    like("storer", {
      extra: ["keep", "turn", "now", "data.squashfs", "more.ext4"].map((v) => `lxc.mount.entry = ${volumesDir}/storer/${v} mnt/${v} none bind,create=dir 0 0`),
      run: { volumes: ["data.squashfs", "more.ext4"], storage: { "lxc-overlay": { persistence: "boot" }, keep: { persistence: "permanent" }, turn: { persistence: "revision" }, now: { persistence: "boot" } }, remount: { default: [{ "/mnt/now": "noexec,nosuid" }] } },
    }),
    like("gives", { run: { exports: ["/srv/out"] } }),
    like("plugged"),
    like("reboots"),
    like("pair1", { run: { network: { pool: "inner", hostname: "first" } } }),
    like("pair2", { keep: "user net ipc", run: { network: { pool: "inner", ip: "10.99.0.77" } } }),
    like("leaves", { init: ["/bin/sh", "-c", "echo leaving; exit 3"] }),
    like("mapped", {
      keep: "ipc", extra: ["lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 200000 65536", ...["keep", "now"].map((v) => `lxc.mount.entry = ${volumesDir}/mapped/${v} mnt/${v} none bind,create=dir 0 0`)],
      run: { storage: { "lxc-overlay": { persistence: "permanent" }, keep: { persistence: "permanent" }, now: { persistence: "boot" } } },
    }),
    like("done", { init: ["/bin/sh", "-c", "exit 0"] }),
    like("eats", { init: ["/bin/tail", "-c", "100000000", "/dev/zero"], extra: ["lxc.cgroup.memory.limit_in_bytes = 16M", "lxc.cgroup2.memory.max = 16M"] }),
    like("limited", { extra: ["lxc.mount.auto = cgroup:ro:force"], run: { wherry: { limits: { memory: { max: 24 << 20 }, pids: { max: 33 }, cpu: { quota: "50ms" } } } } }),
    like("deaf", { init: ["/bin/sleep", "1000000"] }),
    like("halted", { init: ["/bin/sh", "-c", "trap 'echo halted; exit 0' USR1; echo up; while :; do sleep 1000 & wait; done"], extra: ["lxc.signal.halt = SIGUSR1"] }),
    like("clash", { extra: ["lxc.net.0.type = empty"], run: { network: { pool: "inner", ip: "10.99.0.200" } } }),
    like("wired", { extra: ["lxc.net.0.type = veth", "lxc.net.0.link = br-inner", "lxc.net.0.name = lan0", "lxc.net.0.flags = up", "lxc.net.0.ipv4.address = 10.99.0.50/24", "lxc.net.0.ipv4.gateway = 10.99.0.1", "lxc.net.0.hwaddr = 02:00:00:00:00:50"] }),
    like("hooked", {
      extra: [
        ...["pre-start", "pre-mount", "mount", "autodev", "start-host", "stop", "post-stop"].map((t) => `lxc.hook.${t} = /bin/sh ${hook}`), "lxc.net.0.type = veth", "lxc.net.0.flags = up",
        `lxc.net.0.script.up = /bin/sh ${hook}`, `lxc.net.0.script.down = /bin/sh ${hook}`,
      ],
    }),
  ];
  const files: { [key: string]: string | Buffer } = {
    "bare/fstab": "tmpfs srv tmpfs size=8k,mode=711 0 0\n", "storer/data.squashfs": dataImage("squashfs"), "storer/more.ext4": ext4Image(), "datum/data.squashfs": dataImage("datum"),
    "hooked/hook": `echo $3 $LXC_NAME \${LXC_PID:+pid} $LXC_TARGET >> ${join(dirname(volumesDir), "hooked")}\n`, "_config/storer/etc/motd": "overlaid\n", "_config/storer/.hidden": "dot\n",
  };
  const documents: { [key: string]: Json } = {
    "plugged/mdev.json": { rules: ["null 0:0 640", "vda 0:5 600", ".* 0:0 600 !"] },
    "datum/run.json": { "#spec": "service-manifest-run@1", name: "datum", "root-volume": "data.squashfs", volumes: [], storage: {}, status_goal: "MOUNTED", group: "root", restart_policy: "system" },
  };
  if (own) {
    const { tree, hash } = verityOf(image);
    files["verified/root.squashfs.hash"] = tree;
    documents["verified/_dm/root.squashfs.json"] = { type: "dm-verity", data_device: "root.squashfs", hash_device: "root.squashfs.hash", root_hash: hash };
    documents["bsp/drivers.json"] = { all: { dum: ["dummy numdummies=1"], none: ["nonesuch"], asks: ["zram num_devices=${user-meta:zrams}"] } };
    const link = (name: string, type: string, parent: string, more: string[]): ContainerSpec => like(name, {
      extra: [`lxc.net.0.type = ${type}`, `lxc.net.0.link = ${parent}`, "lxc.net.0.name = up0", "lxc.net.0.flags = up", ...more], run: { drivers: { required: ["dum"], optional: [], manual: [] } },
    });
    containers.push(
      like("asks", { run: { drivers: { required: ["asks"], optional: [], manual: [] } } }),
      like("verified", { run: { "root-volume": "dm:root.squashfs" } }),
      like("driven", { run: { drivers: { required: ["dum"], optional: ["none"], manual: [] } } }),
      link("mac", "macvlan", "dummy0", ["lxc.net.0.macvlan.mode = bridge", "lxc.net.0.ipv4.address = 10.98.0.2/24"]), link("ipv", "ipvlan", "br-inner", ["lxc.net.0.ipv4.address = 10.97.0.2/24"]),
      // a vlan can't be up while its parent is down, as the dummy is
      link("tagged", "vlan", "br-inner", ["lxc.net.0.vlan.id = 7"]),
    );
  }
  const device: { [key: string]: Json } = {
    ...(own ? { volumes: { "pv--firmware": { persistence: "boot" } } } : {}),
    groups: [
      { name: "root", status_goal: "STARTED", restart_policy: "system", timeout: 120 },
      { name: "app", status_goal: "STARTED", restart_policy: "container", timeout: 120 },
    ],
    network: { pools: { inner: { type: "bridge", bridge: "br-inner", subnet: "10.99.0.0/24", gateway: "10.99.0.1", nat: true } } },
  };
  return { containers, device, files, documents };
}

/** Functions for the texts: inside, row, pid, until_row, until_frozen, gone. */
export function prelude(w: Where): string {
  return `W=${w.program}; S=${w.storage}; V=${w.volumes}; C=${w.configs}; X=${w.exports}; RUN=${w.run}; export WHERRY_SOCKET=$RUN/pv-ctrl
inside() { n=$1; shift; "$W" exec "$n" /bin/sh -c "$*" < /dev/null; }
row() { "$W" ps | grep "^$1 "; }
pid() { row "$1" | tr -s ' ' | cut -d' ' -f5; }
# its goal is left out: a status may be the same word
until_row() { i=0; until row "$1" | tr -s ' ' | cut -d' ' -f1-3,5- | grep -q -e "$2"; do i=$((i + 1)); if [ $i -gt 400 ]; then echo "never $2: $(row "$1")"; return 1; fi; sleep 0.3; done; }
groups() { for m in $(grep -e ' - cgroup2\\? ' /proc/self/mountinfo | cut -d' ' -f5); do [ -e "$m/lxc/$1" ] && echo "$m/lxc/$1"; done; }
until_frozen() { i=0; until for g in $(groups $1); do cat $g/cgroup.events $g/freezer.state; done 2> /dev/null | grep -q -e '^frozen 1' -e FROZEN; do i=$((i + 1)); if [ $i -gt 400 ]; then echo "never frozen"; return 1; fi; sleep 0.3; done; }
# what is left of a container, from outside: the kernel gives up a loop device when its last look at it ends
gone() { i=0; while [ -n "$(rest $1)" ] && [ $i -lt 40 ]; do i=$((i + 1)); sleep 0.3; done; rest $1; }
rest() {
  grep -e " $V/$1/" /proc/self/mountinfo
  groups $1
  for b in /sys/block/loop*/loop/backing_file; do [ -e "$b" ] && grep -s -e "^$S/trails/0/$1/" "$b"; done
  for d in /sys/block/dm-*/dm/name; do [ -e "$d" ] && grep -s -e "--$1-" "$d"; done
  [ -e "$C/$1" ] && echo "$C/$1"
  true
}
`;
}

export function looksScript(looks: Look[], w: Where): string {
  return `${prelude(w)}\n${looks.map((l, i) => `echo "@@@ ${i} out"; ( ${l.script}\n) 2>&1; echo; echo "@@@ ${i} left"`).join("\n")}\necho "@@@ end"\n`;
}

function has(lines: string[], pattern: RegExp): void {
  assert.ok(lines.some((l) => pattern.test(l)), `no line is like ${String(pattern)}:\n${lines.join("\n")}`);
}

const STOPPED_CLEANLY = (name: string): string => `"$W" stop ${name}; until_row ${name} STOPPED; row ${name}; gone ${name}`;

export const LOOKS: Look[] = [
  {
    rows: ["§2 goals", "§3 start"], says: "all that can start do, groups in their order", script: "for c in boss plain bare storer pair1 pair2 limited deaf halted wired; do until_row $c STARTED; done; \"$W\" ps | grep -c STARTED",
    check: (l) => { assert.is(l.length, 1, l.join("\n")); assert.ok(Number(l[0]) >= 10, l[0]); },
  },
  {
    rows: ["§2 goals", "§3 1 goal MOUNTED"], says: "a container with the goal MOUNTED only has its volumes", script: "until_row datum MOUNTED; row datum | tr -s ' ' | cut -d' ' -f3-5; cat $V/datum/data.squashfs/name",
    check: (l) => assert.equal(l, ["MOUNTED MOUNTED -", "datum"]),
  },
  // §6
  {
    rows: ["§6 3 /pantavisor"], says: "a container without a role finds its own sockets, logs and metadata, read-only but for the sockets", script: "inside plain 'ls /pantavisor; grep \" /pantavisor/\" /proc/self/mountinfo | cut -d\" \" -f5,6; touch /pantavisor/logs/x'",
    check: (l) => {
      for (const name of ["pv-ctrl", "logs", "user-meta", "device-meta"]) assert.ok(l.includes(name), `${name}\n${l.join("\n")}`);
      for (const d of ["logs", "user-meta", "device-meta"]) has(l, new RegExp(`^/pantavisor/${d} ro`));
      has(l, /^\/pantavisor\/pv-ctrl rw/);
      has(l, /Read-only file system/);
    },
  },
  { rows: ["§6 3 /pantavisor"], says: "one with role mgmt finds the whole run dir, read-only", script: "inside boss 'ls /pantavisor; grep \" /pantavisor \" /proc/self/mountinfo | cut -d\" \" -f6; touch /pantavisor/x'", check: (l) => { assert.ok(l.includes("pv-ctrl")); has(l, /^ro/); has(l, /Read-only file system/); } },
  { rows: ["§6 5 container="], says: "container= names the group, but not the group root", script: "for c in boss plain; do echo $c $(inside $c 'tr \"\\0\" \"\\n\" < /proc/1/environ | grep ^container='); done", check: (l) => assert.equal(l, ["boss", "plain container=pv-app"]) },
  { rows: ["§6 1 hostname"], says: "the host name is the container's name, or that of its network", script: "for c in plain pair1; do inside $c hostname; done", check: (l) => assert.equal(l, ["plain", "first"]) },
  {
    rows: ["§6 4 firmware and modules"], says: "firmware and modules of the host are there, read-only, unless automodfw says no", boardsOnly: true, script: "for c in plain bare; do echo $c $(inside $c 'grep -e \" /lib/modules\" -e \" /lib/firmware\" /proc/self/mountinfo | cut -d\" \" -f6 | cut -d, -f1'); done",
    check: (l) => assert.equal(l, ["plain ro ro", "bare"]),
  },
  { rows: ["§13 lxc.mount.fstab"], says: "lines of an fstab are entries", script: "inside bare 'grep -c \" /srv .* - tmpfs tmpfs .*size=8k,mode=711\" /proc/self/mountinfo'", check: (l) => assert.equal(l, ["1"]) },
  // §5
  {
    rows: ["§5 X.<fs>"], says: "volumes with squashfs and ext4 are mounted by loop devices", script: "inside storer 'cat /mnt/data.squashfs/name /mnt/more.ext4/name; grep \" /mnt/[dm]\" /proc/self/mountinfo | cut -d\" \" -f5- | grep -o \" - [a-z0-9]* /dev/loop\" | sort'",
    check: (l) => assert.equal(l.map((x) => x.trim()), ["squashfs", "ext4", "- ext4 /dev/loop", "- squashfs /dev/loop"]),
  },
  {
    rows: ["§5 storage permanent, revision, boot", "§1 persistent dirs"], says: "permanent and revision storage outlive a restart, boot and what is written to the root don't",
    script: "inside storer 'for v in keep turn now; do echo $v > /mnt/$v/f; done; echo root > /root/f'; cat $S/disks/perm/storer/keep/f $S/disks/rev/0/storer/turn/f; p=$(pid storer); \"$W\" restart storer; until_row storer STARTED; while [ \"$(pid storer)\" = \"$p\" ] || [ \"$(pid storer)\" = - ]; do sleep 0.2; done; inside storer 'cat /mnt/keep/f /mnt/turn/f; ls /mnt/now /root'",
    check: (l) => assert.equal(l, ["keep", "turn", "keep", "turn", "/mnt/now:", "/root:"]),
  },
  { rows: ["§3 3 _config", "§5 overlay root"], says: "the configuration overlay is the topmost layer, files with a dot too", script: "inside storer 'cat /etc/motd /.hidden'; cat $C/storer/etc/motd", check: (l) => assert.equal(l, ["overlaid", "dot", "overlaid"]) },
  { rows: ["§5 dm:X"], says: "a verified root is mounted through device-mapper", boardsOnly: true, script: "until_row verified STARTED; inside verified 'grep -c . /etc/passwd'; cat /sys/block/dm-*/dm/name; grep \" $V/verified/root.squashfs \" /proc/self/mountinfo | grep -o ' - squashfs /dev/[a-z]*'", check: (l) => assert.equal(l.map((x) => x.trim()), ["1", "pv--dmverity--verified-root", "- squashfs /dev/dm"]) },
  // §7
  { rows: ["§7 exports"], says: "what a container exports is found by others, with what is written later, and goes with it", script: "until_row gives STARTED; inside gives 'echo later > /srv/out/f'; cat $X/gives/srv/out/f; \"$W\" stop gives; until_row gives STOPPED; gone gives; test -e $X/gives/srv/out/f || echo none; grep -c \" $X/gives\" /proc/self/mountinfo", check: (l) => assert.equal(l, ["later", "none", "0"]) },
  { rows: ["§7 remount"], says: "the remount policy of a container changes the flags of its mounts", script: "inside storer 'grep \" /mnt/now \" /proc/self/mountinfo | cut -d\" \" -f6; grep \" /mnt/turn \" /proc/self/mountinfo | cut -d\" \" -f6'", check: (l) => { assert.match(l[0]!, /nosuid.*noexec/); assert.not.match(l[1]!, /noexec/); } },
  { rows: ["§7 mdev"], says: "devices that are there get the nodes that a container's rules say", boardsOnly: true, script: "until_row plugged STARTED; i=0; until inside plugged 'test -b /dev/vda' || [ $i -gt 100 ]; do i=$((i + 1)); sleep 0.3; done; inside plugged 'stat -c \"%F %a %u:%g\" /dev/vda; test -e /dev/ram0 || echo none'", check: (l) => assert.equal(l, ["block special file 600 0:5", "none"]) },
  // §9, §10
  {
    rows: ["§9 lxc/<c>"], says: "its group is lxc/NAME in every hierarchy, seen from outside, and the root of all from inside", script: "until_row plain STARTED; cut -d: -f3 /proc/$(pid plain)/cgroup | sort -u; inside plain 'cut -d: -f3 /proc/1/cgroup | sort -u'", check: (l) => assert.equal(l, ["/lxc/plain", "/"]),
  },
  { rows: ["§10 enter"], says: "what enters is in its groups, namespaces and environment", script: "inside plain 'cut -d: -f3 /proc/self/cgroup | sort -u; echo $container $USER $HOME; readlink /proc/self/ns/mnt' ; readlink /proc/$(pid plain)/ns/mnt", check: (l) => { assert.equal(l.slice(0, 2), ["/", "pv-app root /root"]); assert.is(l[2], l[3]); } },
  {
    rows: ["§10 log files"], says: "log files that a container writes are kept, from before and after they are put aside",
    script: "log=$S/logs/0/plain/var/log; lines() { i=0; until [ \"$(grep -c . $1)\" = $2 ] || [ $i -gt 400 ]; do i=$((i + 1)); sleep 0.3; done; cat $1; }; inside plain 'mkdir -p /var/log; echo one > /var/log/messages'; lines $log/messages 1; inside plain 'mv /var/log/messages /var/log/old; echo two > /var/log/messages; ln -s /dev/zero /var/log/syslog'; lines $log/messages 2; ls $log",
    check: (l) => assert.equal(l.filter((x) => !x.includes("No such file")), ["one", "one", "two", "messages"]),
  },
  { rows: ["§10 lxc.log"], says: "what the runtime says of a container is kept with its logs", script: "grep -o 'INFO.*started name=plain' $S/logs/0/plain/lxc/lxc.log | head -n 1", check: (l) => assert.equal(l, ["INFO\t -- [container]: started name=plain"]) },
  {
    rows: ["§10 pventer"], says: "lxc-info tells scripts the pid, and knows no others", script: "d=$(mktemp -d); ln -s \"$W\" $d/lxc-info; [ \"$($d/lxc-info -P /usr/var/lib/lxc -pHn plain)\" = $(pid plain) ] && echo same; $d/lxc-info -n plain -s; $d/lxc-info -P /x -p none; echo $?; rm -r $d",
    check: (l) => assert.equal(l, ["same", "State:          RUNNING", "none doesn't exist", "1"]),
  },
  { rows: ["§10 console.log"], says: "the console is kept from its first line", script: "head -n 1 $S/logs/0/plain/lxc/console.log; head -n 1 $S/logs/0/leaves/lxc/console.log", check: (l) => assert.equal(l, ["up", "leaving"]) },
  {
    rows: ["§9 cgroups", "§13 lxc.cgroup.<ctl>.<file>"], says: "limits of run.json are what the kernel has, read from inside", script: "inside limited 'cd /sys/fs/cgroup; cat memory.max memory/memory.limit_in_bytes unified/memory.max 2>/dev/null; cat pids.max pids/pids.max unified/pids.max 2>/dev/null; cat cpu.max cpu/cpu.cfs_quota_us cpu,cpuacct/cpu.cfs_quota_us unified/cpu.max 2>/dev/null | head -n 1'",
    check: (l) => assert.equal([l[0], l[1], l[2]?.split(" ")[0]], [String(24 << 20), "33", "50000"]),
  },
  {
    rows: ["§9 cgroups"], says: "a frozen one does nothing, and what it was told meanwhile once it is thawed",
    script: "until_row plain STARTED; log=$S/logs/0/plain/lxc/console.log; \"$W\" freeze plain; until_frozen plain; kill -USR1 $(pid plain); sleep 2; tail -n 1 $log; \"$W\" thaw plain; i=0; until tail -n 1 $log | grep poked || [ $i -gt 400 ]; do i=$((i + 1)); sleep 0.3; done",
    check: (l) => assert.equal(l, ["up", "poked"]),
  },
  // §2
  { rows: ["§2 auto_recovery"], says: "one that fails is tried again as often as it may, then stays, with its status", script: "until_row leaves STOPPED; until_row leaves ' 3  *-  *exit'; row leaves | tr -s ' '", check: (l) => { assert.is(l.length, 1, l.join("\n")); has(l, /^leaves app STOPPED STARTED - - 3 - .*3/); } },
  { rows: ["§2 auto_recovery"], says: "on-failure leaves one alone that ended well", script: "until_row done STOPPED; row done | tr -s ' '", check: (l) => has(l, /^done app STOPPED STARTED - - 1 /) },
  { rows: ["§9 cgroups", "§2 exit reason"], says: "an end for lack of memory is named as its reason", script: "until_row eats STOPPED; row eats; gone eats", check: (l) => { assert.is(l.length, 1, l.join("\n")); has(l, /memory/); } },
  { rows: ["§9 cgroups", "§4 stop"], says: "no group stays of one with limits", script: STOPPED_CLEANLY("limited"), check: (l) => assert.is(l.length, 1, l.join("\n")) },
  { rows: ["§4 reboot from inside"], says: "a reboot from inside ends the container, which is started again", boardsOnly: true, script: "until_row reboots STARTED; inside reboots 'reboot -f'; until_row reboots 'STARTED .* 2 .*signal 1'; row reboots", check: (l) => { assert.is(l.length, 1, l.join("\n")); assert.match(l[0]!, /STARTED .* 2 .*signal 1/); } },
  // §13
  {
    rows: ["§13 lxc.hook.*", "§14 net.N script.up", "§15 order"], says: "hooks and link scripts outside run in their order, and one that fails refuses the start",
    script: `log=$(dirname $V)/hooked; if [ ! -e /bin/sh ]; then until_row hooked 'STOPPED.*hook pre-start'; mkdir -p /bin; cp $S/scenarios/root/bin/busybox /bin/sh; "$W" start hooked; fi
until_row hooked STARTED; "$W" stop hooked; until_row hooked STOPPED; cat $log; gone hooked`,
    check: (l) => assert.equal(l.map((x) => x.trim().split(" ").filter((w) => w !== "hooked").join(" ")), ["pre-start", "pre-mount", "mount", "autodev", "up", "start-host pid", "down", "stop stop", "post-stop stop"]),
  },
  {
    rows: ["§13 lxc.idmap"], says: "one with ids of its own owns its storage, and its root filesystem where the kernel can show it so; on disk all is the device's or its own; nothing stays",
    script: `until_row mapped STARTED; inside mapped 'id -u; uname -r; touch /made /mnt/keep/made /mnt/now/made; stat -c %u / /made /mnt/keep/made /mnt/now/made /bin /bin/busybox; test -w /pantavisor/pv-ctrl && echo $(ls /pantavisor)'
ls -ln $S/disks/perm/mapped/keep $S/disks/perm/mapped/lxc-overlay/upper | grep made | tr -s ' ' | cut -d' ' -f3,4
p=$(pid mapped); "$W" restart mapped; until_row mapped STARTED; while [ "$(pid mapped)" = "$p" ] || [ "$(pid mapped)" = - ]; do sleep 0.2; done; inside mapped 'ls /made /mnt/keep /mnt/now'
"$W" stop mapped; until_row mapped STOPPED; gone mapped`,
    check: (l) => {
      const [major, minor] = l[1]!.split(".").map(Number);
      const squashfs = major! > 6 || (major === 6 && minor! >= 2); // the first that shows one under other ids
      assert.equal(l.filter((_, i) => i !== 1), [
        "0", "0", "0", "0", "0", ...(squashfs ? ["0", "0"] : ["65534", "65534"]), "device-meta logs pv-ctrl pv-ctrl-log user-meta", "0 0", squashfs ? "0 0" : "100000 200000", "/made", "/mnt/keep:", "made", "/mnt/now:",
      ]);
    },
  },
  // §11
  {
    rows: ["§11 pools"], says: "containers of a pool have addresses, a gateway, a name, and reach each other", script: "inside pair1 'ip -4 addr show eth0 | grep -o \"inet [0-9./]*\"; ip route | head -n 1; ping -c 1 -W 60 10.99.0.77 | grep -c \"1 packets received\"; cat /sys/class/net/eth0/address; ping -c 1 -W 60 10.99.0.1 | grep -c \"1 packets received\"'; inside pair2 'ip -4 addr show eth0 | grep -o \"inet [0-9./]*\"; ls /sys/class/net'",
    check: (l) => assert.equal(l.map((x) => x.trim()), ["inet 10.99.0.2/24", "default via 10.99.0.1 dev eth0", "1", "02:00:0a:63:00:02", "1", "inet 10.99.0.77/24", "eth0", "lo"]),
  },
  { rows: ["§11 leases"], says: "a restart keeps the address, a static one too", script: "for c in pair1 pair2; do \"$W\" stop $c; until_row $c STOPPED; \"$W\" start $c; until_row $c STARTED; inside $c 'ip -4 addr show eth0 | grep -o \"inet [0-9./]*\"'; done; grep -c veth /proc/net/dev", check: (l) => assert.equal(l, ["inet 10.99.0.2/24", "inet 10.99.0.77/24", "3"]) },
  {
    rows: ["§14 net.N veth"], says: "a link of its own configuration has its name, addresses and gateway", script: "inside wired 'ls /sys/class/net; cat /sys/class/net/lan0/address; ip -4 addr show lan0 | grep -o \"inet [0-9./]*\"; ip route | head -n 1; ping -c 1 -W 60 10.99.0.1 | grep -c \"1 packets received\"'",
    check: (l) => assert.equal(l.map((x) => x.trim()), ["lan0", "lo", "02:00:00:00:00:50", "inet 10.99.0.50/24", "default via 10.99.0.1 dev lan0", "1"]),
  },
  { rows: ["§11 boot bridge"], says: "the default bridge is there", boardsOnly: true, script: "inside boss true; ip -4 addr show lxcbr0 | grep -o 'inet [0-9./]*'", check: (l) => assert.equal(l, ["inet 10.0.3.1/24"]) },
  { rows: ["§8 drivers"], says: "required drivers are loaded, an optional one that fails is not minded", boardsOnly: true, script: "until_row driven STARTED; test -d /sys/module/dummy && echo loaded", check: (l) => assert.equal(l, ["loaded"]) },
  {
    rows: ["§8 drivers"], says: "parameters are those of user metadata, and a required driver that is refused refuses the start", boardsOnly: true,
    script: "until_row asks 'STOPPED.*zram'; printf 3 > $RUN/user-meta/zrams; \"$W\" start asks; until_row asks STARTED; ls /sys/block | grep -c zram", check: (l) => assert.equal(l, ["3"]),
  },
  { rows: ["§8 firmware"], says: "the kernel looks for firmware in volume pv--firmware", boardsOnly: true, script: "cat /sys/module/firmware_class/parameters/path; grep -c ' /volumes/bsp/pv--firmware ' /proc/self/mountinfo", check: (l) => assert.equal(l, ["/volumes/bsp/pv--firmware", "1"]) },
  { rows: ["§3 4 configuration and pool"], says: "links and a pool together refuse the start", script: "until_row clash STOPPED; row clash", check: (l) => has(l, /clash\/lxc\.container\.conf.*lxc\.net can't be used together with a pool/) },
  ...[["mac", "macvlan", "10.98.0.2/24"], ["ipv", "ipvlan", "10.97.0.2/24"], ["tagged", "vlan", ""]].map(([name, kind, address]): Look => ({
    rows: [`§14 net.N ${kind}`], says: `a ${kind} is inside under its name, and gone with its container`, boardsOnly: true,
    script: `until_row ${name} STARTED; inside ${name} 'ls /sys/class/net | tr "\\n" " "; echo; ip -4 addr show up0 | grep -o "inet [0-9./]*"; cat /sys/class/net/up0/uevent | grep DEVTYPE'; ( ${STOPPED_CLEANLY(name!)} ) | tr -s ' ' | cut -d' ' -f3; grep -c up0 /proc/net/dev`,
    check: (l) => { has(l, /^lo up0 *$/); if (address !== "") assert.ok(l.includes(`inet ${address}`), l.join("\n")); assert.equal(l.slice(-2), ["STOPPED", "0"]); },
  })),
  {
    rows: [], says: "check, plan and config answer here as on a developer's machine", script: "\"$W\" check $S/trails/0 > $S/checked || cat $S/checked; tail -n 1 $S/checked; \"$W\" plan $S/trails/0 $S/trails/0 | head -n 1; \"$W\" check $S/trails/none; echo $?; \"$W\" config --explain PV_LOG_LEVEL | head -n 1",
    check: (l) => {
      assert.match(l[0]!, /\/trails\/0\/\.pvr\/json: good/);
      assert.is(l[1], "nothing: no item differs that a device runs");
      assert.match(l[2]!, /\/trails\/none: ENOENT$/);
      assert.match(l[3]!, /: 1 problem$/);
      assert.is(l[4], "1");
      assert.match(l[5]!, /^PV_LOG_LEVEL: /);
    },
  },
  // §4
  { rows: ["§4 halt signal"], says: "an init that listens to SIGTERM gets it, and its last words are kept", script: `${STOPPED_CLEANLY("plain")}; tail -n 1 $S/logs/0/plain/lxc/console.log`, check: (l) => { assert.is(l.length, 2, l.join("\n")); assert.match(l[0]!, /STOPPED.*0/); assert.is(l[1], "told"); } },
  { rows: ["§4 halt signal", "§13 lxc.signal.halt"], says: "lxc.signal.halt is the one that is sent", script: `${STOPPED_CLEANLY("halted")}; tail -n 1 $S/logs/0/halted/lxc/console.log`, check: (l) => { assert.is(l.length, 2, l.join("\n")); assert.is(l[1], "halted"); } },
  { rows: ["§4 halt signal"], says: "an init that listens to nothing is killed", script: STOPPED_CLEANLY("deaf"), check: (l) => { assert.is(l.length, 1, l.join("\n")); assert.match(l[0]!, /SIGKILL|signal 9|killed/); } },
  { rows: ["§4 stop", "§5 volumes"], says: "nothing stays of one with volumes, storage and a configuration overlay", script: STOPPED_CLEANLY("storer"), check: (l) => assert.is(l.length, 1, l.join("\n")) },
  { rows: ["§5 dm:X"], says: "nor of one with a verified root", boardsOnly: true, script: STOPPED_CLEANLY("verified"), check: (l) => assert.is(l.length, 1, l.join("\n")) },
  { rows: ["§11 pools", "§14 net.N veth"], says: "nor of links", script: `for c in pair1 pair2 wired; do ( ${STOPPED_CLEANLY("$c")} ) | tr -s ' ' | cut -d' ' -f1-3; done; grep -c veth /proc/net/dev`, check: (l) => assert.equal(l, ["pair1 app STOPPED", "pair2 app STOPPED", "wired app STOPPED", "0"]) },
  {
    rows: ["§6 8 dev-log"], says: "the host's /dev/log is in containers that start while it is there; a manager that executes itself again lets all run on", boardsOnly: true,
    script: `syslogd -O /tmp/syslog; p=$(pid bare); "$W" reexec; until_row bare STARTED; [ "$(pid bare)" = "$p" ] && echo same; "$W" start plain; until_row plain STARTED; inside plain 'logger -t inside hello'; i=0; until grep -q 'inside: hello' /tmp/syslog || [ $i -gt 400 ]; do i=$((i + 1)); sleep 0.3; done; grep -o 'inside: hello' /tmp/syslog; "$W" stop plain; until_row plain STOPPED > /dev/null`,
    check: (l) => assert.equal(l, ["same", "inside: hello"]),
  },
  { rows: ["§2 user_stopped"], says: "what was stopped stays so until it is started", script: "row plain | tr -s ' ' | cut -d' ' -f3; \"$W\" start plain; until_row plain STARTED; inside plain 'echo again'", check: (l) => assert.equal(l, ["STOPPED", "again"]) },
];

/** Throws unless the look found what it should. */
export function judgeLook(l: Look, seen: Seen | undefined): void {
  assert.ok(seen !== undefined, "the machine never came to it");
  l.check(seen!.out);
}

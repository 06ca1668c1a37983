/**
 * Every key of the LXC configuration language, one row each: the parser
 * finds its keys here and docs/compatibility.md is made from it. Kept as one text
 * that is searched: nothing is unpacked.
 * Rules: lxc.container.conf(5) of 3.0 and 6.0; 1.x and 2.0 names as in
 * LXC's own list of renames.
 */

/** N in `key` stands for a number, a final * for any rest. */
export type LxcKey = {
  key: string;
  /** Name in LXC 1.x and 2.0, accepted with a warning; at most one. */
  legacy: string[];
  /** Kind of value, with its argument after a blank; "none" for what is ignored. */
  kind: string;
  support: "supported" | "ignored" | "different";
  /** Why it is ignored or different; "" when it is neither. */
  why: string;
};

/** Columns: key, older name, kind of value, = supported - ignored ~ different, why. */
const TABLE = `
lxc.include||include|=|
lxc.rootfs.path|lxc.rootfs|text|~|types dir, btrfs, overlay, loop and lvm; nbd, rbd, zfs and aufs are refused
lxc.rootfs.mount||none|-|the manager chooses where the root is assembled
lxc.rootfs.options||text|=|
lxc.rootfs.managed||none|-|root file systems belong to the revision
lxc.rootfs.backend||none|-|the type is the prefix of lxc.rootfs.path
lxc.pivotdir||none|-|the root switch needs no folder
lxc.init.cmd|lxc.init_cmd|text|~|a value that is several quoted words keeps its outer quotes; empty words are kept
lxc.init.cwd||text|=|
lxc.init.uid|lxc.init_uid|number 4294967294|=|
lxc.init.gid|lxc.init_gid|number 4294967294|=|
lxc.init.groups||groups|=|
lxc.execute.cmd||none|-|only init is ever run
lxc.environment||environment|=|
lxc.environment.runtime||environment|=|
lxc.environment.hooks||environment|=|
lxc.uts.name|lxc.utsname|hostname|=|
lxc.arch||arch|=|
lxc.mount.entry||mount|=|
lxc.mount.auto||auto|=|
lxc.mount.fstab|lxc.mount|text|=|
lxc.autodev||flag|=|
lxc.autodev.tmpfs.size||number 9007199254740991|=|
lxc.kmsg||none|-|/dev/kmsg is never linked to the console
lxc.tty.max|lxc.tty|number 1048576|=|
lxc.tty.min||number 1048576|=|
lxc.tty.dir|lxc.devttydir|text|=|
lxc.pty.max|lxc.pts|number 1048576|=|
lxc.console.path|lxc.console|text|=|
lxc.console.logfile||text|=|
lxc.console.size||size|=|
lxc.console.rotate||flag|=|
lxc.console.buffer.size||size|=|
lxc.console.buffer.logfile||none|-|the console is always captured to the log directory
lxc.log.file|lxc.logfile|none|-|runtime messages go to the container's own log
lxc.log.level|lxc.loglevel|none|-|PV_LXC_LOG_LEVEL decides for all containers
lxc.log.syslog|lxc.syslog|none|-|runtime messages go to the container's own log
lxc.namespace.keep||namespace|=|
lxc.namespace.clone||namespace|=|
lxc.namespace.share.*||namespace|=|
lxc.idmap|lxc.id_map|idmap|~|under the manager root, storage and volumes are the container's own where kernel and filesystem can show them so (docs/user-namespaces.md)
lxc.cap.drop||capability|=|
lxc.cap.keep||capability|=|
lxc.no_new_privs||flag|=|
lxc.seccomp.profile|lxc.seccomp|text|=|
lxc.seccomp.allow_nesting||flag|=|
lxc.seccomp.notify.proxy||text|=|
lxc.seccomp.notify.cookie||text|=|
lxc.apparmor.profile|lxc.aa_profile|text|=|
lxc.apparmor.allow_incomplete|lxc.aa_allow_incomplete|flag|=|
lxc.apparmor.allow_nesting||flag|=|
lxc.apparmor.raw||raw|=|
lxc.selinux.context|lxc.se_context|text|=|
lxc.selinux.context.keyring||text|=|
lxc.keyring.session||flag|=|
lxc.sched.core||flag|=|
lxc.cgroup.relative||flag|~|accepted; a container never leaves its own cgroup
lxc.cgroup.dir||text|~|accepted; a container never leaves its own cgroup
lxc.cgroup.dir.container||text|~|accepted; a container never leaves its own cgroup
lxc.cgroup.dir.container.inner||text|~|accepted; a container never leaves its own cgroup
lxc.cgroup.dir.monitor||none|-|there is no monitor process
lxc.cgroup.dir.monitor.pivot||none|-|there is no monitor process
lxc.cgroup.*||cgroup|=|
lxc.cgroup2.*||cgroup|=|
lxc.net.N.type|lxc.network.type|word veth,phys,macvlan,vlan,ipvlan,empty,none|=|
lxc.net.N.link|lxc.network.link|device|=|
lxc.net.N.name|lxc.network.name|device|=|
lxc.net.N.flags|lxc.network.flags|word up|=|
lxc.net.N.hwaddr|lxc.network.hwaddr|hardware|=|
lxc.net.N.mtu|lxc.network.mtu|number 65535|=|
lxc.net.N.ipv4.address|lxc.network.ipv4|ipv4|=|
lxc.net.N.ipv4.gateway|lxc.network.ipv4.gateway|gateway4|=|
lxc.net.N.ipv6.address|lxc.network.ipv6|ipv6|=|
lxc.net.N.ipv6.gateway|lxc.network.ipv6.gateway|gateway6|=|
lxc.net.N.script.up|lxc.network.script.up|text|=|
lxc.net.N.script.down|lxc.network.script.down|text|=|
lxc.net.N.veth.pair|lxc.network.veth.pair|device|=|
lxc.net.N.veth.mode||word bridge,router|=|
lxc.net.N.veth.ipv4.route||route4|=|
lxc.net.N.veth.ipv6.route||route6|=|
lxc.net.N.veth.vlan.id||vlan|=|
lxc.net.N.veth.vlan.tagged.id||vlans|=|
lxc.net.N.veth.n_rxqueues||none|-|the kernel's default number of queues is used
lxc.net.N.veth.n_txqueues||none|-|the kernel's default number of queues is used
lxc.net.N.macvlan.mode|lxc.network.macvlan.mode|word private,vepa,bridge,passthru|=|
lxc.net.N.vlan.id|lxc.network.vlan.id|number 4094|=|
lxc.net.N.ipvlan.mode||word l2,l3,l3s|=|
lxc.net.N.ipvlan.isolation||word bridge,private,vepa|=|
lxc.net.N.l2proxy||flag|=|
lxc.prlimit.*|lxc.limit.*|prlimit|=|
lxc.sysctl.*||sysctl|=|
lxc.proc.*||proc|=|
lxc.signal.halt|lxc.haltsignal|signal|=|
lxc.signal.reboot|lxc.rebootsignal|signal|=|
lxc.signal.stop|lxc.stopsignal|signal|=|
lxc.hook.version||number 1|=|
lxc.hook.pre-start||hook|=|
lxc.hook.pre-mount||hook|=|
lxc.hook.mount||hook|=|
lxc.hook.autodev||hook|=|
lxc.hook.start-host||hook|=|
lxc.hook.start||hook|=|
lxc.hook.stop||hook|=|
lxc.hook.post-stop||hook|=|
lxc.hook.clone||none|-|containers are not cloned
lxc.hook.destroy||none|-|containers are not destroyed on the device
lxc.time.offset.boot||time|=|
lxc.time.offset.monotonic||time|=|
lxc.monitor.unshare||none|-|there is no monitor process
lxc.monitor.signal.pdeath||none|-|there is no monitor process
lxc.ephemeral||none|-|the revision says what is kept
lxc.group||none|-|run.json names the group
lxc.start.auto||none|-|the revision says what is started
lxc.start.delay||none|-|groups order the start
lxc.start.order||none|-|groups order the start
`;

function rowOf(line: string): LxcKey {
  const c = line.split("|");
  if (c.length !== 5) throw new Error(`lxc table: ${line}`);
  const mark = c[3]!;
  return {
    key: c[0]!, legacy: c[1] === "" ? [] : [c[1]!], kind: c[2]!,
    support: mark === "-" ? "ignored" : mark === "~" ? "different" : "supported", why: c[4]!,
  };
}

/** All rows, in the order of the manual page: for documents. */
export function lxcKeys(): LxcKey[] {
  const out: LxcKey[] = [];
  const lines = TABLE.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line !== "") out.push(rowOf(line));
  }
  return out;
}

/** The names of all keys without the older ones: for near misses. */
export function lxcKeyNames(): string[] {
  const names: string[] = [];
  for (let at = 1; at < TABLE.length; at = TABLE.indexOf("\n", at) + 1) names.push(TABLE.slice(at, TABLE.indexOf("|", at)));
  return names;
}

const PREFIX = "lxc.";
const NEWLINE = 10;

/** Start of the row of an older name; -1 when there is none. Few of those have a second dot: the search goes through the whole table. */
function rowOfOld(name: string): number {
  if (name.indexOf(".", PREFIX.length) >= 0 && !name.startsWith("lxc.network.") && !name.startsWith("lxc.limit.")) return -1;
  let start = TABLE.indexOf(`|${name}|`);
  while (start > 0 && TABLE.charCodeAt(start - 1) !== NEWLINE) start -= 1;
  return start;
}

/** rest: what a final * stood for. legacy: the name was an older one. row: for whyIgnored. */
export type FoundKey = { key: string; kind: string; rest: string; legacy: boolean; row: string };

function found(start: number, rest: string, legacy: boolean): FoundKey {
  const row = TABLE.slice(start, TABLE.indexOf("\n", start));
  const old = row.indexOf("|");
  const kind = row.indexOf("|", old + 1) + 1;
  return { key: row.slice(0, old), kind: row.slice(kind, row.indexOf("|", kind)), rest, legacy, row };
}

/** Why a key that was found is ignored. */
export function whyIgnored(key: FoundKey): string {
  return rowOf(key.row).why;
}

/** The row of a name, with net numbers written as N; null when it is unknown. An exact row comes before a wildcard. */
export function findLxcKey(name: string): FoundKey | null {
  // no name has what parts the columns, and other columns never begin as names do
  if (!name.startsWith(PREFIX) || name.includes("|")) return null;
  if (!name.endsWith("*")) {
    const row = TABLE.indexOf(`\n${name}|`);
    if (row >= 0) return found(row + 1, "", false);
    const old = rowOfOld(name);
    if (old >= 0) return found(old, "", true);
  }
  for (let dot = name.indexOf(".", PREFIX.length); dot >= 0 && dot + 1 < name.length; dot = name.indexOf(".", dot + 1)) {
    const pattern = `${name.slice(0, dot)}.*`;
    const row = TABLE.indexOf(`\n${pattern}|`);
    if (row >= 0) return found(row + 1, name.slice(dot + 1), false);
    const old = rowOfOld(pattern);
    if (old >= 0) return found(old, name.slice(dot + 1), true);
  }
  return null;
}

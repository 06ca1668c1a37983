/**
 * Every key of every document in a state, one row each: fields.ts reads
 * documents by these rows and docs/compatibility.md is made from them.
 * Kept as one text that is unpacked while a state is read.
 * Rules: state format spec; lines under wherry-… are Wherry's own.
 */

/** support of a row: as on existing devices, not looked at, or looked at in another way. */
export type Support = "supported" | "ignored" | "different";

/**
 * type: text, texts, int, number, bool, word, size, time, map, list, any
 * (checked where it is read), skip (known, never read), note (as skip, and a
 * warning says so).
 */
export type KeyRow = {
  key: string;
  type: string;
  required: boolean;
  /** word: what it may be. */
  words: string[];
  /** int, number: bounds. */
  least: number;
  most: number;
  /** What counts when the key is absent, as text. */
  standard: string;
  support: Support;
  why: string;
};

/** own: keys of Wherry; one that is not in the table is refused instead of ignored. any: the keys are names. */
export type KeyTable = { name: string; title: string; own: boolean; rows: KeyRow[] };

/**
 * "@name title" begins a table. Rows: key, type ("!" = required, then words or
 * bounds), default, = supported - ignored ~ different, why.
 */
const TABLE = `
@state top level of the state
#spec|text!||=|
device.json|map||=|
groups.json|list||~|only without device.json; device.json without groups keeps the rest and uses the default groups
disks.json|list||=|only without device.json
disks_v3.json|list||=|only without device.json
bsp/run.json|map||~|read as a file only once: a second mention of the name elsewhere is no duplicate; never read in appengine mode
bsp/drivers.json|map||=|
<container>/run.json|map||~|name must be the folder's; below _config/ a file of that name is a file
<container>/services.json|any||~|found wherever it stands in the state, not only behind run.json
<container>/mdev.json|map||=|
<part>/_dm/<volume>.json|map||=|
<any>/src.json|any||=|not installed, compared or checksummed
<any>/build.json|any||=|not installed, compared or checksummed
_sigs/<name>.json|any||=|not installed, compared or checksummed
_config/<container>/<path>|any||~|files beginning with a dot are part of the overlay too
<any>.json with an inline value|any||=|
<any> with a sha256|any||~|an id that is not 64 lower-case hex digits, and a key that is absolute, has an empty, . or .. part, or leads into .pv, .pvr or .wherry is refused
@bsp bsp/run.json
linux|text||=|
initrd|text||=|
fdt|text||=|
fit|text||=|
rpiab|text||=|
addons|texts||=|
firmware|text||~|empty is absent
modules|text||~|empty is absent
modules_<release>|text||=|
initrd_config|note||-|the manager's own configuration is in the initrd
#spec|skip||-|not checked upstream either
@device device.json
groups|list||~|absent: the default groups, instead of a crash
disks|list||~|empty is accepted
disks_v2|list||~|empty is accepted
disks_v3|list||~|empty is accepted; an unknown type is left out with a warning
volumes|map||=|
network|map||=|
remount|map||=|
#spec|skip||-|not checked upstream either
wherry|map||=|
@group groups[] of device.json, groups.json
name|text!||=|
description|skip||-|for people
status_goal|word MOUNTED STARTED READY|STARTED|=|
restart_policy|word system container|container|=|
timeout|int 0 2147483647|-1|~|number, or number as text
auto_recovery|map||~|accepted on every group, not only the last
@recovery auto_recovery of groups and run.json
policy|text||~|"no" in a container keeps the group's out; unless-stopped recovers like always
max_retries|int 0 2147483647|0|~|number, or number as text
retry_delay|int 0 2147483647|0|~|number, or number as text
backoff_factor|number 0 1000000|1|~|number, or number as text
reset_window|int 0 2147483647|0|~|number, or number as text
stable_timeout|int 0 2147483647|0|~|number, or number as text
backoff_policy|text|reboot|=|
@disk disks[] of device.json, disks.json
name|text!||=|
aliases|texts||~|accepted on every disk, not only the last
type|text!||=|
path|text||=|
mode|word mainline nxp||~|required for caam and dcp at the check, not first at the mount
migrate_keyblob|text||=|
format|word ext4 ext3 swap||=|
provision|text||=|
provision_options|text||=|
provision_ops|text||~|the documented name is accepted too
format_options|text||=|
format_ops|text||~|the documented name is accepted too
mount_options|text||~|applied; upstream hangs
mount_ops|text||~|the documented name is accepted too
mount_target|text||=|
uuid|text||-|kept, nothing uses it
default|text||=|
disks|texts||=|
init_order|texts||=|
@storage storage of run.json, volumes of device.json
persistence|text||=|
disk|text||~|an unknown disk is refused at the check
@network network of device.json
pools|map||=|
@pool network.pools.<name> of device.json
type|word bridge macvlan|bridge|~|macvlan works
bridge|text||=|
parent|text||=|
subnet|text||=|
gateway|text||=|
nat|bool|false|=|
@run <container>/run.json
name|text!||~|must be the name of its folder
type|word lxc||=|
config|text||~|absent in a container that starts: refused
root-volume|text||~|a name without a dot is refused
volumes|texts||=|
storage|map||=|
group|text||=|
runlevel|text||=|
status_goal|word MOUNTED STARTED READY||=|
restart_policy|word system container||=|
roles|texts||=|
auto_recovery|map||=|
drivers|map||=|
network|map||=|
services|map||~|what is required and nobody exports is refused at the check too
exports|texts||=|
logs|list||=|
dev-log|bool||=|
automodfw|text|yes|=|
remount|map||=|
conditions|skip||-|not read by this spec version
share|skip||-|not read by this spec version
exec|skip||-|not read by this spec version
initrd|skip||-|not read by this spec version
root-volume-type|skip||-|not read by this spec version
#spec|skip||-|not checked upstream either
wherry|map||=|
@drivers drivers of run.json
required|texts||=|
optional|texts||=|
manual|texts||=|
@net network of run.json
mode|text||=|
pool|text||~|an unknown pool is refused at the check
hostname|text||=|
ip|text||~|the pool's prefix is added
mac|text||=|
interfaces|note||-|not read upstream either
@services services of run.json
required|list||=|
optional|list||=|
@requirement services.required[] and optional[]
name|text!||=|
type|text||=|
role|text|any|=|
interface|text||=|
target|text||=|
@exports <container>/services.json
services|list||=|
#spec|skip||-|not checked upstream either
@export services[] of services.json
name|text||=|
type|text||=|
socket|text||=|
bus|text|system-bus|=|
owns|text||=|
role|text||=|
allow|texts||=|
@log logs[] of run.json
file|text|/var/log/messages|=|
name|text||=|
truncate|bool|false|=|
maxsize|int 0 9007199254740991|2097152|=|
@mdev <container>/mdev.json
rules|texts||=|
@verity <part>/_dm/<volume>.json
type|text||=|
data_device|text!||=|
hash_device|text!||=|
root_hash|text!||=|
salt|text||=|
uuid|text||=|
@wherry-device wherry of device.json
security|word lxc standard strict||=|profile of every container that asks for none
rollback_index|int 0 2147483647|0|=|downgrade guard, docs/signatures.md; read by sign/ only
@wherry-run wherry of run.json
security|word lxc standard strict||=|profile
limits|map||=|
notify|bool|false|=|a socket for sd_notify; READY=1 on it is the ready signal
health|list||=|
depends|list||=|
@wherry-limits wherry.limits of run.json
memory|map||=|
cpu|map||=|
pids|map||=|
io|map||=|
@wherry-memory wherry.limits.memory
high|size||=|reclaim begins
max|size||=|the kernel ends a process
swap|size||=|of swap alone
@wherry-cpu wherry.limits.cpu
weight|int 1 10000|-1|=|share when others want the processor too; 100 is even
quota|time||=|of processor time in each period
period|time||=|100ms when only quota is given
@wherry-pids wherry.limits.pids
max|count||=|processes and threads
@wherry-io wherry.limits.io
weight|int 1 10000|-1|=|
devices|list||=|
@wherry-io-device wherry.limits.io.devices[]
device|text!||=|/dev/NAME or MAJ:MIN
read|size||=|bytes a second
write|size||=|bytes a second
read_ops|count||=|a second
write_ops|count||=|a second
@wherry-health wherry.health[]
kind|word! exec tcp http notify||=|
command|texts||=|exec: inside the container, no shell
host|text|127.0.0.1|=|tcp, http: in the container's network
port|int 1 65535|-1|=|tcp, http
socket|text||=|http: path inside the container instead of host and port
path|text|/|=|http
status|int 100 599|0|=|http: absent is any of 200 to 399
interval|time|30s|=|
timeout|time|5s|=|
retries|int 1 1000|3|=|failures in a row that count
start_delay|time|0s|=|after the start, failures do not count
on_failure|list||=|absent: WHERRY_HEALTH_LADDER
feeds_watchdog|bool|false|=|notify: an unhealthy container lets the hardware watchdog bite
@wherry-step wherry.health[].on_failure[]
action|word! restart restart-group rollback reboot||=|
times|int 1 1000|1|=|
@wherry-depends wherry.depends[]
container|text!||=|
status|word MOUNTED STARTED READY|STARTED|=|
`;

const SUPPORT = "=-~";
const SUPPORT_NAMES: Support[] = ["supported", "ignored", "different"];

function rowOf(line: string): KeyRow {
  const columns = line.split("|");
  const typeWords = columns[1]!.split(" ");
  const first = typeWords[0]!;
  const required = first.endsWith("!");
  const type = required ? first.slice(0, first.length - 1) : first;
  const bounded = type === "int" || type === "number";
  return {
    key: columns[0]!, type, required,
    words: type === "word" ? typeWords.slice(1) : [],
    least: bounded ? Number(typeWords[1]!) : 0,
    most: bounded ? Number(typeWords[2]!) : 0,
    standard: columns[2]!,
    support: SUPPORT_NAMES[SUPPORT.indexOf(columns[3]!)]!,
    why: columns[4]!,
  };
}

/** Lines of one table, its title first, → the table. */
function tableOf(lines: string[]): KeyTable {
  const head = lines[0]!;
  const blank = head.indexOf(" ");
  const name = head.slice(1, blank);
  return { name, title: head.slice(blank + 1), own: name.startsWith("wherry-"), rows: lines.slice(1).filter((l) => l !== "").map((l) => rowOf(l)) };
}

/** One table: only what a state uses is unpacked while it is read. */
export function keyTable(name: string): KeyTable {
  const start = TABLE.indexOf(`\n@${name} `);
  if (start < 0) throw new Error(`no table of keys "${name}"`);
  const end = TABLE.indexOf("\n@", start + 1);
  return tableOf(TABLE.slice(start + 1, end < 0 ? TABLE.length : end).split("\n"));
}

/** All tables, in the order of the text. */
export function stateKeys(): KeyTable[] {
  const tables: KeyTable[] = [];
  for (const line of TABLE.split("\n")) {
    if (line.startsWith("@")) tables.push(keyTable(line.slice(1, line.indexOf(" "))));
  }
  return tables;
}

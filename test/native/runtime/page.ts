/** docs/runtime-tests.md: which test shows which row of the runtime specification. Written by `node test/native/runtime.test.ts --write`. */
import { LOOKS } from "./managed.ts";
import { SCENARIOS } from "./scenarios.ts";

type Shown = { row: string; says: string; where: string };

const EVERYWHERE = "runtime (x86_64, armv7, aarch64)";
const BOARDS = "runtime (armv7, aarch64)";
const MANAGER = "managed (x86_64, armv7, aarch64)";
const BOARDS_ONLY = "managed (armv7, aarch64)";

/** What tests of other folders show. */
const ELSEWHERE: Shown[] = [
  { row: "§1 paths", says: "where volumes, storage and configurations are", where: "unit/volume/plan" },
  { row: "§2 statuses", says: "every status and event is a row or is refused", where: "unit/supervisor/edges" },
  { row: "§2 goals", says: "achieved, unachieved, timed out; groups in order", where: "unit/supervisor/groups" },
  { row: "§2 goals", says: "READY is reached by the signal of a container", where: "native/userlands, boot/userlands" },
  { row: "§2 auto_recovery", says: "delays, factors, windows, what follows when retries are used up", where: "unit/supervisor/recovery" },
  { row: "§2 fail", says: "a container that fails for good makes the device reboot in order, with a clean disk", where: "boot/wrong_input" },
  { row: "§2 auto_recovery", says: "a container that is killed is noticed and started again", where: "boot/demo" },
  { row: "§2 auto_recovery", says: "one that is started again at once: its image stays mounted, all that was of the run before is gone", where: "native/restart" },
  { row: "§3 start", says: "a start that fails names container, step, path and errno, others run on", where: "boot/wrong_input, native/container" },
  { row: "§4 halt signal", says: "systemd is halted by SIGRTMIN+3, busybox init by SIGPWR, a program by SIGTERM", where: "native/userlands, boot/userlands" },
  { row: "§4 whole state", says: "poweroff stops all containers and leaves a clean disk", where: "boot/demo" },
  { row: "§5 dm:X", says: "wrong hashes, changed data and missing trees are refused; a mapping that a crash left is replaced", where: "boot/volumes" },
  { row: "§5 X.<fs>", says: "images, binds, tmpfs, copies, what fails is undone", where: "native/volume" },
  { row: "§7 exports, mdev, remount", says: "the parts of them by themselves", where: "native/volume, native/driver, boot/rooms" },
  { row: "§8 drivers", says: "our loader: names, aliases, dependencies, parameters", where: "unit/driver, boot/rooms" },
  { row: "§9 cgroups", says: "limits, membership, freezing, killing, out of memory, stragglers, as hybrid and as pure v2", where: "native/cgroup, boot/volumes" },
  { row: "§9 cgroups", says: "where the kernel refuses v1 there is cgroup2 alone, and a manager that is started again mounts none twice", where: "boot/watchdog" },
  { row: "§10 log files", says: "made late, emptied, put aside, mounted over; what is refused; floods; other managers and loggers", where: "native/follow" },
  { row: "§10 lxc.log", says: "levels, and what keeps nothing", where: "native/follow" },
  { row: "§10 enter", says: "users, terminals, powers, groups of what enters", where: "native/enter" },
  { row: "§11 pools", says: "neighbours, NAT and the way beyond", where: "native/net, boot/rooms" },
  { row: "§11 leases", says: "addresses, cursors, conflicts", where: "unit/net/leases" },
  { row: "§12 config syntax", says: "every key and value", where: "vectors/lxc (all three machines), fuzz/lxc" },
  { row: "§14 net.N macvlan", says: "reaches what its parent reaches", where: "boot/rooms" },
  { row: "§14 net.N ipvlan", says: "reaches what its parent reaches", where: "boot/rooms" },
  { row: "§14 net.N vlan", says: "is made inside", where: "boot/rooms" },
  { row: "§14 net.N phys", says: "moves inside under its new name and comes home", where: "native/net, boot/rooms" },
  { row: "§14 seccomp", says: "profiles of both versions, the default filter", where: "unit/container/seccomp, native/container" },
  { row: "§15 root switch", says: "by pivot_root", where: "native/*" },
  { row: "§15 root switch", says: "from an initramfs", where: "boot/*" },
  { row: "§15 order", says: "what is done in which order", where: "unit/container/plan" },
  { row: "§16 pvr app add", says: "its configuration is what containers of all devices here have", where: "boot/demo, boot/userlands" },
];

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

/** The row's number and words, for sorting. */
function order(row: string): [number, string] {
  return [Number(/^§(\d+)/.exec(row)?.[1] ?? "0"), row];
}

export function runtimePage(): string {
  const all: Shown[] = [
    ...SCENARIOS.flatMap((s) => s.rows.map((row) => ({ row, says: s.says, where: s.boardsOnly === true ? BOARDS : EVERYWHERE }))),
    ...LOOKS.flatMap((l) => l.rows.map((row) => ({ row, says: l.says, where: l.boardsOnly === true ? BOARDS_ONLY : MANAGER }))),
    ...ELSEWHERE,
  ].sort((a, b) => order(a.row)[0] - order(b.row)[0] || (a.row < b.row ? -1 : a.row > b.row ? 1 : 0));
  return `# Which test shows what of the container runtime

Written by \`node test/native/runtime.test.ts --write\` from the tables that the tests run by. Rows are those of the runtime
specification. "runtime" are the containers of \`test/native/runtime/scenarios.ts\`, "managed" the looks of
\`test/native/runtime/managed.ts\`: each is looked at from inside the container, and from outside for what is left of it.
They run on this machine (\`test/native/runtime.test.ts\`, \`managed.test.ts\`) and on booted devices
(\`test/boot/runtime.test.ts\`): armv7 with v1 controllers beside cgroup2, aarch64 with cgroup2 alone; what is about cgroups once more as v1 alone on armv7
and as hybrid on aarch64, each asked for on the kernel command line. Other names are files below \`test/\`.

No test shows yet: pventer's own scripts.

| row | what is shown | by |
|---|---|---|
${all.map((s) => `| ${cell(s.row)} | ${cell(s.says)} | ${s.where} |\n`).join("")}`;
}

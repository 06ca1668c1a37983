/**
 * Faults with dm-verity, on the boards' kernels. Every system call of the
 * manager's jobs that mount a verified volume and take it down is refused,
 * one at a time (test/native/fault/tracer.c), on one board; and inputs are
 * damaged. With WHERRY_FAULTS=all on both, and then every EVERY-th call of the
 * whole manager that starts and stops a container with a verified root,
 * overlay, network and limits. Each time the error names step and errno, and
 * no mapping, loop device, mount, link or cgroup stays.
 * WHERRY_FAULTS_ONLY: a word of the titles. WHERRY_FAULTS_EVERY: 1 for all.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ensureCProgram } from "../../build/cprogram.ts";
import { storageTree } from "../../build/disk.ts";
import { daemonConfig } from "../../build/host.ts";
import { ensureBinary } from "../../build/images.ts";
import { buildRevision, type Revision } from "../../build/revision.ts";
import { squashfs } from "../../build/rootfs.ts";
import { BOARDS, type Board } from "../../qemu/boards.ts";
import { outDir } from "../../toolchain/places.ts";
import { errnoLines, errnoNamed } from "../native/fault/errnos.ts";
import { payloadRoot } from "../native/soak/world.ts";
import { runRooms } from "./rooms/boot.ts";
import { verityImages, verityTree } from "./rooms/images.ts";

const ALL = process.env.WHERRY_FAULTS === "all";
const ONLY = process.env.WHERRY_FAULTS_ONLY ?? "";
const EVERY = Number(process.env.WHERRY_FAULTS_EVERY ?? 5);
const MODULES = ["loop", "squashfs", "dm-mod", "dm-verity"];
const NET_MODULES = ["virtio_mmio", "virtio_blk", "crc32c_generic", "ext4", "overlay", "veth", "bridge stp=0", "nf_tables", "nft-chain-nat", "nft_masq"];
const APPLETS = ["sh", "sed", "grep", "cat", "rm", "sleep"];
/** The whole manager's calls take hours on an emulated board. */
const DEADLINE_MS = 14_400_000;

/** What must be said of each damaged volume, "verity run NAME" and how it ended. */
const DAMAGED: { says: string; line: string; wrong?: boolean; want: RegExp }[] = [
  { says: "another root hash", line: "run good.squashfs", wrong: true, want: /^why=web: volume good\.squashfs: mount squashfs \S+good\.squashfs: E\w+ \(the data do not match their root hash/ },
  { says: "changed data", line: "run flipped.squashfs", want: /^why=web: volume flipped\.squashfs: mount squashfs .*do not match their root hash/ },
  { says: "no hash tree", line: "run headless.squashfs", want: /^why=web: volume headless\.squashfs: read \S+headless\.squashfs\.hash: EINVAL \(no verity superblock/ },
  { says: "half a hash tree", line: "run cut.squashfs", want: /^why=web: volume cut\.squashfs: ioctl DM_TABLE_LOAD pv--dmverity--web-cut: E2BIG \(the hashes are cut short/ },
  { says: "less data than its hashes say", line: "run short.squashfs", want: /^why=web: volume short\.squashfs: ioctl DM_TABLE_LOAD \S+-short: EINVAL .*data cut short/ },
  { says: "no hash file", line: "run treeless.squashfs", want: /^why=web: volume treeless\.squashfs: open \S+treeless\.squashfs\.hash: ENOENT/ },
  { says: "data that change later", line: "worn worn.squashfs", want: /^up \nread=EIO\ndown \n$/ },
];

/** Lines of a program that begin so; the kernel writes to the console as well. */
function ours(text: string): string {
  return text.split("\n").filter((l) => /^(up|down|why=|read=|left=|fault|status|hit|did not|(info|warn|error) |wherry|.*out of memory)/.test(l)).map((l) => `${l}\n`).join("");
}

type Attempt = { fault: string; text: string };

function attemptsOf(text: string): Attempt[] {
  return text.split(/^fault /m).slice(1).map((t) => ({ fault: t.slice(0, t.indexOf("\n")), text: t.slice(t.indexOf("\n") + 1) }));
}

function judge(a: Attempt, works: RegExp): "refused" | "borne" | "missed" | "wrong" {
  if (/^left=/m.test(a.text)) return "wrong";
  if (a.fault.startsWith("mmap") && a.text.includes("out of memory")) return "refused"; // the runtime, instead of an error of ours
  if (!/^hit$/m.test(a.text)) return "missed";
  const named = a.text.includes(errnoNamed(Number(a.fault.split(" ")[2])));
  if (!(named ? /^status [01]$/m : /^status 0$/m).test(a.text)) return "wrong";
  return named ? "refused" : works.test(a.text) ? "borne" : "wrong";
}

/** text: what the faults script printed. works: what all of a run that is not disturbed says. */
function judgeAll(what: string, text: string, works: RegExp): void {
  const attempts = attemptsOf(text);
  assert.match(attempts[0]?.text ?? text, works);
  assert.not.match(attempts[0]!.text, /left=/);
  const counts = { refused: 0, borne: 0, missed: 0, wrong: 0 };
  for (const a of attempts.slice(1)) counts[judge(a, works)] += 1;
  console.log(`faults: ${what}: ${attempts.length - 1} tried, ${counts.refused} refused with an error that names it, ${counts.borne} borne, ${counts.wrong} wrong (${counts.missed} never came)`);
  assert.equal(attempts.slice(1).filter((a) => judge(a, works) === "wrong").map((a) => `${a.fault}: ${a.text}`), []);
  assert.ok(counts.refused > 10, "faults have been tried");
}

async function jobs(board: Board): Promise<{ faults: string; damaged: string[] }> {
  const tracer = await ensureCProgram("test/native/fault/tracer.c", board.target, join(outDir, "test/rooms", board.name, "tracer"));
  const { files, hash, wrong } = verityImages();
  const faults = `/bin/faults /etc/errnos 1 - /bin/verity run good.squashfs ${hash}`;
  const damaged = DAMAGED.map((d) => `/bin/verity ${d.line} ${d.wrong === true ? wrong : hash}`);
  const said = await runRooms({
    board, name: "faults", programs: { "bin/verity": "test/boot/rooms/verity.ts" }, modules: MODULES, applets: APPLETS, deadlineMs: DEADLINE_MS,
    lines: [...damaged.flatMap((d) => [d, `/bin/verity left ${d}`]), faults],
    fill: (t) => {
      for (const [name, data] of files) t.file(`images/trail/${name}`, data);
      t.file("bin/faults", readFileSync(join(import.meta.dirname, "rooms/faults")), 0o755).file("bin/tracer", readFileSync(tracer), 0o755).file("etc/errnos", errnoLines());
    },
  });
  return { faults: ours(said.get(faults)!), damaged: damaged.map((d) => ours(said.get(d)! + said.get(`/bin/verity left ${d}`)!)) };
}

/** One container: verified root below an overlay, a second volume, a bound one, limits, a pool with NAT. */
function wholeVerified(payload: Buffer): Revision {
  const root = squashfs(payloadRoot(payload));
  const { tree, hash } = verityTree(root);
  return buildRevision({
    containers: [{
      name: "all", root, init: ["/bin/payload", "all", "stay"], volumesDir: "/images/volumes", binds: { data: "data" },
      extra: ["lxc.cgroup2.pids.max = 64", "lxc.cgroup2.memory.max = 67108864", "lxc.cgroup2.devices.deny = a"],
      run: { "root-volume": "dm:root.squashfs", status_goal: "STARTED", restart_policy: "container", group: "app", network: { pool: "net" } },
    }],
    files: { "all/root.squashfs.hash": tree },
    documents: { "all/_dm/root.squashfs.json": { type: "dm-verity", data_device: "root.squashfs", hash_device: "root.squashfs.hash", root_hash: hash } },
    device: {
      groups: [{ name: "app", status_goal: "STARTED", restart_policy: "container", timeout: 600 }],
      network: { pools: { net: { type: "bridge", bridge: "wfault0", subnet: "10.213.0.0/24", gateway: "10.213.0.1", nat: true } } },
    },
  });
}

async function whole(board: Board): Promise<string> {
  const tracer = await ensureCProgram("test/native/fault/tracer.c", board.target, join(outDir, "test/rooms", board.name, "tracer"));
  const payload = await ensureCProgram("test/native/soak/payload.c", board.target, join(outDir, "test/rooms", board.name, "payload"));
  const wherry = await ensureBinary(board.target);
  const faults = `/bin/faults /etc/errnos ${EVERY} status=STARTED\\|status=STOPPED\\|goals.state /bin/wherry daemon --config /etc/wherry.config`;
  const said = await runRooms({
    board, name: "faults-manager", programs: { "bin/verity": "test/boot/rooms/verity.ts" }, modules: [...MODULES, ...NET_MODULES], applets: APPLETS, deadlineMs: DEADLINE_MS,
    disk: storageTree({ revisions: { "0": wholeVerified(readFileSync(payload)) }, committed: "0", mountPoint: "/images/storage" }),
    lines: ["mount cgroup2 /sys/fs/cgroup cgroup2", "mount devpts /dev/pts devpts", "mount /dev/vda /images/storage ext4", faults],
    fill: (t) => {
      for (const d of ["run", "configs", "media", "disks", "lib", "usr/lib/lxc/rootfs", "etc", "exports", "writable"]) t.dir(`images/${d}`);
      t.file("etc/wherry.config", `${daemonConfig("/images")}PV_SECUREBOOT_HANDLERS=1\n`).file("etc/resolv.conf", "").dir("lib/firmware").file("bin/wherry", readFileSync(wherry), 0o755);
      t.file("bin/faults", readFileSync(join(import.meta.dirname, "rooms/faults")), 0o755).file("bin/tracer", readFileSync(tracer), 0o755).file("etc/errnos", errnoLines());
    },
  });
  return ours(said.get(faults)!);
}

for (const board of ALL ? BOARDS : BOARDS.slice(0, 1)) {
  let run: Awaited<ReturnType<typeof jobs>> | undefined;
  const tests: [string, () => void | Promise<void>][] = [
    ["verity: any one system call refused is named or borne, and nothing is left", async () => {
      run = await jobs(board);
      judgeAll(`${board.name}, verity`, run.faults, /^up \ndown \nstatus 0\n/);
    }],
    ...DAMAGED.map((d, i): [string, () => void] => [`verity: ${d.says}: said by name, and nothing is left`, () => {
      assert.match(run?.damaged[i] ?? "did not run", d.want);
      assert.not.match(run!.damaged[i]!, /left=/);
    }]),
  ];
  if (ALL) tests.push(["manager, verified root: any one system call refused is named or borne, and nothing is left", async () => judgeAll(`${board.name}, manager with a verified root`, await whole(board), /(status=STARTED|device: goals )[^]*\nstatus 0\n/)]);
  for (const [title, body] of tests) if (`${board.name}: ${title}`.includes(ONLY)) test(`${board.name}: ${title}`, body);
}

test.run();

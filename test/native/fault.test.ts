/**
 * One refused system call at a time: a container with overlay, squashfs on a
 * loop device, network and limits is started and stopped again and again, by
 * `wherry sandbox` and by the manager, and each time another call of the whole
 * tree of processes fails (fault/tracer.c); also with ids of its own. Either the container runs all the
 * same, or it says what failed with its errno; and nothing is left of it.
 * Not here: dm-verity, which only booted devices have.
 * WHERRY_FAULTS=all tries every call with every errno; else a sample of them.
 * A whole run in pieces: WHERRY_FAULTS_ONLY=manager (a word of the titles),
 * WHERRY_FAULTS_FROM=500 (the number that was said last); WHERRY_FAULT="openat 7 EMFILE"
 * tries one again.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ensureBinary } from "../../build/images.ts";
import { squashfs } from "../../build/rootfs.ts";
import { runResultAsync } from "../../toolchain/run.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";
import { errnosOf, type Errno } from "./fault/errnos.ts";
import { cgroupParents, cgroupsOf, KeptDaemon, linksOf, loopsOf, mountsOf, payloadRoot, program, wholeRevision } from "./soak/world.ts";

const ALL = process.env.WHERRY_FAULTS === "all";
const FROM = Number(process.env.WHERRY_FAULTS_FROM ?? 0);
/** How many of each path of a sandbox are tried when not all are, beside the last one of each kind, which are most often of the taking down. */
const SANDBOX_SAMPLE = 30;
/** One start and stop under ptrace takes tenths of a second. */
const DEADLINE_MS = Number(process.env.WHERRY_FAULTS_DEADLINE ?? 180) * 1000;
/** How long what the kernel takes down by itself (detached loop devices) may take. */
const LEFT_MS = 30_000;
const needs = (["root", "namespaces", "overlay", "loop"] as const).map(missing).filter((why) => why !== "");
if (process.arch !== "x64") needs.push("the tracer knows x86_64 only");

type Fault = { call: string; nth: number; errno: Errno };
/** What came of it: refused (an error that names it), borne (it ran all the same), missed (the call never came). */
type Outcome = "refused" | "borne" | "missed";

/** Takes the faults in their order, from FROM on, and judges the whole. */
async function takeAll(what: string, faults: Fault[], attempt: (f: Fault) => Promise<Outcome>): Promise<void> {
  const counts = { refused: 0, borne: 0, missed: 0 };
  const wrong: string[] = [];
  for (let i = FROM; i < faults.length; i++) {
    const f = faults[i]!;
    const begun = Date.now();
    try {
      counts[await attempt(f)] += 1;
    } catch (e) {
      wrong.push(`${f.call} ${f.nth} ${f.errno.name}: ${e instanceof Error ? e.message : String(e)}`);
      if (ALL) console.log(`faults: ${what}: wrong: ${wrong.at(-1)}`);
    }
    const seconds = Math.round((Date.now() - begun) / 1000);
    if (ALL && (seconds > 5 || i % 100 === 99)) console.log(`faults: ${what}: ${i + 1} of ${faults.length}: ${f.call} ${f.nth} ${f.errno.name} took ${seconds} s`);
  }
  const tried = counts.refused + counts.borne + wrong.length;
  console.log(`faults: ${what}: ${tried} tried, ${counts.refused} refused with an error that names it, ${counts.borne} borne, ${wrong.length} wrong (${counts.missed} never came)`);
  assert.is(wrong.length, 0, `${wrong.length} faults were not dealt with:\n${wrong.slice(0, 20).join("\n")}`);
  assert.ok(tried > 0, "faults have been tried");
}

/** "count NAME N" lines of the tracer. */
function countsOf(out: string): { call: string; count: number }[] {
  return readFileSync(out, "utf8").split("\n").filter((l) => l.startsWith("count ")).map((l) => {
    const [, call, count] = l.split(" ");
    return { call: call!, count: Number(count) };
  });
}

/** All faults of a run that made these calls, or a sample spread over them evenly, with the last one of each kind when `lasts`. */
function faultsOf(counts: { call: string; count: number }[], sample: number, lasts: boolean): Fault[] {
  const all: Fault[] = [];
  for (const { call, count } of counts) {
    for (let nth = 1; nth <= count; nth++) for (const errno of errnosOf(call).slice(0, ALL ? 2 : 1)) all.push({ call, nth, errno });
  }
  const only = process.env.WHERRY_FAULT?.split(" ");
  if (only !== undefined) return all.filter((f) => f.call === only[0] && (only[1] === undefined || f.nth === Number(only[1])) && (only[2] === undefined || f.errno.name === only[2]));
  if (ALL) return all;
  const spread = Array.from({ length: Math.min(sample, all.length) }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / sample)]!);
  return all.filter((f) => spread.includes(f) || (lasts && counts.some((c) => c.call === f.call && c.count === f.nth)));
}

async function until(what: string, look: () => string[]): Promise<void> {
  const end = Date.now() + LEFT_MS;
  for (;;) {
    const left = look();
    if (left.length === 0) return;
    if (Date.now() > end) throw new Error(`${what}: ${left.join(", ")}`);
    await new Promise((done) => { setTimeout(done, 20); });
  }
}

/** A mount and a network namespace that stay while containers come and go. */
class House {
  private readonly child: ChildProcess;
  private readonly ready: Promise<void>;

  constructor() {
    this.child = spawn("setpriv", ["--pdeathsig", "KILL", "unshare", "-m", "-n", "--propagation", "private", "sh", "-c", "ip link set lo up && echo ready && exec sleep infinity"], { stdio: ["ignore", "pipe", "inherit"] });
    this.ready = new Promise((done, refuse) => {
      this.child.stdout!.on("data", () => done());
      this.child.on("exit", () => refuse(new Error("no namespaces for the test")));
    });
  }

  async opened(): Promise<this> {
    await this.ready;
    return this;
  }

  pid(): number {
    return this.child.pid!;
  }

  run(words: string[]): Promise<{ status: number; signal: string | null; stdout: string; stderr: string }> {
    return runResultAsync("nsenter", ["-t", String(this.pid()), "-m", "-n", ...words], { timeout: DEADLINE_MS, killSignal: "SIGKILL" });
  }

  close(): void {
    this.child.removeAllListeners("exit");
    this.child.kill("SIGKILL");
  }
}

const SANDBOXES: { says: string; flags: string[]; config: string[] }[] = [
  { says: "sandbox, standard profile", flags: ["--memory", "64m", "--pids", "64"], config: [] },
  {
    says: "sandbox, LXC configuration and terminal", flags: ["--tty", "--memory", "64m"],
    config: ["lxc.tty.max = 2", "lxc.pty.max = 64", "lxc.mount.auto = proc:mixed sys:ro cgroup", "lxc.cgroup.devices.deny = a", "lxc.cgroup.devices.allow = c 1:3 rwm", "lxc.cap.drop = sys_module", "lxc.prlimit.nofile = 256", "lxc.net.0.type = veth", "lxc.net.0.flags = up", "lxc.net.0.ipv4.address = 10.214.0.2/24"],
  },
  {
    says: "sandbox, ids of its own", flags: [],
    config: ["lxc.mount.auto = proc", "lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 200000 65536", "lxc.rootfs.options = idmap=container", `lxc.mount.entry = ${tmpdir()} srv none bind,ro,create=dir,idmap=container 0 0`],
  },
];

/** So that they are made by the next start, and that can be refused. */
function removeCgroupParents(): void {
  for (const p of cgroupParents()) {
    try {
      rmdirSync(p);
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== "EBUSY") throw e; // another one's container
    }
  }
}

type Sandbox = (typeof SANDBOXES)[number];

async function sandbox(s: Sandbox): Promise<void> {
  const binary = await ensureBinary(targetNamed("x86_64"));
  const tracer = await program("tracer", "fault");
  const work = mkdtempSync(join(tmpdir(), "wherry-fault-"));
  const image = join(work, "root.squashfs");
  writeFileSync(image, squashfs(payloadRoot(readFileSync(await program("payload")))));
  const config = join(work, "config");
  writeFileSync(config, s.config.map((l) => `${l}\n`).join(""));
  const house = await new House().opened();
  const prefix = `fault${process.pid}-`;
  let number = 0;
  const attempt = async (call: string, nth: number, errno: number) => {
    number += 1;
    const name = `${prefix}${number}`;
    const out = join(work, "out");
    rmSync(out, { force: true });
    removeCgroupParents();
    const before = mountsOf(house.pid());
    const r = await house.run([tracer, out, call, String(nth), String(errno), binary, "sandbox", "--name", name, ...(s.config.length > 0 ? ["--config", config] : []), ...s.flags, image, "/bin/payload", name, "quit"]);
    assert.is(r.signal, null, `no end: ${r.stderr}`);
    assert.ok(existsSync(out), r.stderr);
    await until(`is left; ${r.stderr}`, () => [
      ...cgroupsOf(name), ...loopsOf(`${work}/`), ...linksOf(house.pid()).map((l) => `link ${l}`), ...mountsOf(house.pid()).filter((m) => !before.includes(m)).map((m) => `mount ${m}`),
    ]);
    return { ...r, name, hit: readFileSync(out, "utf8").includes("hit "), counts: countsOf(out) };
  };
  try {
    const plain = await attempt("-", 0, 0);
    assert.is(plain.status, 0, plain.stderr);
    await takeAll(s.says, faultsOf(plain.counts, SANDBOX_SAMPLE, true), async (f) => {
      const r = await attempt(f.call, f.nth, f.errno.number);
      if (!r.hit) return "missed";
      if (r.status === 0 && !r.stderr.includes(f.errno.name)) {
        assert.match(r.stdout, `${r.name} up`);
        return "borne";
      }
      if (f.call === "mmap" && r.stderr.includes("out of memory")) return "refused"; // the runtime, before or instead of an error of ours
      assert.ok(r.status === 0 || (r.status >= 125 && r.status <= 127), `status ${r.status}: ${r.stderr}`);
      assert.match(r.stderr, f.errno.name);
      return "refused";
    });
  } finally {
    house.close();
    rmSync(work, { recursive: true, force: true });
  }
}

/** sample: how many are tried when not all are; of the plain one also the last of each kind. */
const MANAGERS: { says: string; mapped: boolean; sample: number }[] = [
  { says: "manager, start and stop", mapped: false, sample: 30 },
  { says: "manager, a container with ids of its own", mapped: true, sample: 45 },
];

type Manager = (typeof MANAGERS)[number];
/** runs: whether the container ran. said: by the manager, all of it. */
type Attempted = { runs: boolean; said: string; hit: boolean; counts: { call: string; count: number }[] };

/** Hands over what starts that container by a manager of its own and ends both. */
async function managed(m: Manager, body: (attempt: (call: string, nth: number, errno: number) => Promise<Attempted>) => Promise<void>): Promise<void> {
  const binary = await ensureBinary(targetNamed("x86_64"));
  const tracer = await program("tracer", "fault");
  const keeper = await program("keeper");
  const payload = readFileSync(await program("payload"));
  const work = mkdtempSync(join(tmpdir(), "wherry-fault-"));
  const prefix = `fault${process.pid}-`;
  let number = 0;
  try {
    await body(async (call, nth, errno) => {
      number += 1;
      const out = join(work, `out${number}`);
      let came = "";
      const daemon = new KeptDaemon(join(work, String(number)), binary, keeper, prefix, (volumes) => wholeRevision(prefix, payload, volumes, m.mapped));
      try {
        daemon.start([tracer, out, call, String(nth), String(errno)]);
        came = await daemon.until("the container runs, or it is clear that it won't", () => {
          if (daemon.isOver()) return "ended";
          if (/ status=STOPPED/.test(daemon.wholly())) return "stopped";
          // any one line may be the one that is not written
          return / status=STARTED|device: goals /.test(daemon.wholly()) ? "runs" : null;
        }, DEADLINE_MS);
        await daemon.end(DEADLINE_MS);
        await until(`is left\n${daemon.wholly()}`, () => daemon.remains());
      } finally {
        daemon.kill(); // one that stands still keeps the test from ending
        await daemon.remove();
      }
      return { runs: came === "runs", said: await daemon.finally(), hit: existsSync(out) && readFileSync(out, "utf8").includes("hit "), counts: existsSync(out) ? countsOf(out) : [] };
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function manager(m: Manager): Promise<void> {
  return managed(m, async (attempt) => {
    const plain = await attempt("-", 0, 0);
    assert.ok(plain.runs, plain.said);
    await takeAll(m.says, faultsOf(plain.counts, m.sample, !m.mapped), async (f) => {
      const r = await attempt(f.call, f.nth, f.errno.number);
      if (!r.hit) return "missed";
      if (r.said.includes(f.errno.name)) return "refused";
      if (f.call === "mmap" && r.said.includes("out of memory")) return "refused"; // as above
      assert.ok(r.runs, `neither runs nor says why:\n${r.said}`);
      return "borne";
    });
  });
}

/** The second epoll is the logger's; whether its manager has come to its socket by then is chance. */
function loggerRefused(): Promise<void> {
  return managed(MANAGERS[0]!, async (attempt) => {
    const r = await attempt("epoll_create1", 2, 5);
    assert.ok(r.hit && r.runs, r.said);
    assert.match(r.said, "wherry-logger: epoll_create1: EIO");
  });
}

const CASES: [string, () => Promise<void>][] = [
  ...SANDBOXES.map((s): [string, () => Promise<void>] => [`${s.says}: any one system call refused is named or borne, and nothing is left`, () => sandbox(s)]),
  ...MANAGERS.map((m): [string, () => Promise<void>] => [`${m.says}: any one system call refused is named or borne, and nothing is left`, () => manager(m)]),
  ["manager, a logger that can't begin: its manager tells why and goes on", loggerRefused],
];
for (const [title, body] of CASES.filter(([t]) => t.includes(process.env.WHERRY_FAULTS_ONLY ?? ""))) {
  if (needs.length > 0) console.log(`skip: ${title}: ${needs.join("; ")}`);
  else test(title, body);
}
test.run();

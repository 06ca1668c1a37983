/**
 * The manager is killed (SIGKILL) again and again at random moments, or made
 * to execute its replaced binary again, while containers start, stop, restart
 * and run. After each time: what ran still runs as the same process, its
 * console is captured, the new manager knows it, everything converges, and
 * there is nothing too much. After an orderly end nothing at all is left.
 * WHERRY_SOAK: how many kills. WHERRY_SOAK_SEED: of the random moments.
 */
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ensureBinary } from "../../build/images.ts";
import { squashfs } from "../../build/rootfs.ts";
import { runResult } from "../../toolchain/run.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";
import { cgroupsOf, KeptDaemon, loopsOf, mountsOf, payloadRoot, program, soakRevision, startOf } from "./soak/world.ts";

const KILLS = Number(process.env.WHERRY_SOAK ?? 25);
const SEED = Number(process.env.WHERRY_SOAK_SEED ?? 1);
/** For everything that should take milliseconds: a slow machine is no failure. */
const DEADLINE_MS = Number(process.env.WHERRY_SOAK_DEADLINE ?? 180) * 1000;
const PATIENT = ["plain", "net", "limits", "two"];
const needs = (["root", "namespaces", "overlay", "loop"] as const).map(missing).filter((why) => why !== "");

/** A sequence that depends on the seed alone (mulberry32). */
class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  unit(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(n: number): number {
    return Math.floor(this.unit() * n);
  }

  of<T>(list: T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Milliseconds until a blow: mostly short, since starts are. */
  moment(): number {
    return this.unit() * this.of([3, 30, 100, 400]);
  }
}

/** One container as the test wants it to be. */
type Wanted = { name: string; goal: string; up: boolean; pid: number; start: number };
type Action = "stop" | "start" | "restart";
/** acknowledged: the daemon has answered 200, so that it has to happen whatever comes. */
type Request = { wanted: Wanted; action: Action; acknowledged: boolean };

const ACTIVITIES: [string, Action, boolean][] = [
  ["nothing", "stop", false], ["nothing", "stop", false], ["stop one", "stop", false], ["restart one", "restart", false], ["restart one", "restart", false],
  ["restart all", "restart", true], ["stop all", "stop", true], ["start all", "start", true],
];

function pause(ms: number): Promise<void> {
  return new Promise((done) => { setTimeout(done, ms); });
}

class Soak {
  readonly daemon: KeptDaemon;
  readonly dice: Dice;
  private readonly wanted: Wanted[];
  private readonly looper: Wanted;
  private readonly mounts = new Map<string, string[]>();
  private round = "";

  constructor(daemon: KeptDaemon, dice: Dice) {
    this.daemon = daemon;
    this.dice = dice;
    const one = (name: string): Wanted => ({ name: `${daemon.prefix}${name}`, goal: name === "two" ? "STARTED" : "READY", up: true, pid: 0, start: 0 });
    this.wanted = PATIENT.map(one);
    this.looper = one("loop");
  }

  /** Everything is up; the one that ends by itself is kept out of the way of the counts. */
  async begin(): Promise<{ manager: string[]; logger: string[] }> {
    await this.converged("the first start");
    for (const w of this.wanted) this.mounts.set(w.name, this.mountsOf(w));
    const counted = await this.counted();
    assert.is((await this.ask(this.looper, "start")).acknowledged, true);
    return counted;
  }

  /** The descriptors of manager and logger while every container runs that was started by this manager. */
  async counted(): Promise<{ manager: string[]; logger: string[] }> {
    await this.act(this.looper, "stop");
    await this.daemon.until("the looper is down", async () => ((await this.daemon.show(this.looper.name)).status === "STOPPED" ? true : null), DEADLINE_MS);
    await this.quiet();
    const logger = this.daemon.processes().find((p) => p.name === "wherry-logger");
    assert.ok(logger !== undefined, "the logger runs");
    return { manager: this.daemon.descriptors(this.daemon.manager()), logger: this.daemon.descriptors(logger.pid) };
  }

  /** One activity, one blow at a random moment of it, and everything after. */
  async strike(number: number, blow: () => Promise<string>): Promise<void> {
    const [what, action, all] = this.dice.of(ACTIVITIES);
    const chosen = what === "nothing" ? [] : all ? this.wanted : [this.dice.of(this.wanted)];
    const requests = chosen.map((wanted) => this.request(wanted, action));
    const after = this.dice.moment();
    await pause(after);
    this.round = `${number}: ${what}${all ? "" : ` ${chosen.map((w) => w.name.slice(this.daemon.prefix.length)).join()}`}, after ${after.toFixed(1)} ms`;
    this.round += `, ${await blow()}`;
    if (process.env.WHERRY_SOAK_SAY !== undefined) console.log(`${new Date().toISOString()} ${this.round}`);
    const made = await Promise.all(requests);
    for (const w of this.wanted) if (!chosen.includes(w) && w.up) assert.is(startOf(w.pid), w.start, `${this.round}: ${w.name} does not run any more\n${this.daemon.said()}`);
    await this.settle(made);
    await this.converged(this.round);
    await this.ticks();
  }

  private async request(wanted: Wanted, action: Action): Promise<Request> {
    return { wanted, action, acknowledged: (await this.ask(wanted, action)).acknowledged };
  }

  private async ask(w: Wanted, action: Action): Promise<{ acknowledged: boolean }> {
    try {
      return { acknowledged: (await this.daemon.ask("PUT", `/containers/${w.name}`, `{"action":"${action}"}`)).status === 200 };
    } catch {
      return { acknowledged: false };
    }
  }

  /** What was acknowledged has to happen; of anything else, what the daemon makes of it is taken. */
  private async settle(made: Request[]): Promise<void> {
    for (const r of made) {
      const w = r.wanted;
      const before = w.pid;
      const shown = await this.daemon.until(`${w.name} settles after ${r.action} (${this.round})`, async () => {
        const s = await this.daemon.show(w.name);
        const up = s.status === w.goal;
        if (!up && s.status !== "STOPPED") return null;
        if (!r.acknowledged) return s;
        if (r.action === "stop") return up ? null : s;
        return up && (r.action === "start" || s.pid !== before) ? s : null;
      }, DEADLINE_MS);
      w.up = shown.status === w.goal;
      w.pid = shown.pid;
      w.start = startOf(w.pid);
    }
  }

  /** The daemon answers and says of every container what the test knows of it. */
  private async converged(when: string): Promise<void> {
    for (const w of this.wanted) {
      const shown = await this.daemon.until(`${w.name} is as it should be (${when})`, async () => {
        const s = await this.daemon.show(w.name);
        return s.status === (w.up ? w.goal : "STOPPED") ? s : null;
      }, DEADLINE_MS);
      if (w.up && w.pid === 0) {
        w.pid = shown.pid;
        w.start = startOf(w.pid);
      }
      if (w.up) assert.equal([shown.pid, startOf(shown.pid)], [w.pid, w.start], `${when}: ${w.name} is another process\n${this.daemon.said()}`);
      else assert.is(shown.pid, 0, when);
      const mounts = this.mountsOf(w);
      const usual = this.mounts.get(w.name);
      if (usual !== undefined) assert.equal(mounts, w.up ? usual : [], `${when}: mounts of ${w.name}\n${this.daemon.said()}`);
    }
    await this.quiet();
  }

  /** No zombie, no worker that was forgotten, one manager, one logger. */
  private async quiet(): Promise<void> {
    let seen = "";
    await this.daemon.until("there are only a manager, a logger and payloads", () => {
      const all = this.daemon.processes();
      seen = all.map((p) => `${p.pid} ${p.state} ${p.name}`).join(", ");
      const named = (name: string): number => all.filter((p) => p.name === name).length;
      return !all.some((p) => p.state === "Z") && named("wherry") === 1 && named("wherry-logger") === 1 && named("wherry-worker") === 0 ? true : null;
    }, DEADLINE_MS).catch((e: unknown) => assert.unreachable(`${this.round}: ${String(e)}\nprocesses: ${seen}`));
  }

  private mountsOf(w: Wanted): string[] {
    return mountsOf(this.daemon.pid()).filter((m) => m.startsWith(`${this.daemon.top}/`) && m.includes(`/${w.name}/`)).sort();
  }

  /** Every container that is up prints a line, and it gets into its log. */
  private async ticks(): Promise<void> {
    for (const w of this.wanted.filter((x) => x.up)) {
      const log = join(this.daemon.top, "storage/logs/0", w.name, "lxc/console.log");
      const lines = (): number => (existsSync(log) ? readFileSync(log, "utf8").split(`${w.name} tick `).length - 1 : 0);
      const before = lines();
      process.kill(w.pid, "SIGUSR1");
      await this.daemon.until(`a line of ${w.name} is in ${log} (${this.round})`, () => (lines() > before ? true : null), DEADLINE_MS);
    }
  }

  async act(w: Wanted, action: Action): Promise<void> {
    await this.daemon.until(`${action} of ${w.name} is taken`, async () => ((await this.ask(w, action)).acknowledged ? true : null), DEADLINE_MS);
  }

  /** All containers are started by the manager that is there now, and counted as in the beginning. */
  async finale(begun: { manager: string[]; logger: string[] }): Promise<void> {
    this.round = "finale";
    const looped = await this.daemon.show(this.looper.name);
    assert.ok(["RECOVERING", "STARTED", "STARTING", "INSTALLED", "STOPPING", "STOPPED"].includes(looped.status), looped.status);
    const made: Request[] = [];
    for (const wanted of this.wanted) {
      await this.act(wanted, "restart");
      made.push({ wanted, action: "restart", acknowledged: true });
    }
    await this.settle(made);
    await this.converged("finale");
    const counted = await this.counted();
    assert.equal(counted.logger, begun.logger, "descriptors of the logger");
    const held = (): string[] => this.daemon.descriptors(this.daemon.manager());
    // one of a worker or a client may still be closing; one that is lost stays
    await this.daemon.until(`the manager has its descriptors of the beginning: ${begun.manager.join()}; had ${counted.manager.join()}`, () => (held().join() === begun.manager.join() ? true : null), DEADLINE_MS);
    const ended = await this.daemon.end();
    assert.is(ended.how, 0, `the daemon ended with ${ended.how}\n${this.daemon.said()}`);
    assert.equal(this.daemon.remains(), [], this.daemon.said());
  }
}

async function soaked(seed: number, body: (s: Soak, binary: string) => Promise<void>): Promise<void> {
  const built = await ensureBinary(targetNamed("x86_64"));
  const payload = readFileSync(await program("payload"));
  const work = mkdtempSync(join(tmpdir(), "wherry-soak-"));
  const binary = join(work, "wherry");
  copyFileSync(built, binary);
  const prefix = `soak${process.pid}-`;
  const daemon = new KeptDaemon(join(work, "daemon"), binary, await program("keeper"), prefix, (volumes) => soakRevision(prefix, payload, volumes, true));
  try {
    daemon.start();
    await body(new Soak(daemon, new Dice(seed)), binary);
  } finally {
    try {
      if (!daemon.hasEnded() && !daemon.events().some((e) => e.what === "empty")) await daemon.end().catch(() => null);
    } finally {
      await daemon.remove();
      rmSync(work, { recursive: true, force: true });
    }
  }
}

async function killed(): Promise<void> {
  console.log(`soak: seed ${SEED}, ${KILLS} kills of the manager`);
  await soaked(SEED, async (s) => {
    const begun = await s.begin();
    let kills = 0;
    let early = 0;
    const kill = (): void => {
      process.kill(s.daemon.manager(), "SIGKILL");
      kills += 1;
    };
    while (kills < KILLS) {
      await s.strike(kills, async () => {
        const before = s.daemon.manager();
        kill();
        if (kills === KILLS || s.dice.below(4) > 0) return "killed";
        await s.daemon.until("the next manager has begun", () => (s.daemon.manager() !== before ? true : null), DEADLINE_MS);
        const soon = s.dice.moment() / 4;
        await pause(soon);
        kill();
        early += 1;
        return `killed, and the next one after ${soon.toFixed(1)} ms`;
      });
    }
    await s.finale(begun);
    const managers = s.daemon.events().filter((e) => e.what === "started").length;
    assert.is(managers, kills + 1, "every manager that ended was killed");
    console.log(`soak: ${kills} kills (${early} of them while a manager was taking over), ${managers} managers, nothing left`);
  });
}

async function executedAgain(): Promise<void> {
  const times = Math.max(5, Math.floor(KILLS / 4));
  console.log(`soak: seed ${SEED}, ${times} replaced binaries`);
  await soaked(SEED + 1, async (s, binary) => {
    const begun = await s.begin();
    const manager = s.daemon.manager();
    for (let i = 0; i < times; i++) {
      await s.strike(i, async () => {
        copyFileSync(binary, `${binary}.new`);
        renameSync(`${binary}.new`, binary);
        const r = await s.daemon.ask("POST", "/v2/reexec").catch(() => null); // the connection may end with the old program
        return `executed again (${r === null ? "no answer" : r.status})`;
      });
      await s.daemon.until("the manager runs from the new file", () => (s.daemon.runsFrom(manager) === binary ? true : null), DEADLINE_MS);
    }
    await s.finale(begun);
    assert.equal(s.daemon.events().filter((e) => e.what === "started").map((e) => e.pid), [manager], "it is one process all the time");
    console.log(`soak: ${times} replaced binaries, nothing left`);
  });
}

/** Processes whose command line has that word. */
function processesWith(word: string): number[] {
  return readdirSync("/proc").filter((d) => /^\d+$/.test(d) && Number(d) !== process.pid).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(word);
    } catch {
      return false;
    }
  });
}

async function gone(what: string, look: () => unknown[]): Promise<void> {
  const end = Date.now() + DEADLINE_MS;
  while (look().length > 0) {
    assert.ok(Date.now() < end, `${what}: ${look().join(", ")}`);
    await pause(10);
  }
}

async function sandboxKilled(): Promise<void> {
  const binary = await ensureBinary(targetNamed("x86_64"));
  const work = mkdtempSync(join(tmpdir(), "wherry-soak-"));
  const image = join(work, "root.squashfs");
  writeFileSync(image, squashfs(payloadRoot(readFileSync(await program("payload")))));
  const words = (mode: string, ...limits: string[]): string[] => ["sandbox", ...limits, image, "/bin/payload", image, mode];
  const dice = new Dice(SEED + 2);
  const mounts = mountsOf("self");
  const pids: number[] = [];
  try {
    for (let i = 0; i < KILLS; i++) {
      const child = spawn("setpriv", ["--pdeathsig", "KILL", binary, ...words("stay", "--profile", i % 2 === 0 ? "lxc" : "standard", "--memory", "64m", "--pids", "64")], { stdio: "ignore" });
      const ended = new Promise((done) => { child.on("exit", done); });
      await pause(dice.unit() * dice.of([5, 20, 60]));
      child.kill("SIGKILL");
      await ended;
      pids.push(child.pid!);
      await gone("processes of a killed sandbox", () => processesWith(image));
      await gone("loop devices of a killed sandbox", () => loopsOf(`${work}/`));
      assert.equal(mountsOf("self").filter((m) => !mounts.includes(m) && m.includes("wherry")), [], "mounts of a killed sandbox");
    }
    const left = (): string[] => pids.flatMap((pid) => cgroupsOf(`sandbox-${pid}`).filter((c) => c.endsWith(`/sandbox-${pid}`)));
    const before = left().length;
    const next = runResult(binary, words("quit"));
    assert.is(next.status, 0, next.stderr);
    assert.equal(left(), [], "the next sandbox, which has no limits, has removed the groups of those before");
    console.log(`soak: ${KILLS} kills of a sandbox; of their ${before} groups the next one has left none`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const CASES: [string, () => Promise<void>][] = [
  ["killed at random moments, a manager leaves every container running and the next one takes over", killed],
  ["a killed sandbox takes its container along, and the next one removes its groups", sandboxKilled],
  ["executed again at random moments, a manager keeps every container", executedAgain],
];
for (const [title, body] of CASES) {
  if (needs.length > 0) console.log(`skip: ${title}: ${needs.join("; ")}`);
  else test(title, body);
}
test.run();

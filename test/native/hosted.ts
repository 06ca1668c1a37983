/**
 * `wherry daemon` on this machine for tests and the benchmark: a revision in a
 * storage, everything the daemon owns below one folder, requests to its
 * control socket, and what it leaves behind. Needs root.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { storageTree } from "../../build/disk.ts";
import { daemonConfig } from "../../build/host.ts";
import type { Revision } from "../../build/revision.ts";
import { runResult } from "../../toolchain/run.ts";
import { attachedBelow } from "./loops.ts";

export type Answer = { status: number; body: string };
/** What /v2/containers tells of a container, as far as tests ask. */
export type Shown = {
  name: string; status: string; pid: number; starts: number;
  last_end: null | { kind: string; code: number; reason: string; out_of_memory: boolean; last_lines: string };
};

const FOLDERS = ["run", "configs", "media", "disks", "lib", "usr/lib/lxc/rootfs", "etc", "volumes", "exports", "writable"];
const LOOK_MS = 10;

export class HostedDaemon {
  readonly top: string;
  private readonly binary: string;
  private child: ChildProcess | null = null;
  private words = "";
  private silent: Promise<void> = Promise.resolve();

  /**
   * top: folder to be made. revisionOf: is told where volumes will be mounted
   * (PV_DISK_VOLDIR). config: further lines, over the usual ones.
   */
  constructor(top: string, binary: string, revisionOf: (volumesDir: string) => Revision, config: string[] = []) {
    this.top = top;
    this.binary = binary;
    const revision = revisionOf(join(top, "volumes"));
    storageTree({ revisions: { "0": revision }, committed: "0", mountPoint: join(top, "storage") }).stage(join(top, "storage"));
    for (const d of FOLDERS) mkdirSync(join(top, d), { recursive: true });
    writeFileSync(join(top, "wherry.config"), daemonConfig(top) + config.map((l) => `${l}\n`).join(""));
  }

  /** Starts it and returns at once. before: words before its command line; a program named there has to exec it. flags: further ones of its own. */
  start(before: string[] = [], flags: string[] = []): void {
    this.launch(before, flags, false);
  }

  /** Starts it as PID 1 does, with us in PID 1's place: the socket of their mail. */
  startAsChild(): Duplex {
    return this.launch([], ["--mail", "3"], true).stdio[3] as Duplex;
  }

  private launch(before: string[], flags: string[], socket: boolean): ChildProcess {
    this.words = "";
    // setpriv: it is told to end when this process is gone, however that came.
    const child = spawn("setpriv", ["--pdeathsig", "TERM", ...before, this.binary, "daemon", "--config", join(this.top, "wherry.config"), ...flags], {
      stdio: ["ignore", "pipe", "pipe", ...(socket ? (["pipe"] as const) : [])],
    });
    this.child = child;
    this.silent = new Promise((done) => { child.on("close", () => done()); });
    for (const s of [child.stdout!, child.stderr!]) s.setEncoding("utf8").on("data", (d: string) => { this.words += d; });
    return child;
  }

  /** Waits for it to end by itself; its exit status, or the signal's name. */
  async ends(deadlineMs: number = 120_000): Promise<string> {
    const end = Date.now() + deadlineMs;
    while (!this.hasEnded()) {
      if (Date.now() > end) throw new Error(`has not ended within ${deadlineMs / 1000} s\n${this.said()}`);
      await new Promise((done) => { setTimeout(done, LOOK_MS); });
    }
    return this.child?.signalCode ?? String(this.child?.exitCode);
  }

  /** Of the manager; throws when none was started. */
  pid(): number {
    if (this.child?.pid === undefined) throw new Error("no daemon was started");
    return this.child.pid;
  }

  /** The last words of what it wrote to standard output and error since its start. */
  said(): string {
    return this.words.slice(-4000);
  }

  /** All of that. */
  wholly(): string {
    return this.words;
  }

  /** All of that when it has been stopped: what it wrote last has arrived as well. */
  async finally(): Promise<string> {
    await this.silent;
    return this.words;
  }

  hasEnded(): boolean {
    return this.child === null || this.child.exitCode !== null || this.child.signalCode !== null;
  }

  ask(method: string, path: string, body: string = ""): Promise<Answer> {
    return new Promise((done, refuse) => {
      const q = request({ socketPath: join(this.top, "run/pv-ctrl"), method, path, headers: { Host: "localhost", Connection: "close", "Content-Length": String(Buffer.byteLength(body)) } }, (r) => {
        let text = "";
        r.setEncoding("utf8").on("data", (d: string) => { text += d; }).on("end", () => done({ status: r.statusCode ?? 0, body: text })).on("error", refuse);
      });
      q.on("error", refuse).end(body);
    });
  }

  async show(name: string): Promise<Shown> {
    const a = await this.ask("GET", `/v2/containers/${name}`);
    if (a.status !== 200) throw new Error(`${name}: ${a.status} ${a.body}`);
    return JSON.parse(a.body) as Shown;
  }

  /** Tries `look` again and again until it gives something else than null; throws with the daemon's words past the deadline, or when it has ended. */
  async until<T>(what: string, look: () => T | null | Promise<T | null>, deadlineMs: number = 60_000): Promise<T> {
    const end = Date.now() + deadlineMs;
    let last = "";
    for (;;) {
      try {
        const found = await look();
        if (found !== null) return found;
        last = "";
      } catch (e) {
        last = ` (${e instanceof Error ? e.message : String(e)})`; // the socket is not there yet, most often
      }
      if (this.hasEnded()) throw new Error(`the daemon has ended before: ${what}\n${this.said()}`);
      if (Date.now() > end) throw new Error(`not within ${deadlineMs / 1000} s: ${what}${last}\n${this.said()}`);
      await new Promise((done) => { setTimeout(done, LOOK_MS); });
    }
  }

  /** Waits until a container has that status. */
  async reaches(name: string, status: string, deadlineMs: number = 60_000): Promise<Shown> {
    return this.until(`${name} is ${status}`, async () => {
      const shown = await this.show(name);
      return shown.status === status ? shown : null;
    }, deadlineMs);
  }

  /** Tells it to end and waits for that; SIGKILL after half a minute. Returns its exit status, or the signal's name. */
  async stop(): Promise<string> {
    const child = this.child;
    if (child === null) return "";
    if (!this.hasEnded()) {
      const over = new Promise((done) => { child.on("exit", done); });
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
      await over;
      clearTimeout(timer);
    }
    this.child = null;
    return child.signalCode ?? String(child.exitCode);
  }

  /** Mounts and loop devices below its folder, with `part` in their paths: nothing after a stop. */
  leftovers(part: string = ""): string[] {
    const mounts = this.mounts().filter((m) => m.includes(part));
    return [...mounts.map((m) => `mount ${m}`), ...attachedBelow(this.top, part).map((l) => `loop device of ${l}`)];
  }

  /** Stops it and takes the folder away; what can't be unmounted is named and left alone. */
  async remove(): Promise<void> {
    await this.stop();
    for (const m of this.mounts().reverse()) runResult("umount", ["-l", m]);
    // What is still mounted may be anything of this machine: it isn't deleted through.
    if (this.mounts().length > 0) throw new Error(`still mounted, left alone: ${this.mounts().join(" ")}`);
    rmSync(this.top, { recursive: true, force: true });
  }

  private mounts(): string[] {
    return readFileSync("/proc/self/mountinfo", "utf8").split("\n").map((l) => l.split(" ")[4] ?? "").filter((p) => p.startsWith(`${this.top}/`));
  }
}

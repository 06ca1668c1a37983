/**
 * Containers as people run them: Debian with systemd, busybox init, one static
 * program (in C; Debian's Go compilers are too big to fetch for one test).
 * Each runs under `wherry daemon` on this machine, reaches READY by telling
 * the manager, and stops by the signal its init listens to, not by SIGKILL.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ensureCProgram } from "../../build/cprogram.ts";
import { ensureBinary } from "../../build/images.ts";
import { buildRevision } from "../../build/revision.ts";
import { busyboxUserland, debianUserland, plainUserland, type Userland } from "../../build/userlands.ts";
import { debsDir, outDir } from "../../toolchain/places.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";
import { HostedDaemon } from "./hosted.ts";

type Case = {
  make: (payload: Buffer) => Userland;
  /** The signal that asks its init to end, as strace names it. */
  halts: string;
  /** What its console says when it is up, and when it goes down. */
  up: RegExp;
  down: RegExp;
  /** How init ends: leaving by itself, or by the kernel's SIGINT for a power-off in a pid namespace. */
  end: { kind: string; code: number };
};

const CASES: Case[] = [
  {
    make: (p) => debianUserland("amd64", p), halts: "SIGRT_5", up: /Reached target .*multi-user/, down: /System Halt|Halting system/,
    end: { kind: "killed", code: 2 },
  },
  { make: (p) => busyboxUserland(debsDir("amd64"), p), halts: "SIGPWR", up: /busybox: started/, down: /busybox: shutting down/, end: { kind: "killed", code: 2 } },
  { make: plainUserland, halts: "SIGTERM", up: /plain ready/, down: /plain told/, end: { kind: "exited", code: 0 } },
];

const needs = (["root", "namespaces", "overlay", "loop"] as const).map(missing).filter((why) => why !== "");

/** Signals that a process sends, from now on. */
class SentSignals {
  private readonly tracer: ChildProcess;
  private text = "";
  private readonly attached: Promise<void>;

  constructor(pid: number) {
    this.tracer = spawn("strace", ["-f", "-e", "trace=kill,pidfd_send_signal", "-e", "signal=none", "-p", String(pid)], { stdio: ["ignore", "ignore", "pipe"] });
    this.attached = new Promise((done, refuse) => {
      this.tracer.on("error", refuse).on("exit", () => refuse(new Error(`strace has ended: ${this.text}`)));
      this.tracer.stderr!.setEncoding("utf8").on("data", (d: string) => {
        this.text += d;
        if (this.text.includes("attached")) done();
      });
    });
  }

  async ready(): Promise<this> {
    await this.attached;
    return this;
  }

  end(): string[] {
    this.tracer.removeAllListeners("exit");
    this.tracer.kill("SIGINT");
    return [...this.text.matchAll(/(?:kill|pidfd_send_signal)\(-?\d+, (SIG\w+)/g)].map((m) => m[1]!);
  }
}

async function runs(c: Case): Promise<void> {
  const target = targetNamed("x86_64");
  const binary = await ensureBinary(target);
  const userland = c.make(readFileSync(await ensureCProgram("build/payload.c", target, join(outDir, "bench", "payload"))));
  const work = mkdtempSync(join(tmpdir(), "wherry-userland-"));
  const { name } = userland;
  const daemon = new HostedDaemon(join(work, "daemon"), binary, (volumesDir) => buildRevision({
    containers: [{ name, root: userland.root, init: userland.init, extra: userland.extra, keep: "user ipc", volumesDir, run: { group: "app", status_goal: "READY", restart_policy: "container" } }],
    device: { groups: [{ name: "app", status_goal: "READY", restart_policy: "container", timeout: 120 }] },
  }));
  let signals: SentSignals | undefined;
  try {
    daemon.start();
    const ready = await daemon.reaches(name, "READY", 120_000);
    assert.ok(ready.pid > 1, "its init has a pid");
    await daemon.until("the console says that it is up", async () => (c.up.test(await console(daemon, name)) ? true : null));

    signals = await new SentSignals(daemon.pid()).ready();
    assert.is((await daemon.ask("PUT", `/containers/${name}`, "{\"action\":\"stop\"}")).status, 200);
    const stopped = await daemon.reaches(name, "STOPPED");
    const sent = signals.end();
    signals = undefined;
    assert.is(sent[0], c.halts, `signals sent: ${sent.join(" ")}`);
    assert.not.ok(sent.includes("SIGKILL") && stopped.last_end?.code === 9, `it was killed: ${JSON.stringify(stopped.last_end)}`);
    assert.equal({ kind: stopped.last_end?.kind, code: stopped.last_end?.code }, c.end);
    assert.match(await console(daemon, name), c.down);
    assert.equal(daemon.leftovers(`/${name}/`), [], "nothing of it stays mounted or attached");

    assert.is((await daemon.ask("PUT", `/containers/${name}`, "{\"action\":\"start\"}")).status, 200);
    const again = await daemon.reaches(name, "READY", 120_000);
    assert.is.not(again.pid, ready.pid, "it has started anew");
    await daemon.stop();
    assert.equal(daemon.leftovers(), []);
  } finally {
    signals?.end();
    await daemon.remove();
    rmSync(work, { recursive: true, force: true });
  }
}

async function console(daemon: HostedDaemon, name: string): Promise<string> {
  return (await daemon.ask("GET", `/v2/containers/${name}/log`)).body;
}

const TITLES = [
  "Debian with systemd reaches READY and is halted by SIGRTMIN+3",
  "busybox init reaches READY and is halted by SIGPWR",
  "a static program reaches READY and is ended by SIGTERM",
];
CASES.forEach((c, i) => {
  const title = TITLES[i]!;
  if (needs.length > 0) globalThis.console.log(`skip: ${title}: ${needs.join("; ")}`);
  else test(title, () => runs(c));
});
test.run();

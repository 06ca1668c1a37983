/**
 * A daemon with containers of busybox and the agent, for tests of what the
 * manager does with them. Each test has its own; nothing may be left behind.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ensureCProgram } from "../../../build/cprogram.ts";
import { ensureBinary } from "../../../build/images.ts";
import { buildRevision, type ContainerSpec, type Json, type RevisionSpec } from "../../../build/revision.ts";
import { busyboxRoot } from "../../../build/rootfs.ts";
import { debsDir, outDir } from "../../../toolchain/places.ts";
import { runResult, type RunResult } from "../../../toolchain/run.ts";
import { targetNamed } from "../../../toolchain/targets.ts";
import { missing } from "../../needs.ts";
import { HostedDaemon } from "../hosted.ts";

export const needs = (["root", "namespaces", "overlay", "loop"] as const).map(missing).filter((why) => why !== "");

const APPLETS = ["sh", "sleep", "cat", "ls", "touch", "kill", "tail", "head", "ifconfig", "stat", "grep", "echo", "mount", "true", "false", "rm", "id", "test", "hostname", "ln", "mkdir", "mkfifo", "mv"];

/** A container that runs a shell script as init. run: members of run.json. */
export function scripted(name: string, script: string, run: { [key: string]: Json } = {}, more: Partial<ContainerSpec> = {}): ContainerSpec {
  const root = busyboxRoot(debsDir("amd64"), APPLETS);
  root.file("bin/agent", readFileSync(agent), 0o755).file("init.sh", `${script}\n`, 0o755);
  for (const d of ["srv/out", "mnt", "data"]) root.dir(d);
  return { name, root, init: ["/bin/sh", "/init.sh"], keep: "user ipc", run: { group: "app", status_goal: "STARTED", restart_policy: "container", ...run }, ...more };
}

/** Waits without end, and ends when it is asked to. */
export const WAITS = "trap 'exit 0' PWR TERM; while :; do sleep 1000 & wait $!; done";

export const GROUP: { [key: string]: Json } = { name: "app", status_goal: "STARTED", restart_policy: "container", timeout: 120 };

export type House = {
  daemon: HostedDaemon;
  /** Folder of the daemon. */
  top: string;
  /** Runs a command in a container; its output, without the last newline. */
  inside: (name: string, ...command: string[]) => string;
  /** The same without a look at how it ended. */
  tried: (name: string, ...command: string[]) => RunResult;
};

export type Wanted = {
  /** top: the daemon's folder, volumesDir: below it. */
  revision: (top: string) => RevisionSpec;
  config?: string[];
  /** Name of the daemon's folder. */
  folder?: string;
  /** Before the daemon is started. */
  before?: (top: string) => void;
  /** Words before the daemon's command line. */
  words?: string[];
  started?: boolean;
};

let agent = "";
let binary = "";

/** File of the program; scripted() has its agent after this. */
export async function ensurePrograms(): Promise<string> {
  const target = targetNamed("x86_64");
  if (agent === "") agent = await ensureCProgram("test/native/supervision/agent.c", target, join(outDir, "native", "agent"));
  if (binary === "") binary = await ensureBinary(target);
  return binary;
}

/** A test with a daemon of its own; after it nothing of it is mounted or attached. */
export function housed(title: string, wanted: Wanted, body: (h: House) => Promise<void>): void {
  if (needs.length > 0) {
    console.log(`skip: ${title}: ${needs.join("; ")}`);
    return;
  }
  test(title, async () => {
    await ensurePrograms();
    const work = mkdtempSync(join(tmpdir(), "wherry-house-"));
    const top = join(work, wanted.folder ?? "d");
    mkdirSync(work, { recursive: true });
    const daemon = new HostedDaemon(top, binary, (volumesDir) => {
      const spec = wanted.revision(top);
      return buildRevision({ device: { groups: [GROUP] }, ...spec, containers: spec.containers.map((c) => ({ volumesDir, ...c })) });
    }, wanted.config);
    const tried = (name: string, ...command: string[]): RunResult => runResult(binary, ["exec", "--socket", join(top, "run/pv-ctrl"), name, ...command]);
    const inside = (name: string, ...command: string[]): string => {
      const r = tried(name, ...command);
      assert.is(r.status, 0, `${name}: ${command.join(" ")}: ${r.stdout}${r.stderr}\n${daemon.said()}`);
      return r.stdout.trimEnd();
    };
    try {
      wanted.before?.(top);
      if (wanted.started ?? true) daemon.start(wanted.words ?? []);
      await body({ daemon, top, inside, tried });
      await daemon.stop();
      assert.equal(daemon.leftovers(), []);
    } finally {
      await daemon.remove();
      rmSync(work, { recursive: true, force: true });
    }
  });
}

/** Asks for an action on a container. */
export async function act(h: House, name: string, action: string): Promise<void> {
  assert.is((await h.daemon.ask("PUT", `/containers/${name}`, `{"action":"${action}"}`)).status, 200);
}

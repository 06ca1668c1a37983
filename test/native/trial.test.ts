/**
 * Trial boots of `wherry daemon` with real containers: the test is the boot
 * loader (trial/boot_script.ts), each start of the daemon in a fresh run dir is
 * a boot. test/boot/trial.test.ts shows the same with a device.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { storageTree } from "../../build/disk.ts";
import { buildRevision, type ContainerSpec, type Json, type Revision } from "../../build/revision.ts";
import { HostedDaemon } from "./hosted.ts";
import { program } from "./soak/world.ts";
import { ensurePrograms, GROUP, needs, scripted, WAITS } from "./supervision/house.ts";
import { BootScript, variable } from "./trial/boot_script.ts";

const DEADLINE_MS = 120_000;

class Trial {
  readonly daemon: HostedDaemon;
  readonly work: string;
  private script = new BootScript();
  /** File of the boot environment. */
  readonly environment: string;

  constructor(binary: string, old: ContainerSpec[], tried: ContainerSpec[], config: string[], file: string, device: Json, change: (r: Revision) => void) {
    this.work = mkdtempSync(join(tmpdir(), "wherry-trial-"));
    const top = join(this.work, "d");
    const revisionOf = (volumesDir: string, containers: ContainerSpec[]): Revision => buildRevision({ device, containers: containers.map((c) => ({ volumesDir, ...c })) });
    this.daemon = new HostedDaemon(top, binary, (volumesDir) => revisionOf(volumesDir, old), config);
    const storage = this.path("storage");
    rmSync(storage, { recursive: true });
    const next = revisionOf(join(top, "volumes"), tried);
    change(next);
    const first = revisionOf(join(top, "volumes"), old);
    storageTree({ revisions: { 0: first, 4: first, "locals/next": next }, committed: "4", trying: "locals/next", mountPoint: storage }).stage(storage);
    this.environment = this.path("storage/boot", file);
  }

  path(...below: string[]): string {
    return join(this.daemon.top, ...below);
  }

  text(): string {
    return existsSync(this.environment) ? readFileSync(this.environment, "latin1") : "";
  }

  /** As after the installation of "locals/next". */
  install(): void {
    this.script = new BootScript();
    writeFileSync(this.environment, "pv_rev=4\0pv_try=locals/next\0\0");
    for (const f of ["progress", "done"]) rmSync(this.path("storage/trails/locals/next/.pv", f), { force: true });
  }

  /** Boots what the boot loader chooses, and says which revision that is. before: words before the daemon's command line. */
  boot(before: string[] = []): string {
    rmSync(this.path("run"), { recursive: true, force: true });
    mkdirSync(this.path("run"));
    const chosen = this.script.choose(this.text());
    this.launch(chosen.revision, chosen.tried, before);
    return chosen.revision;
  }

  /** Starts a manager without a boot. */
  launch(revision: string, tried: string, before: string[] = []): void {
    this.daemon.start(before, ["--cmdline", `pv_try=${tried} pv_rev=${revision}`]);
  }

  progress(revision: string): { status: string; "status-msg": string; progress: number; retries: number; logs?: string } | null {
    const file = this.path("storage/trails", revision, ".pv/progress");
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
  }

  /** Waits until the revision's progress says so. */
  async comesTo(revision: string, status: string): Promise<void> {
    await this.daemon.until(`progress of ${revision} is ${status}`, () => (this.progress(revision)?.status === status ? true : null), DEADLINE_MS);
  }

  isDone(revision: string): boolean {
    return existsSync(this.path("storage/trails", revision, ".pv/done"));
  }
}

type Options = { needs?: string[]; tried: () => ContainerSpec[]; config?: string[]; file?: string; device?: Json; change?: (r: Revision) => void };

/** A device that runs revision 4 and shall try "locals/next". */
function trial(title: string, o: Options, body: (t: Trial) => Promise<void>): void {
  const missing = [...needs, ...(o.needs ?? [])];
  if (missing.length > 0) {
    console.log(`skip: ${title}: ${missing.join("; ")}`);
    return;
  }
  test(title, async () => {
    const binary = await ensurePrograms();
    const t = new Trial(binary, [scripted("old", WAITS)], o.tried(), ["PV_UPDATER_COMMIT_DELAY=0", ...(o.config ?? [])], o.file ?? "uboot.txt", o.device ?? { groups: [GROUP] }, o.change ?? (() => undefined));
    try {
      await body(t);
      await t.daemon.stop();
      assert.equal(t.daemon.leftovers(), []);
    } finally {
      await t.daemon.remove();
      rmSync(t.work, { recursive: true, force: true });
    }
  });
}

/** The trial has ended by itself, with this said; the boot loader goes back, and the revision before cleans up. */
async function goesBack(t: Trial, message: string): Promise<void> {
  const before = t.text();
  assert.is(await t.daemon.ends(DEADLINE_MS), "0", "as for a reboot");
  assert.is(t.progress("locals/next")?.["status-msg"], message, t.daemon.said());
  assert.is(t.progress("locals/next")?.status, "ERROR");
  assert.is(t.text(), before, "what was tried is the boot loader's to see");
  assert.equal(t.daemon.leftovers(), []);
  assert.is(t.boot(), "4");
  await t.daemon.reaches("old", "STARTED");
  await t.daemon.until("pv_try is cleared", () => (variable(t.text(), "pv_try") === "" ? true : null));
  assert.is(variable(t.text(), "pv_rev"), "4");
  assert.is(t.progress("locals/next")?.["status-msg"], message);
  assert.not(t.isDone("locals/next"));
}

const SICK: { [key: string]: Json } = { wherry: { health: [{ kind: "exec", command: ["/bin/false"], interval: "100ms", retries: 1, on_failure: ["rollback"] }] } };

trial("a good trial is tested and committed; meanwhile the device is not turned off by request", {
  tried: () => [scripted("next", `while [ ! -e /go ]; do sleep 0.1; done; ${WAITS}`, { wherry: { health: [{ kind: "exec", command: ["/bin/test", "-e", "/go"], interval: "100ms", retries: 1000 }] } })],
}, async (t) => {
  assert.is(t.boot(), "locals/next");
  await t.comesTo("locals/next", "TESTING");
  await t.daemon.until("it waits for the check", () => (t.progress("locals/next")?.["status-msg"] === "Waiting for all containers to become stable" ? true : null));
  for (const op of ["REBOOT_DEVICE", "POWEROFF_DEVICE"]) {
    const a = await t.daemon.ask("POST", "/commands", `{"op":"${op}","payload":""}`);
    assert.equal([a.status, JSON.parse(a.body).Error], [503, "Cannot do this operation while update is ongoing"]);
  }
  assert.is(variable(t.text(), "pv_try"), "locals/next");
  const { pid } = await t.daemon.show("next");
  writeFileSync(`/proc/${pid}/root/go`, "");
  await t.daemon.until("it is committed", () => (t.daemon.wholly().includes("update: committed") ? true : null), DEADLINE_MS);
  assert.ok(t.isDone("locals/next"));
  assert.match(t.text(), /^pv_rev=locals\/next\0pv_try=\0\0+$/);
  assert.equal(t.progress("locals/next"), { status: "DONE", "status-msg": "Update finished, revision set as rollback point", progress: 100, retries: 0 });
  assert.is((await t.daemon.ask("POST", "/commands", "{\"op\":\"REBOOT_DEVICE\",\"payload\":\"\"}")).status, 200);
  assert.is(await t.daemon.ends(DEADLINE_MS), "0");
  assert.is(t.boot(), "locals/next");
  await t.daemon.reaches("next", "STARTED");
});

trial("the device's hooks are run at its start, after a commit and when all is up, in order and until one fails; not again for a new manager", {
  tried: () => [scripted("next", WAITS)],
}, async (t) => {
  const hook = (name: string, text: string, mode: number): void => {
    mkdirSync(t.path("lib/pv/hooks/system.d"), { recursive: true });
    writeFileSync(t.path("lib/pv/hooks/system.d", name), `#!/bin/sh\n${text}\n`, { mode });
  };
  const notes = (): string[] => (existsSync(t.path("notes")) ? readFileSync(t.path("notes"), "utf8").trim().split("\n") : []);
  const note = (n: string): string => `echo "${n} $PV_OP $PV_REV,$PV_TRY,$PV_TRYBOOT,$PV_STATUS $PV_OBJ_STORAGE $PV_TRAILS_STORAGE" >> ${t.path("notes")}`;
  hook("30-last", note("last"), 0o755);
  hook("10-first", `${note("first")}; [ "$PV_OP" != system-boot-done ]`, 0o755);
  hook("20-no-program", "exit 1", 0o644);
  assert.is(t.boot(), "locals/next");
  await t.daemon.until("the hook of the commit has failed", () => (/a hook of the device has failed moment=system-boot-done why="?hook \S+10-first: .*status 1/.test(t.daemon.wholly()) ? true : null), DEADLINE_MS);
  await t.daemon.until("all is up", () => (notes().filter((l) => l.includes("system-done")).length === 2 ? true : null));
  const storage = t.path("storage");
  const line = (n: string, op: string, facts: string, rev: string): string => `${n} ${op} ${facts} ${storage}/objects ${storage}/trails/${rev}`;
  assert.equal(notes().slice(0, 2), ["first", "last"].map((n) => line(n, "system-start", "4,locals/next,true,", "4")));
  assert.equal(notes().filter((l) => l.includes("boot-done")), [line("first", "system-boot-done", "locals/next,,false,DONE", "locals/next")]);
  assert.is(notes().length, 5, notes().join("\n"));
  process.kill(t.daemon.pid(), "SIGKILL");
  await t.daemon.ends();
  t.launch("locals/next", "locals/next");
  await t.daemon.until("it goes on", () => (t.daemon.wholly().includes("goals state=achieved") ? true : null));
  await t.daemon.stop();
  assert.is(notes().length, 5, notes().join("\n"));

  hook("10-first", "exit 3", 0o755);
  t.install();
  assert.is(t.boot(), "locals/next");
  assert.is(await t.daemon.ends(DEADLINE_MS), "0");
  assert.equal([t.progress("locals/next")?.status, t.progress("locals/next")?.["status-msg"]], ["ERROR", "Internal error"]);
  assert.match(t.progress("locals/next")!.logs!, /moment=system-start/);
});

trial("GRUB's environment is kept as GRUB writes it", {
  tried: () => [scripted("next", WAITS)], file: "grubenv", config: ["PV_BOOTLOADER_TYPE=grub"],
}, async (t) => {
  const block = (vars: string): string => `# GRUB Environment Block\n${vars}`.padEnd(1024, "#");
  writeFileSync(t.environment, block("saved_entry=0\npv_trying=locals/next\npv_try=locals/next\npv_rev=4\n"));
  assert.is(t.boot(), "locals/next");
  await t.daemon.until("it is committed", () => (t.isDone("locals/next") ? true : null), DEADLINE_MS);
  assert.is(t.text(), block("pv_rev=locals/next\nsaved_entry=0\n"));
});

trial("a health check that fails rolls the revision back, and progress says which", { tried: () => [scripted("sick", WAITS, SICK)] }, async (t) => {
  assert.is(t.boot(), "locals/next");
  await goesBack(t, "A container could not be started");
  assert.match(t.progress("locals/next")!.logs!, /"platform":"pantavisor","lvl":"ERROR","src":"container","msg":"unhealthy name=sick .*exec \/bin\/false: exit status 1/);
});

trial("a container that ends for good rolls the revision back, also where it could be waited for", {
  tried: () => [scripted("short", "exit 3", { auto_recovery: { policy: "always", max_retries: 1, retry_delay: 0, backoff_policy: "1h" } })], config: ["PV_UPDATER_COMMIT_DELAY=60"],
}, async (t) => {
  assert.is(t.boot(), "locals/next");
  await goesBack(t, "A container could not be started");
  assert.match(t.progress("locals/next")!.logs!, /exited with status 3/);
});

trial("a goal that is not reached in time rolls the revision back", {
  tried: () => [scripted("late", WAITS, { status_goal: "READY", wherry: { notify: true } })], device: { groups: [{ ...GROUP, timeout: 1 }] },
}, async (t) => {
  assert.is(t.boot(), "locals/next");
  await goesBack(t, "Status goal not reached");
});

trial("a revision with an object missing rolls back without having run", {
  tried: () => [scripted("next", WAITS)], change: (r) => r.objects.delete(r.files.get("next/lxc.container.conf")!) && r.files.delete("next/lxc.container.conf"),
}, async (t) => {
  assert.is(t.boot(), "locals/next");
  await goesBack(t, "Object validation went wrong");
});

trial("a trial that dies without a word is an unexpected rollback", { tried: () => [scripted("next", WAITS)], config: ["PV_UPDATER_COMMIT_DELAY=600"] }, async (t) => {
  assert.is(t.boot(), "locals/next");
  await t.comesTo("locals/next", "TESTING");
  assert.is(await t.daemon.stop(), "0");
  assert.is(t.boot(), "4");
  await t.comesTo("locals/next", "ERROR");
  assert.is(t.progress("locals/next")!["status-msg"], "Unexpected rollback");
  await t.daemon.until("pv_try is cleared", () => (t.text().startsWith("pv_rev=4\0pv_try=\0\0") ? true : null));
  await t.daemon.reaches("old", "STARTED");
});

trial("what has failed and is booted again, by a boot loader that remembers nothing, does not run", { tried: () => [scripted("sick", WAITS, SICK)] }, async (t) => {
  assert.is(t.boot(), "locals/next");
  assert.is(await t.daemon.ends(DEADLINE_MS), "0");
  t.launch("locals/next", "locals/next");
  assert.is(await t.daemon.ends(DEADLINE_MS), "0");
  assert.match(t.daemon.said(), /has failed before, going back/);
  assert.not.match(t.daemon.said(), /name=sick/);
  assert.is(t.text().startsWith("pv_rev=4\0pv_try=\0\0"), true);
  assert.is(t.boot(), "4");
  await t.daemon.reaches("old", "STARTED");
});

trial("a manager that is killed in the midst of a test goes on with it; one before a trial to come leaves that alone", {
  tried: () => [scripted("next", WAITS)], config: ["PV_UPDATER_COMMIT_DELAY=3"],
}, async (t) => {
  t.launch("4", "");
  await t.daemon.reaches("old", "STARTED");
  await t.comesTo("locals/next", "ERROR");
  process.kill(t.daemon.pid(), "SIGKILL");
  await t.daemon.ends();
  t.install();
  t.launch("4", "");
  const { pid } = await t.daemon.reaches("old", "STARTED");
  assert.is(t.progress("locals/next"), null);
  assert.is(variable(t.text(), "pv_try"), "locals/next");
  assert.ok(pid > 0);
  await t.daemon.stop();

  assert.is(t.boot(), "locals/next");
  await t.comesTo("locals/next", "TESTING");
  const before = await t.daemon.reaches("next", "STARTED");
  process.kill(t.daemon.pid(), "SIGKILL");
  await t.daemon.ends();
  t.launch("locals/next", "locals/next");
  await t.daemon.until("it is committed", () => (t.isDone("locals/next") ? true : null), DEADLINE_MS);
  assert.is((await t.daemon.show("next")).pid, before.pid);
});

trial("a damaged environment is said and left alone, and nothing is tried", { tried: () => [scripted("next", WAITS)] }, async (t) => {
  writeFileSync(t.environment, "pv_rev=4\0pv_try=locals/ne");
  t.launch("4", "");
  await t.daemon.reaches("old", "STARTED");
  assert.match(t.daemon.said(), /no trial can be told .*uboot\.txt.*is no whole variable/);
  assert.is(t.text(), "pv_rev=4\0pv_try=locals/ne");
  assert.is(t.progress("locals/next"), null);
});

trial("no trial under a boot loader whose environment is not there", { tried: () => [scripted("next", WAITS)], config: ["PV_BOOTLOADER_TYPE=rpiab"] }, async (t) => {
  t.launch("locals/next", "locals/next");
  await t.daemon.reaches("next", "STARTED");
  assert.match(t.daemon.said(), /no trial can be told bootloader=rpiab/);
  assert.is(t.progress("locals/next"), null);
});

trial("the factory's revision is done once it has turned out to be whole; a revision that is not there gets no progress", { tried: () => [] }, async (t) => {
  writeFileSync(t.environment, "pv_rev=0\0\0");
  assert.is(t.boot(), "0");
  await t.daemon.until("it is done", () => (t.isDone("0") ? true : null));
  assert.equal(t.progress("0"), { status: "DONE", "status-msg": "Factory revision", progress: 100, retries: 0 });
  assert.is(t.text(), "pv_rev=0\0\0");
  await t.daemon.reaches("old", "STARTED");
  await t.daemon.stop();
  writeFileSync(t.environment, "pv_rev=0\0pv_try=7\0\0");
  t.launch("0", "7");
  await t.daemon.until("pv_try is cleared", () => (t.text() === "pv_rev=0\0pv_try=\0\0\0" ? true : null));
  assert.not(existsSync(t.path("storage/trails/7")));
  await t.daemon.reaches("old", "STARTED");
});

trial("killed at whatever it syncs in a trial, the device comes to rest with the revision that its boot loader has", { tried: () => [], needs: process.arch === "x64" ? [] : ["the tracer knows x86_64 only"] }, async (t) => {
  const tracer = await program("tracer", "fault");
  const rests: string[] = [];
  for (let nth = 1; ; nth++) {
    t.install();
    assert.is(t.boot([tracer, t.path("calls"), "fsync", String(nth), "0"]), "locals/next");
    const end = Date.now() + DEADLINE_MS;
    while (!t.daemon.hasEnded() && !t.daemon.wholly().includes("update: committed")) {
      if (Date.now() > end) throw new Error(`neither killed nor committed\n${t.daemon.said()}`);
      await new Promise((done) => { setTimeout(done, 10); });
    }
    if (!t.daemon.hasEnded()) break;
    assert.is(await t.daemon.ends(), "137");
    const runs = t.boot();
    await t.comesTo("locals/next", runs === "4" ? "ERROR" : "DONE");
    await t.daemon.until("nothing is left to try", () => (variable(t.text(), "pv_try") === "" && t.isDone("locals/next") === (runs !== "4") ? true : null));
    assert.is(variable(t.text(), "pv_rev"), runs);
    await t.daemon.stop();
    rests.push(runs);
  }
  // before the environment is written the old one, from then on the new one
  assert.match(rests.join(" "), /^(4 ){4,}(locals\/next ?){3,}$/);
});

test.run();

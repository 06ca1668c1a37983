/**
 * A container that is started again at once: what does not change stays
 * mounted, everything of the run before is gone, and nothing is left however
 * the row of starts ends.
 */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runResult } from "../../toolchain/run.ts";
import { act, housed, scripted, WAITS, type House } from "./supervision/house.ts";

const AT_ONCE = { policy: "always", max_retries: 0, retry_delay: 0, backoff_policy: "never" };
const HOUR = { ...AT_ONCE, retry_delay: 3600 };

/** Marks the mount of a container's image; another mount of it would not have the mark. */
function mark(h: House, name: string): void {
  assert.is(runResult("mount", ["-o", "remount,bind,ro,nosuid", join(h.top, "volumes", name, "root.squashfs")]).status, 0);
}

function isMarked(h: House, name: string): boolean {
  const place = join(h.top, "volumes", name, "root.squashfs");
  const found = readFileSync("/proc/self/mountinfo", "utf8").split("\n").map((l) => l.split(" ")).filter((f) => f[4] === place);
  assert.is(found.length, 1, `${place} is mounted once`);
  return found[0]![5]!.split(",").includes("nosuid");
}

/** Its cgroup: another one has another inode. */
function group(name: string): string {
  const mount = readFileSync("/proc/self/mountinfo", "utf8").split("\n").find((l) => / - cgroup2? /.test(l))!.split(" ")[4]!;
  return String(statSync(join(mount, "lxc", name)).ino);
}

/** Ends its init and waits for the next one. */
async function kill(h: House, name: string): Promise<void> {
  const before = await h.daemon.show(name);
  process.kill(before.pid, "SIGKILL");
  await h.daemon.until(`${name} runs again`, async () => {
    const now = await h.daemon.show(name);
    return now.starts > before.starts && now.status === "STARTED" ? now : null;
  });
}

const kept = (size: string): string => `head -c ${size} /dev/zero > /filled; echo x >> /data/runs; ${WAITS}`;
const bound = { binds: { data: "data" } };

housed("what is the same in the next run stays mounted; its boot storage, its root and its groups are new", {
  revision: () => ({ containers: [scripted("web", kept("1000"), { auto_recovery: AT_ONCE }, bound)] }),
}, async (h) => {
  await h.daemon.reaches("web", "STARTED");
  for (const again of [(): Promise<void> => kill(h, "web"), async (): Promise<void> => {
    const starts = (await h.daemon.show("web")).starts;
    await act(h, "web", "restart");
    await h.daemon.until("it runs again", async () => ((await h.daemon.show("web")).starts > starts && (await h.daemon.show("web")).status === "STARTED" ? true : null));
  }]) {
    await h.daemon.until("its script waits", () => (h.tried("web", "test", "-s", "/data/runs").status === 0 ? true : null));
    h.inside("web", "touch", "/made");
    const before = { group: group("web"), runs: h.inside("web", "cat", "/data/runs") };
    mark(h, "web");
    await again();
    assert.ok(isMarked(h, "web"), "its image stayed mounted");
    assert.is.not(group("web"), before.group);
    assert.is(h.tried("web", "test", "-e", "/made").status, 1);
    assert.ok(h.inside("web", "cat", "/data/runs").startsWith(before.runs), "what is permanent stays");
  }
  await act(h, "web", "stop");
  await h.daemon.reaches("web", "STOPPED");
  assert.equal(h.daemon.leftovers("web"), []);
});

housed("a start follows what the configuration, and what that includes, says by then", {
  revision: () => ({ containers: [scripted("web", WAITS, { auto_recovery: AT_ONCE }), scripted("other", WAITS, { auto_recovery: AT_ONCE })] }),
}, async (h) => {
  const configuration = (name: string): string => join(h.top, "storage/trails/0", name, "lxc.container.conf");
  const included = join(h.top, "more.conf");
  writeFileSync(included, "lxc.environment = SAYS=0\n");
  for (const name of ["web", "other"]) await h.daemon.reaches(name, "STARTED"); // the files of a revision are looked at when it begins
  appendFileSync(configuration("other"), `lxc.include = ${included}\n`);
  for (const name of ["web", "other"]) {
    await kill(h, name);
    for (const says of ["first", "second", "second"]) {
      if (name === "web") appendFileSync(configuration(name), `lxc.environment = SAYS=${says}\n`);
      else writeFileSync(included, `lxc.environment = SAYS=${says}\n`);
      await kill(h, name);
      const words = h.inside(name, "cat", "/proc/1/environ").split("\0").filter((w) => w.startsWith("SAYS="));
      assert.is(words.at(-1), `SAYS=${says}`, name);
    }
  }
});

housed("after boot storage that takes its time to be given back, and with a config overlay, all is mounted anew", {
  revision: () => ({
    containers: [scripted("big", kept("20000000"), { auto_recovery: AT_ONCE }, bound), scripted("laid", kept("1000"), { auto_recovery: AT_ONCE }, bound)],
    files: { "_config/laid/etc/laid": "over it\n" },
  }),
}, async (h) => {
  for (const name of ["big", "laid"]) {
    await h.daemon.reaches(name, "STARTED");
    await h.daemon.until("its script waits", () => (h.tried(name, "test", "-s", "/data/runs").status === 0 ? true : null));
    mark(h, name);
    await kill(h, name);
    assert.not(isMarked(h, name), name);
  }
  assert.is(h.inside("laid", "cat", "/etc/laid"), "over it");
});

housed("what a stop has taken down is mounted again for the next start, as new as before", {
  revision: () => ({ containers: [scripted("laid", kept("1000"), {}, bound)], files: { "_config/laid/etc/laid": "over it\n" } }),
}, async (h) => {
  for (let i = 0; i < 4; i += 1) {
    await h.daemon.reaches("laid", "STARTED");
    await h.daemon.until("its script waits", () => (h.tried("laid", "test", "-s", "/data/runs").status === 0 ? true : null));
    assert.is(h.inside("laid", "cat", "/etc/laid"), "over it");
    assert.is(h.tried("laid", "test", "-e", "/made").status, 1);
    h.inside("laid", "touch", "/made");
    const holder = i === 2 ? spawn("sleep", ["600"], { cwd: join(h.top, "volumes/laid/root.squashfs"), stdio: "ignore" }) : null;
    await act(h, "laid", "stop");
    await h.daemon.reaches("laid", "STOPPED");
    if (holder !== null) {
      assert.match(h.daemon.said(), /left behind name=laid what="umount .*root\.squashfs: EBUSY \(in use, detached\) \(gone at another attempt\)"/);
      const over = new Promise((done) => { holder.on("exit", done); });
      holder.kill("SIGKILL");
      await over;
    }
    assert.equal(h.daemon.leftovers("laid"), []);
    assert.not(existsSync(join(h.top, "configs/laid")));
    await act(h, "laid", "start");
  }
});

housed("one whose next start waits for others is unmounted meanwhile", {
  revision: () => ({
    containers: [scripted("first", WAITS, { auto_recovery: HOUR }), scripted("late", WAITS, { auto_recovery: AT_ONCE, wherry: { depends: [{ container: "first", status: "STARTED" }] } })],
  }),
}, async (h) => {
  const late = await h.daemon.reaches("late", "STARTED");
  process.kill((await h.daemon.show("first")).pid, "SIGKILL");
  await h.daemon.reaches("first", "RECOVERING");
  process.kill(late.pid, "SIGKILL");
  await h.daemon.reaches("late", "BLOCKED");
  assert.equal(h.daemon.leftovers("late"), []);
  await act(h, "first", "start");
  await h.daemon.reaches("late", "STARTED");
});

/** KiB of its own that a process has in memory, shared with a copy of it or not. */
function ownKib(pid: number): number {
  return Number(/^Anonymous: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))![1]);
}

housed("neither manager nor logger grow with the starts of containers or with requests", {
  revision: () => ({
    containers: [scripted("loops", "true", { auto_recovery: AT_ONCE }), scripted("laid", "true", { auto_recovery: AT_ONCE })],
    files: { "_config/laid/etc/laid": "mounted anew\n" },
  }),
}, async (h) => {
  const starts = async (): Promise<number[]> => [(await h.daemon.show("loops")).starts, (await h.daemon.show("laid")).starts];
  const further = (n: number, from: number[]): Promise<number[]> => h.daemon.until(`${n} starts of each`, async () => {
    const now = await starts();
    return now.every((s, i) => s >= from[i]! + n) ? now : null;
  }, 240_000);
  const before = await further(60, [0, 0]);
  const manager = h.daemon.pid();
  const logger = await h.daemon.until("the logger is seen", () => {
    const children = readFileSync(`/proc/${manager}/task/${manager}/children`, "utf8").split(" ").filter((p) => p !== "").map(Number);
    return children.find((p) => readFileSync(`/proc/${p}/comm`, "utf8") === "wherry-logger\n") ?? null;
  });
  const first = [manager, logger].map(ownKib);
  const after = await further(150, before);
  const hundreds = after.reduce((sum, s, i) => sum + s - before[i]!, 0) / 100;
  [manager, logger].map(ownKib).forEach((kib, i) => {
    assert.ok(kib - first[i]! <= 8 * hundreds, `${i === 0 ? "manager" : "logger"}: ${first[i]} KiB, ${kib} KiB after ${100 * hundreds} more starts`);
  });
});

housed("a row of starts is ended at any moment, and a manager that is killed in it leaves nothing to the next", {
  revision: () => ({
    containers: ["loops", "laid"].map((name) => scripted(name, "true", { auto_recovery: AT_ONCE })),
    files: { "_config/laid/etc/laid": "mounted anew\n" },
  }),
}, async (h) => {
  for (let i = 0; i < 12; i += 1) {
    const name = i % 4 < 2 ? "loops" : "laid";
    const { starts } = await h.daemon.show(name).catch(() => ({ starts: 0 }));
    await h.daemon.until("it goes on", async () => ((await h.daemon.show(name)).starts > starts + i % 3 ? true : null));
    if (i % 2 === 0) {
      await act(h, name, "stop");
      await h.daemon.reaches(name, "STOPPED");
      assert.equal(h.daemon.leftovers(name), []);
      await act(h, name, "start");
    } else {
      process.kill(h.daemon.pid(), "SIGKILL");
      await h.daemon.ends();
      h.daemon.start();
    }
  }
  await h.daemon.until("the last manager is there", async () => (await h.daemon.show("loops")) !== null ? true : null);
});
test.run();

/**
 * What a killed manager has counted goes on under the next one: starts,
 * retries, the delay before the next start, the time a goal may take.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Json } from "../../build/revision.ts";
import { act, GROUP, housed, scripted, WAITS, type House } from "./supervision/house.ts";

type Shown = { status: string; starts: number; health_failures: number; auto_recovery: { current_retries: number; is_stable: string } };

async function until(h: House, name: string, what: string, fits: (s: Shown) => boolean): Promise<Shown> {
  return h.daemon.until(`${name}: ${what}`, async () => {
    const s = JSON.parse((await h.daemon.ask("GET", `/v2/containers/${name}`)).body) as Shown;
    return fits(s) ? s : null;
  }, 120_000);
}

async function killAndStart(h: House): Promise<void> {
  process.kill(h.daemon.pid(), "SIGKILL");
  await h.daemon.ends();
  h.daemon.start();
}

/** Notes every start, then ends. */
const ENDS = "echo x >> /data/starts; exit 3";

function runs(h: House, name: string): number {
  return readFileSync(join(h.top, "storage/disks/perm", name, "data/starts"), "utf8").length / 2;
}

function recovering(more: { [key: string]: Json }): { [key: string]: Json } {
  return { auto_recovery: { policy: "always", ...more } };
}

housed("a container gets the retries it has and not one more by killing the manager", {
  revision: () => ({ containers: [scripted("short", ENDS, recovering({ max_retries: 3, retry_delay: 2, backoff_policy: "never" }), { binds: { data: "data" } })] }),
}, async (h) => {
  for (let retry = 1; retry <= 3; retry++) {
    await until(h, "short", `recovers, ${retry}`, (s) => s.status === "RECOVERING" && s.auto_recovery.current_retries === retry);
    await killAndStart(h);
    const s = await until(h, "short", "is known", () => true);
    assert.ok(s.starts >= retry && s.auto_recovery.current_retries >= retry, JSON.stringify(s));
  }
  const stopped = (s: Shown): boolean => s.status === "STOPPED" && s.starts === 4;
  await until(h, "short", "has given up", stopped);
  await killAndStart(h);
  await until(h, "short", "has given up", stopped);
  assert.is(runs(h, "short"), 4);
  await act(h, "short", "start");
  await until(h, "short", "is retried again when it is asked for", (s) => s.starts > 4 && s.auto_recovery.current_retries >= 1);
});

housed("the wait between two rounds of retries goes on, also when the program file is executed again", {
  revision: () => ({ containers: [scripted("round", ENDS, recovering({ max_retries: 1, retry_delay: 0, backoff_policy: "1h" }), { binds: { data: "data" } }), scripted("other", WAITS)] }),
}, async (h) => {
  const waits = (s: Shown): boolean => s.status === "RECOVERING" && s.starts === 2 && s.auto_recovery.current_retries === 0;
  await until(h, "round", "waits for an hour", waits);
  await killAndStart(h);
  await until(h, "round", "waits", waits);
  await h.daemon.reaches("other", "STARTED");
  const { pid } = await h.daemon.show("other");
  await h.daemon.ask("POST", "/v2/reexec").catch(() => null); // the connection may end with the old program
  await until(h, "round", "waits", waits);
  assert.is((await h.daemon.reaches("other", "STARTED")).pid, pid);
  assert.is((await h.daemon.show("other")).starts, 1);
  assert.is(runs(h, "round"), 2);
});

housed("a container that was stable is, and one that misses its goal is timed out by the next manager", {
  revision: () => ({
    device: { groups: [{ ...GROUP, timeout: 1 }] },
    containers: [scripted("firm", WAITS, recovering({ max_retries: 1, stable_timeout: 1 })), scripted("late", WAITS, { status_goal: "READY", wherry: { notify: true } })],
  }),
}, async (h) => {
  await until(h, "firm", "is stable", (s) => s.auto_recovery.is_stable === "true");
  await h.daemon.until("its goal is missed", () => (h.daemon.wholly().includes("goal not reached in time name=late") ? true : null));
  await killAndStart(h);
  assert.is((await until(h, "firm", "is known", (s) => s.status === "STARTED")).auto_recovery.is_stable, "true");
  await h.daemon.until("its goal is missed", () => (h.daemon.wholly().includes("goal not reached in time name=late") ? true : null));
});

test.run();

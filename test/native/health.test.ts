/**
 * Health checks, the notify socket and the ladder of answers, with real
 * containers under `wherry daemon`.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Json } from "../../build/revision.ts";
import { act, GROUP, housed, scripted, WAITS, type House } from "./supervision/house.ts";

type Shown = { status: string; health: string; health_why: string; health_failures: number; status_text: string; waits_for: string; starts: number; last_end: null | { reason: string } };

async function shown(h: House, name: string): Promise<Shown> {
  return JSON.parse((await h.daemon.ask("GET", `/v2/containers/${name}`)).body) as Shown;
}

function until(h: House, name: string, what: string, fits: (s: Shown) => boolean): Promise<Shown> {
  return h.daemon.until(`${name}: ${what}`, async () => {
    const s = await shown(h, name);
    return fits(s) ? s : null;
  }, 120_000);
}

/** Waits while no manager runs, whose end HostedDaemon.until() would report. */
async function without(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + 120_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within two minutes: ${what}`);
    await new Promise((done) => { setTimeout(done, 10); });
  }
}

/** run.json with one health check. */
function checked(check: { [key: string]: Json }): { [key: string]: Json } {
  return { wherry: { health: [check] } };
}

const RESTARTS: Json = [{ action: "restart", times: 1000 }];

housed("READY=1 on the notify socket makes a container READY, STATUS= is shown, others have no such socket", {
  revision: () => ({
    containers: [
      scripted("talker", WAITS, { status_goal: "READY", wherry: { notify: true } }), scripted("late", WAITS, { wherry: { depends: [{ container: "talker", status: "READY" }] } }),
    ],
  }),
}, async (h) => {
  await h.daemon.reaches("talker", "STARTED");
  assert.is((await shown(h, "late")).waits_for, "container talker to be READY");
  h.inside("talker", "agent", "say", "STATUS=warming up");
  assert.is((await until(h, "talker", "has a status text", (s) => s.status_text !== "")).status_text, "warming up");
  assert.is((await shown(h, "talker")).status, "STARTED");
  h.inside("talker", "agent", "say", "READY=1");
  await h.daemon.reaches("talker", "READY");
  await h.daemon.reaches("late", "STARTED");
  assert.is(h.tried("late", "agent", "say", "READY=1").status, 2, "a container that asks for none has no NOTIFY_SOCKET");
});

housed("what a container says while there is no manager is heard by the next one", {
  revision: () => ({ containers: [scripted("talker", `while [ ! -e /go ]; do sleep 0.1; done; agent say READY=1; touch /said; ${WAITS}`, { status_goal: "READY", wherry: { notify: true } })] }),
}, async (h) => {
  const before = await h.daemon.reaches("talker", "STARTED");
  process.kill(h.daemon.pid(), "SIGKILL");
  const root = `/proc/${before.pid}/root`;
  writeFileSync(`${root}/go`, "");
  await without("it has said so", () => existsSync(`${root}/said`));
  h.daemon.start();
  assert.is((await h.daemon.reaches("talker", "READY")).pid, before.pid);
});

housed("a heartbeat that stays away restarts the container, and the reason says so", {
  revision: () => ({ containers: [scripted("heart", WAITS, checked({ kind: "notify", interval: "500ms", retries: 1, on_failure: RESTARTS }))] }),
}, async (h) => {
  const s = await until(h, "heart", "was started again", (x) => x.starts >= 2);
  assert.match(s.last_end!.reason, /exited with status 0 \(heartbeat: none within 500 ms\)/);
  assert.ok(s.health_failures >= 1);
});

housed("a heartbeat keeps a container going", {
  revision: () => ({ containers: [scripted("heart", "while :; do agent say WATCHDOG=1; sleep 0.2; done", checked({ kind: "notify", interval: "30s", retries: 1 }))] }),
}, async (h) => {
  await until(h, "heart", "is healthy", (s) => s.health === "healthy");
  assert.is((await shown(h, "heart")).starts, 1);
  assert.match(h.inside("heart", "cat", "/proc/1/environ").replaceAll("\0", "\n"), /^WATCHDOG_USEC=30000000$/m);
});

housed("a command that fails inside is an unhealthy container; one that does not end is ended", {
  revision: () => ({
    containers: [
      scripted("cmd", `touch /fine; ${WAITS}`, checked({ kind: "exec", command: ["/bin/test", "-e", "/fine"], interval: "100ms", retries: 2, on_failure: RESTARTS })),
      scripted("slow", WAITS, checked({ kind: "exec", command: ["/bin/sleep", "1000"], interval: "100ms", timeout: "200ms", retries: 1, on_failure: RESTARTS })),
    ],
  }),
}, async (h) => {
  await until(h, "cmd", "is healthy", (s) => s.health === "healthy");
  h.inside("cmd", "rm", "/fine");
  assert.match((await until(h, "cmd", "was started again", (x) => x.starts >= 2)).last_end!.reason, /exec \/bin\/test: exit status 1/);
  assert.match((await until(h, "slow", "was started again", (x) => x.starts >= 2)).last_end!.reason, /exec \/bin\/sleep: no end within 200 ms/);
});

housed("connections are tried in the container's own network, requests over its own socket", {
  revision: () => ({
    containers: [
      scripted("net", "agent listen 8765 & agent listen6 8766 & exec agent serve /run/api.sock", {
        wherry: { health: [{ kind: "tcp", port: 8765, interval: "200ms" }, { kind: "tcp", host: "::1", port: 8766, interval: "200ms", retries: 1, on_failure: RESTARTS, start_delay: "1h" }, { kind: "http", socket: "/run/api.sock", path: "/health", interval: "200ms", retries: 1, on_failure: RESTARTS, start_delay: "1h" }] },
      }, { extra: ["lxc.net.0.type = empty", "lxc.net.0.flags = up"] }),
      scripted("deaf6", WAITS, checked({ kind: "tcp", host: "::1", port: 8766, interval: "200ms", retries: 1, on_failure: RESTARTS }), { extra: ["lxc.net.0.type = empty", "lxc.net.0.flags = up"] }),
      scripted("deaf", WAITS, checked({ kind: "tcp", port: 8765, interval: "200ms", retries: 1, on_failure: RESTARTS }), { extra: ["lxc.net.0.type = empty", "lxc.net.0.flags = up"] }),
    ],
  }),
}, async (h) => {
  await until(h, "net", "has no fault but the answer", (s) => s.health === "starting");
  assert.is((await shown(h, "net")).starts, 1, "failures within start_delay don't count");
  h.inside("net", "/bin/sh", "-c", "echo 200 > /status");
  await until(h, "net", "is healthy", (s) => s.health === "healthy");
  assert.match((await until(h, "deaf", "was started again", (x) => x.starts >= 2)).last_end!.reason, /tcp 127\.0\.0\.1:8765: connect: ECONNREFUSED/);
  assert.match((await until(h, "deaf6", "was started again", (x) => x.starts >= 2)).last_end!.reason, /tcp \[::1\]:8766: connect: ECONNREFUSED/);
});

housed("an answer with another status is a failure", {
  revision: () => ({
    containers: [scripted("web", "exec agent serve /run/api.sock", checked({ kind: "http", socket: "/run/api.sock", interval: "200ms", retries: 1, on_failure: RESTARTS }))],
  }),
}, async (h) => {
  assert.match((await until(h, "web", "was started again", (x) => x.starts >= 2)).last_end!.reason, /http \/run\/api\.sock \/: answered 503/);
});

housed("the ladder goes on: the container, its group, and past a rollback that is none to the end of the daemon", {
  revision: () => ({
    device: { groups: [GROUP, { ...GROUP, name: "other" }] },
    containers: [
      scripted("sick", WAITS, checked({ kind: "exec", command: ["/bin/false"], interval: "300ms", retries: 1, on_failure: ["restart", "restart-group", "rollback", "reboot"] })),
      scripted("mate", WAITS), scripted("stranger", WAITS, { group: "other" }),
    ],
  }),
}, async (h) => {
  const mate = await until(h, "mate", "was started again with its group", (x) => x.starts >= 2);
  assert.match(mate.last_end!.reason, /restarted with container sick/);
  assert.is((await shown(h, "stranger")).starts, 1);
  const said = await h.daemon.ends();
  assert.is(said, "0", "as for a reboot");
  assert.match(h.daemon.said(), /unhealthy name=sick failures=1 answer=restart[\s\S]*failures=2 answer=restart-group[\s\S]*failures=4 answer=reboot/);
});

housed("the configuration's ladder holds for checks that bring none", {
  config: ["WHERRY_HEALTH_LADDER=container,reboot", "WHERRY_HEALTH_RETRIES=2"],
  revision: () => ({ containers: [scripted("sick", WAITS, checked({ kind: "exec", command: ["/bin/false"], interval: "100ms", retries: 1 }))] }),
}, async (h) => {
  assert.is(await h.daemon.ends(), "0");
  assert.match(h.daemon.said(), /failures=1 answer=restart [\s\S]*failures=2 answer=restart [\s\S]*failures=3 answer=reboot/);
});

housed("while a container that the watchdog depends on is past help, PID 1 is told not to feed it", {
  started: false,
  revision: () => ({
    containers: [scripted("heart", WAITS, checked({ kind: "notify", interval: "300ms", retries: 1, feeds_watchdog: true, on_failure: ["restart"] }))],
  }),
}, async (h) => {
  const mail = h.daemon.startAsChild();
  await h.daemon.reaches("heart", "STARTED");
  const answers: string[] = [];
  mail.on("data", (d: Buffer) => answers.push(...(d.toString().match(/alive|unfed/g) ?? [])));
  mail.write("ping");
  await h.daemon.until("an answer", () => (answers.length > 0 ? true : null));
  assert.is(answers[0], "alive");
  await until(h, "heart", "its ladder is spent", (s) => s.health_failures >= 1);
  answers.length = 0;
  await h.daemon.until("the watchdog starves", () => {
    mail.write("ping");
    return answers.includes("unfed") ? true : null;
  });
  await h.daemon.until("a heartbeat was heard", async () => {
    h.tried("heart", "agent", "say", "WATCHDOG=1");
    return (await shown(h, "heart")).health === "healthy" ? true : null;
  });
  mail.destroy();
});

housed("a check ends with the manager that began it", {
  revision: () => ({ containers: [scripted("looked", WAITS, checked({ kind: "exec", command: ["/bin/tail", "-f", "/dev/null"], interval: "100ms", timeout: "1h" }))] }),
}, async (h) => {
  const { pid } = await h.daemon.reaches("looked", "STARTED");
  const proc = `/proc/${pid}/root/proc`;
  const checks = (): string[] => readdirSync(proc).filter((p) => /^\d+$/.test(p) && nameOf(`${proc}/${p}`) === "tail");
  await h.daemon.until("the check runs", () => (checks().length === 1 ? true : null));
  process.kill(h.daemon.pid(), "SIGKILL");
  await without("the check has ended", () => checks().length === 0);
  h.daemon.start();
  await h.daemon.reaches("looked", "STARTED");
});

/** What a process is called, "" when it is gone. */
function nameOf(folder: string): string {
  try {
    return readFileSync(`${folder}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}

housed("a frozen container is not looked at, by the next manager neither", {
  revision: () => ({
    containers: [
      scripted("ice", WAITS, checked({ kind: "exec", command: ["/bin/true"], interval: "100ms", timeout: "1s", retries: 1, on_failure: RESTARTS })),
      scripted("slow", WAITS, checked({ kind: "exec", command: ["/bin/sleep", "1000"], interval: "100ms", timeout: "1s", retries: 1, on_failure: RESTARTS })),
    ],
  }),
}, async (h) => {
  await until(h, "ice", "is healthy", (s) => s.health === "healthy");
  assert.is((await h.daemon.ask("PUT", "/v2/containers/ice", "{\"action\":\"freeze\"}")).status, 200);
  process.kill(h.daemon.pid(), "SIGKILL");
  await h.daemon.ends();
  h.daemon.start();
  await h.daemon.reaches("ice", "STARTED");
  const starts = (await shown(h, "slow")).starts;
  await until(h, "slow", "was looked at for as long as it takes, twice", (s) => s.starts >= starts + 2);
  assert.is((await h.daemon.ask("PUT", "/v2/containers/ice", "{\"action\":\"thaw\"}")).status, 200);
  const s = await shown(h, "ice");
  assert.equal([s.starts, s.health_failures], [1, 0]);
  await act(h, "ice", "stop");
  await h.daemon.reaches("ice", "STOPPED");
});

test.run();

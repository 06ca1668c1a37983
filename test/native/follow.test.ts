/**
 * Log files that containers write themselves, followed from outside, and what
 * the runtime says of a container, with real containers under `wherry daemon`.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { act, housed, needs, scripted, WAITS, type House } from "./supervision/house.ts";

const SYSLOG = "/var/log/syslog";
const LOGS = "mkdir -p /var/log";

/** Our copy of a container's file, "" while there is none. */
function copy(h: House, name: string, path: string): string {
  const file = join(h.top, "storage/logs/0", name, path);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function until(h: House, name: string, path: string, what: string, fits: (text: string) => boolean): Promise<string> {
  return h.daemon.until(`${path} of ${name} ${what}`, () => {
    const text = copy(h, name, path);
    return fits(text) ? text : null;
  }, 120_000);
}

/** Waits for exactly this text, and says how it differs from what is there instead. */
async function holds(h: House, name: string, path: string, text: string): Promise<void> {
  try {
    await until(h, name, path, "is whole", (t) => t === text);
  } catch (e) {
    assert.is(copy(h, name, path), text, e instanceof Error ? e.message : "");
  }
}

function shell(h: House, name: string, text: string): void {
  h.inside(name, "/bin/sh", "-ec", text);
}

/** The daemon's process of that name. */
function processNamed(h: House, name: string): number {
  const found = readdirSync("/proc").filter((d) => /^\d+$/.test(d)).map(Number).filter((p) => {
    const c = (file: string): string => readFileSync(`/proc/${p}/${file}`, "utf8");
    try { return c("comm") === `${name}\n` && c("cmdline").includes(h.top); } catch { return false; }
  });
  assert.is(found.length, 1, `${name}: ${found.join(" ")}`);
  return found[0]!;
}

function descriptors(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((f) => {
    try { return readlinkSync(`/proc/${pid}/fd/${f}`); } catch { return ""; }
  });
}

function switches(pid: number): number {
  return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);
}

async function without(what: string, fits: () => boolean): Promise<void> {
  const end = Date.now() + 120_000;
  while (!fits()) {
    if (Date.now() > end) throw new Error(`not within two minutes: ${what}`);
    await new Promise((done) => { setTimeout(done, 10); });
  }
}

const sleep = (ms: number): Promise<void> => new Promise((done) => { setTimeout(done, ms); });

housed("a file is followed from its first line: there at the start, made later, appended to, emptied, put aside, replaced by rename, deleted", {
  revision: () => ({
    containers: [
      scripted("early", `${LOGS}; echo early > ${SYSLOG}; ${WAITS}`), scripted("late", WAITS),
      scripted("named", `${LOGS}; ${WAITS}`, { logs: [{ file: "/data//app/./my.log", truncate: "false" }, { console: "enable" }, { file: "/../etc/passwd" }] }),
    ],
  }),
}, async (h) => {
  for (const name of ["early", "late", "named"]) await h.daemon.reaches(name, "STARTED");
  await holds(h, "early", SYSLOG, "early\n");
  shell(h, "early", `echo second >> ${SYSLOG}; printf half >> ${SYSLOG}`);
  await holds(h, "early", SYSLOG, "early\nsecond\n");
  shell(h, "early", `echo ' line' >> ${SYSLOG}`);
  await holds(h, "early", SYSLOG, "early\nsecond\nhalf line\n");
  shell(h, "early", `: > ${SYSLOG}`);
  await sleep(100); // an emptied file that is as long again at once is the same file
  shell(h, "early", `echo emptied >> ${SYSLOG}`);
  await holds(h, "early", SYSLOG, "early\nsecond\nhalf line\nemptied\n");

  shell(h, "late", `${LOGS}; sleep 0.1; echo made > ${SYSLOG}`);
  await holds(h, "late", SYSLOG, "made\n");
  // logrotate's order: the writer still has the old one when the new one is there
  shell(h, "late", `exec 3>> ${SYSLOG}; mv ${SYSLOG} ${SYSLOG}.1; touch ${SYSLOG}; echo to the old one >&3; sleep 0.2; echo to the new one >> ${SYSLOG}`);
  await holds(h, "late", SYSLOG, "made\nto the old one\nto the new one\n");
  shell(h, "late", `echo moved here > /var/log/next; mv /var/log/next ${SYSLOG}`);
  await holds(h, "late", SYSLOG, "made\nto the old one\nto the new one\nmoved here\n");
  shell(h, "late", `rm ${SYSLOG}; sleep 0.1; echo anew > ${SYSLOG}`);
  await holds(h, "late", SYSLOG, "made\nto the old one\nto the new one\nmoved here\nanew\n");
  shell(h, "late", "rm -r /var/log; mkdir -p /data/log; ln -s ../data/log /var/log; sleep 0.1; echo elsewhere > /data/log/messages");
  await holds(h, "late", "/var/log/messages", "elsewhere\n");
  shell(h, "late", "mount -t tmpfs none /data/log; sleep 0.1; echo mounted over > /data/log/messages");
  await holds(h, "late", "/var/log/messages", "elsewhere\nmounted over\n");

  shell(h, "named", `mkdir /data/app; echo mine > /data/app/my.log; echo no > ${SYSLOG}`);
  await holds(h, "named", "/data/app/my.log", "mine\n");
  assert.is(copy(h, "named", SYSLOG), "", "only what run.json names");
  assert.equal(await h.daemon.ask("GET", "/v2/containers/named/log?lines=5&file=/data/app/my.log"), { status: 200, body: "mine\n" });
  assert.is((await h.daemon.ask("GET", "/v2/containers/named/log?file=../early/var/log/syslog")).status, 400);
  assert.match(h.daemon.said(), /a log file is not followed name=named why="\/\.\.\/etc\/passwd is no path of a log file"/);
});

housed("what a container says last is kept, and what was read is not read again at its next start", {
  revision: (top) => ({
    containers: [
      scripted("brief", `${LOGS}; echo first > ${SYSLOG}; sleep 0.3; echo second >> ${SYSLOG}; printf 'last words' >> ${SYSLOG}; exit 0`, { auto_recovery: { policy: "on-failure", max_retries: 3, retry_delay: 1 } }),
      scripted("keeps", `echo start >> ${SYSLOG}; ${WAITS}`, {}, { extra: [`lxc.mount.entry = ${top}/kept var/log none bind,create=dir 0 0`] }),
    ],
  }),
  before: (top) => mkdirSync(join(top, "kept")),
}, async (h) => {
  await h.daemon.reaches("brief", "STOPPED");
  await holds(h, "brief", SYSLOG, "first\nsecond\nlast words\n");
  await h.daemon.reaches("keeps", "STARTED");
  await holds(h, "keeps", SYSLOG, "start\n");
  await act(h, "keeps", "restart");
  await holds(h, "keeps", SYSLOG, "start\nstart\n");
  assert.not.match(h.daemon.wholly(), /not followed/);
  await h.daemon.stop();
  h.daemon.start();
  await holds(h, "keeps", SYSLOG, "start\nstart\nstart\n");
  assert.not.match(h.daemon.wholly(), /not followed/);
});

housed("a new manager and a new logger go on where the ones before were", {
  revision: () => ({ containers: [scripted("app", `${LOGS}; echo one > ${SYSLOG}; ${WAITS}`)] }),
}, async (h) => {
  const { pid } = await h.daemon.reaches("app", "STARTED");
  await holds(h, "app", SYSLOG, "one\n");
  const logger = processNamed(h, "wherry-logger");
  process.kill(h.daemon.pid(), "SIGKILL");
  appendFileSync(`/proc/${pid}/root${SYSLOG}`, "while nobody was there\n");
  await without("the logger goes on without a manager", () => copy(h, "app", SYSLOG) === "one\nwhile nobody was there\n");
  h.daemon.start();
  assert.is((await h.daemon.reaches("app", "STARTED")).pid, pid);
  assert.is(processNamed(h, "wherry-logger"), logger);
  shell(h, "app", `echo two >> ${SYSLOG}`);
  await holds(h, "app", SYSLOG, "one\nwhile nobody was there\ntwo\n");
  // how far it was read is written down now and then: an attribute, which changes a file's state but not what is in it
  await h.daemon.until("how far it was read is written down", () => { const f = statSync(`/proc/${pid}/root${SYSLOG}`); return f.ctimeMs > f.mtimeMs ? true : null; }, 120_000);
  process.kill(logger, "SIGKILL");
  await h.daemon.until("there is another logger", () => { try { return processNamed(h, "wherry-logger") === logger ? null : true; } catch { return null; } });
  shell(h, "app", `echo three >> ${SYSLOG}`);
  await holds(h, "app", SYSLOG, "one\nwhile nobody was there\ntwo\nthree\n");
});

housed("a logger that can't be started again is tried again", {
  revision: () => ({ containers: [scripted("app", WAITS)] }),
}, async (h) => {
  await h.daemon.reaches("app", "STARTED");
  const place = join(h.top, "run/wherry/logger");
  const logger = processNamed(h, "wherry-logger");
  rmSync(place);
  mkdirSync(place);
  process.kill(logger, "SIGKILL");
  await h.daemon.until("it is said that there is none", () => (h.daemon.said().includes("there is no logger, trying again why=\"") ? true : null));
  rmdirSync(place);
  await h.daemon.until("there is another logger", () => { try { return processNamed(h, "wherry-logger") === logger ? null : true; } catch { return null; } });
  shell(h, "app", "echo heard > /dev/console");
  await h.daemon.until("the console is read", () => (readFileSync(join(h.top, "storage/logs/0/app/lxc/console.log"), "utf8").includes("heard") ? true : null));
});

housed("a logger that does nothing keeps no container from ending and starting again", {
  revision: () => ({ containers: [scripted("app", `${LOGS}; echo line >> ${SYSLOG}; ${WAITS}`)] }),
}, async (h) => {
  const { pid } = await h.daemon.reaches("app", "STARTED");
  await holds(h, "app", SYSLOG, "line\n");
  const logger = processNamed(h, "wherry-logger");
  process.kill(logger, "SIGSTOP");
  try {
    await act(h, "app", "restart");
    await h.daemon.until("it runs again", async () => {
      const s = await h.daemon.show("app");
      return s.status === "STARTED" && s.pid !== pid ? true : null;
    });
  } finally {
    process.kill(logger, "SIGCONT");
  }
  await holds(h, "app", SYSLOG, "line\nline\n");
});

housed("only regular files of the container's own are read: no way out of its root, no pipe, device or file of the kernel", {
  revision: (top) => ({
    containers: [
      scripted("evil", `${LOGS}; mkfifo /pipe; ${WAITS}`, { logs: ["out", "up", "pipe", "device", "kernel", "magic", "copies", "fine"].map((n) => ({ file: `/var/log/${n}` })) }, { extra: [`lxc.mount.entry = ${top}/storage/logs/0 mnt none bind,ro,create=dir 0 0`] }),
    ],
  }),
  before: (top) => writeFileSync(join(top, "secret"), "secret\n"),
}, async (h) => {
  const { pid } = await h.daemon.reaches("evil", "STARTED");
  shell(h, "evil", `cd /var/log; ln -s ${h.top}/secret out; ln -s ../../../../../../../../../..${h.top}/secret up; ln -s /pipe pipe; ln -s /dev/zero device; ln -s /proc/kmsg kernel; ln -s /proc/1/root${h.top}/secret magic; echo self > fine; ln -s /mnt/evil/var/log/fine copies`);
  await holds(h, "evil", "/var/log/fine", "self\n");
  await h.daemon.until("all refusals were said", () => (["pipe", "device", "kernel", "magic", "copies"].every((n) => h.daemon.wholly().includes(`path=/var/log/${n} why=`)) ? true : null));
  const words = h.daemon.wholly();
  assert.match(words, /path=\/var\/log\/pipe why="not a regular file"/);
  assert.match(words, /path=\/var\/log\/device why="not a regular file"/);
  assert.match(words, /path=\/var\/log\/kernel why="on a filesystem that is not followed"/);
  assert.match(words, /path=\/var\/log\/magic why="on a filesystem that is not followed"/);
  assert.match(words, /path=\/var\/log\/copies why="on a read-only mount"/);
  assert.equal(readdirSync(join(h.top, "storage/logs/0/evil/var/log")), ["fine"], "the others have no copy");
  assert.ok(existsSync(`/proc/${pid}`));
});

housed("one that writes without end takes its turn like everybody else, and is kept to its share", {
  revision: () => ({
    containers: [
      scripted("flood", `${LOGS}; while :; do head -c 1000000 /dev/zero; done > ${SYSLOG} & ${WAITS}`, { logs: [{ file: SYSLOG, truncate: "true", maxsize: "4000000" }] }),
      scripted("quiet", `${LOGS}; ${WAITS}`),
      scripted("small", `${LOGS}; ${WAITS}`, { logs: [{ file: SYSLOG, truncate: "true", maxsize: "100" }] }),
    ],
  }),
}, async (h) => {
  for (const name of ["flood", "quiet", "small"]) await h.daemon.reaches(name, "STARTED");
  await until(h, "flood", `${SYSLOG}.1`, "is put aside", (t) => t !== "");
  const logger = processNamed(h, "wherry-logger");
  for (let i = 0; i < 5; i++) shell(h, "quiet", `echo ${i} >> ${SYSLOG}; echo console ${i} > /dev/console`);
  await holds(h, "quiet", SYSLOG, "0\n1\n2\n3\n4\n");
  await until(h, "quiet", "lxc/console.log", "has its last line", (t) => t.includes("console 4"));
  await until(h, "flood", SYSLOG, "says what is left out", () => /\[\d+ bytes left out\]/.test(copy(h, "flood", SYSLOG) + copy(h, "flood", `${SYSLOG}.1`)));
  const sizes = [SYSLOG, `${SYSLOG}.1`].map((p) => copy(h, "flood", p).length);
  assert.ok(sizes.every((s) => s <= 1 << 20), sizes.join(" "));
  const rss = Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${logger}/status`, "utf8"))![1]);
  assert.ok(rss < 4096, `${rss} KiB`);
  shell(h, "small", `i=0; while [ $i -lt 12 ]; do echo 123456789; i=$((i + 1)); done >> ${SYSLOG}`);
  await until(h, "small", SYSLOG, "has all of it", (t) => t.length === 120);
  await h.daemon.until("it is empty", () => (h.inside("small", "stat", "-c", "%s", SYSLOG) === "0" ? true : null));
  await act(h, "flood", "stop");
  await h.daemon.reaches("flood", "STOPPED");
});

const MANY = 12;
housed("one descriptor follows the files of all containers, nobody wakes while nobody writes, and nothing of one that has ended is held", {
  revision: () => ({ containers: Array.from({ length: MANY }, (_, i) => scripted(`c${i}`, `${LOGS}; echo hello > ${SYSLOG}; exec sleep 100000`)) }),
}, async (h) => {
  for (let i = 0; i < MANY; i++) await h.daemon.reaches(`c${i}`, "STARTED");
  for (let i = 0; i < MANY; i++) await holds(h, `c${i}`, SYSLOG, "hello\n");
  const logger = processNamed(h, "wherry-logger");
  assert.is(descriptors(logger).filter((d) => d.includes("inotify")).length, 1);
  const counts = (): string => [logger, h.daemon.pid()].map(switches).join(" ");
  // what was begun may still have to be ended; a daemon that polls never passes
  await h.daemon.until("nobody wakes for some seconds", async () => { const before = counts(); await sleep(3_000); return counts() === before ? true : null; }, 120_000);
  const held = descriptors(logger).length;
  await act(h, "c0", "stop");
  await h.daemon.reaches("c0", "STOPPED");
  assert.ok(descriptors(logger).length < held);
  assert.not.ok(descriptors(logger).some((d) => d.endsWith("/c0/lxc/console.log") || d.endsWith("/c0/var/log/syslog")));
});

housed("what the runtime says of a container is in its lxc.log as well", {
  revision: () => ({
    containers: [
      scripted("good", WAITS), scripted("bad", "exit 4", { auto_recovery: { policy: "on-failure", max_retries: 1, retry_delay: 0, backoff_policy: "never" } }),
      scripted("unmade", WAITS, { auto_recovery: { policy: "on-failure", max_retries: 1, retry_delay: 0, backoff_policy: "never" } }, { extra: ["lxc.no.such.key = 1"] }),
    ],
  }),
}, async (h) => {
  await h.daemon.reaches("good", "STARTED");
  await until(h, "good", "lxc/lxc.log", "tells of the start", (t) => /^\[good\] \d+ INFO\t -- \[container\]: started name=good status=STARTED pid=\d+/m.test(t));
  await until(h, "bad", "lxc/lxc.log", "tells of the end", (t) => /stopped name=bad status=STOPPED reason="exited with status 4"/.test(t));
  const unmade = await until(h, "unmade", "lxc/lxc.log", "tells of the refusal", (t) => /ERROR\t -- \[container\]: start refused .*lxc\.no\.such\.key/.test(t));
  assert.not.match(unmade, /name=(good|bad)/);
});

housed("PV_LXC_LOG_LEVEL keeps lesser ones out, PV_LOG_LOGGERS=0 follows nothing", {
  config: ["PV_LXC_LOG_LEVEL=4", "PV_LOG_LOGGERS=0"],
  revision: () => ({ containers: [scripted("app", `${LOGS}; echo line > ${SYSLOG}; ${WAITS}`), scripted("deaf", WAITS, {}, { extra: ["lxc.no.such.key = 1"] })] }),
}, async (h) => {
  await h.daemon.reaches("app", "STARTED");
  await until(h, "deaf", "lxc/lxc.log", "has the error", (t) => t.includes("ERROR"));
  await h.daemon.stop();
  assert.equal([copy(h, "app", "lxc/lxc.log"), copy(h, "app", SYSLOG)], ["", ""]);
});

housed("PV_LOG_CAPTURE=0 keeps nothing, and the last lines of the console are known all the same", {
  config: ["PV_LOG_CAPTURE=0"],
  revision: () => ({ containers: [scripted("app", `${LOGS}; echo line > ${SYSLOG}; echo words; exit 3`, { auto_recovery: { policy: "on-failure", max_retries: 1, retry_delay: 0, backoff_policy: "never" } })] }),
}, async (h) => {
  assert.is((await h.daemon.reaches("app", "STOPPED")).last_end!.last_lines, "words\r\n");
  await h.daemon.stop();
  assert.equal(readdirSync(join(h.top, "storage/logs"), { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).map((f) => f.name), []);
});

if (needs.length > 0) console.log(`skip: followed log files: ${needs.join("; ")}`);
test.run();

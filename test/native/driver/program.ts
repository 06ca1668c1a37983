/**
 * Drives the hotplug half of the driver room on the real kernel: a process
 * with a root and a /dev of its own stands for a container. Prints
 * "key=value" lines for driver.test.ts to check. Also runs on booted devices.
 */
import { existingDevices, existingModaliases, hotplugContainer, openUevents, readUevents } from "../../../src/driver/hotplug.ts";
import { parseRules, type MdevRule } from "../../../src/driver/mdev_rules.ts";
import { openContainerDev } from "../../../src/driver/nodes.ts";
import { HotplugListener, HotplugWatcher } from "../../../src/driver/watcher.ts";
import { ueventValue, type Uevent } from "../../../src/driver/uevent.ts";
import { reason } from "../../../src/sys/error.ts";
import { CLONE_NEWNS, EPOLLIN, MS_PRIVATE, MS_REC, O_CREAT, O_WRONLY } from "../../../src/sys/constants.ts";
import { closeFd, exists, makeDirectory, openFile, putText, readLink, statPath, trySymlink, tryMakeNode, tryRead, tryUnlink, writeAll } from "../../../src/sys/files.ts";
import { Faults, Loop, Timer, waitFor } from "../../../src/sys/loop.ts";
import { mountAt } from "../../../src/sys/mounts.ts";
import { chroot, cloneProcess, exitNow, trySignalPidfd, unshare, waitPid } from "../../../src/sys/processes.ts";
import { socketPair } from "../../../src/sys/sockets.ts";
import { octal, toUtf8 } from "../../../src/sys/text.ts";

function say(line: string): void {
  writeAll(1, toUtf8(`${line}\n`), "stdout");
}

const ROOT = process.argv[3]!;

/** A process whose root is ROOT; result: its pid and pidfd. */
function contained(root: string): { pid: number; pidfd: number } {
  const pair = socketPair(1);
  const child = cloneProcess(0);
  if (child.pid === 0) {
    closeFd(pair[0]!);
    if (root !== "") chroot(root);
    writeAll(pair[1]!, toUtf8("."), "pair");
    tryRead(pair[1]!, new Uint8Array(1), 0, 1);
    exitNow(0);
  }
  closeFd(pair[1]!);
  tryRead(pair[0]!, new Uint8Array(1), 0, 1);
  return child;
}

function rulesOf(lines: string[]): MdevRule[] {
  const parsed = parseRules(lines, [], [{ name: "disk", id: 6 }], "rules");
  for (const p of parsed.problems) say(`problem=${p.at}: ${p.why}`);
  return parsed.rules;
}

function describe(name: string): string {
  const s = statPath(`${ROOT}/dev/${name}`);
  return s === null ? "none" : `${octal(s.mode)} ${s.rdevMajor}:${s.rdevMinor} ${s.uid}:${s.gid}`;
}

function apply(pid: number, lines: string[], events: Uevent[]): void {
  const done = hotplugContainer(pid, rulesOf(lines), events);
  for (const p of done.problems) say(`failed=${p}`);
  for (const c of done.commands) say(`command=${c.kind === "command" ? `${c.command} for ${c.name}` : ""}`);
}

function event(action: string, name: string, major: number, minor: number): Uevent {
  return {
    action, path: `/devices/virtual/mem/${name}`,
    values: [{ name: "SUBSYSTEM", value: "mem" }, { name: "DEVNAME", value: name }, { name: "MAJOR", value: String(major) }, { name: "MINOR", value: String(minor) }],
  };
}

function coldplug(): void {
  const c = contained(ROOT);
  const events = existingDevices();
  say(`devices=${events.length > 10}`);
  apply(c.pid, ["null 0:0 666", "zero 5:disk 640 =mem/%0 @/bin/made", "full 0:0 600 >sub/deep/", "random 0:0 666 !", "-ur.* 0:0 600", "urandom 0:0 444"], events);
  for (const name of ["null", "mem/zero", "sub/deep/full", "random", "urandom", "tty"]) say(`${name}=${describe(name)}`);
  say(`link=${readLink(`${ROOT}/dev/full`)}`);
  apply(c.pid, [".* 0:0 666 >sub/deep/"], [event("remove", "full", 1, 7)]);
  say(`gone=${describe("sub/deep/full")} ${exists(`${ROOT}/dev/full`)}`);
  apply(c.pid, [".* 0:0 666 *x"], [event("remove", "null", 9, 9)]);
  say(`other=${describe("null")}`);
  trySignalPidfd(c.pidfd, 9);
  waitPid(c.pid);
}

function traps(): void {
  const c = contained(ROOT);
  makeDirectory(`${ROOT}/outside`);
  trySymlink("../outside", `${ROOT}/dev/mem`);
  trySymlink("/outside", `${ROOT}/dev/abs`);
  trySymlink("../outside/null", `${ROOT}/dev/null`);
  closeFd(openFile(`${ROOT}/dev/file`, O_WRONLY | O_CREAT, 0o600));
  tryMakeNode(`${ROOT}/dev/stale`, 0o020600, 1, 5);
  apply(c.pid, ["null 0:0 666"], [event("add", "null", 1, 3)]);
  apply(c.pid, ["null 0:0 666 =mem/null"], [event("add", "null", 1, 3)]);
  apply(c.pid, ["null 0:0 666 =abs/null"], [event("add", "null", 1, 3)]);
  apply(c.pid, ["null 0:0 666 =../null"], [event("add", "null", 1, 3)]);
  apply(c.pid, ["file 0:0 666"], [event("add", "file", 1, 3)]);
  apply(c.pid, ["stale 0:0 666"], [event("add", "stale", 1, 3)]);
  say(`stale=${describe("stale")}`);
  say(`outside=${exists(`${ROOT}/outside/null`)} ${exists(`${ROOT}/null`)}`);
  const host = contained("");
  say(`hostdev=${openContainerDev(host.pid)}`);
  for (const p of [c, host]) {
    trySignalPidfd(p.pidfd, 9);
    waitPid(p.pid);
  }
  say(`dead=${openContainerDev(c.pid)}`);
}

/** Events that this program has the kernel send. */
function events(): void {
  const fd = openUevents();
  say(`quiet=${readUevents(fd, 8).events.length}`);
  putText("/sys/class/mem/null/uevent", "remove");
  putText("/sys/class/mem/null/uevent", "add");
  let seen = 0;
  while (seen === 0 && waitFor(fd, EPOLLIN, 10000) > 0) {
    for (const e of readUevents(fd, 64).events) {
      if (ueventValue(e, "DEVNAME") !== "null") continue;
      say(`event=${e.action} ${e.path} ${ueventValue(e, "MAJOR")}:${ueventValue(e, "MINOR")}`);
      seen += 1;
    }
  }
  say(`modaliases=${existingModaliases().every((a) => a.includes(":"))}`);
}

class Printing extends HotplugListener {
  failed(container: string, why: string): void {
    say(`failed=${container}: ${why}`);
  }
  wanted(container: string, node: string, command: string): void {
    say(`wanted=${container}: ${command} for ${node}`);
  }
}

class Failing extends Faults {
  fault(e: unknown): void {
    say(`problem=${reason(e)}`);
  }
}

class Deadline extends Timer {
  expired(): void {
    say("problem=nothing happened within the deadline");
    exitNow(1);
  }
}

/** The node of a container that is watched comes back when the kernel tells of its device. */
function watching(): void {
  const loop = new Loop(new Failing());
  const watcher = new HotplugWatcher(loop, new Printing());
  const c = contained(ROOT);
  watcher.add("plain", c.pid, []);
  loop.turn(0);
  say(`quiet=${loop.wakeups}`);
  watcher.add("c", c.pid, rulesOf(["null 0:0 666 @/bin/made"]));
  say(`cold=${describe("null")}`);
  tryUnlink(`${ROOT}/dev/null`);
  putText("/sys/class/mem/null/uevent", "add");
  const deadline = new Deadline();
  loop.arm(deadline, 30000);
  while (describe("null") === "none") loop.turn(-1);
  loop.disarm(deadline);
  say(`hot=${describe("null")}`);
  watcher.remove("c");
  tryUnlink(`${ROOT}/dev/null`);
  putText("/sys/class/mem/null/uevent", "add");
  const before = loop.wakeups;
  loop.turn(0);
  say(`deaf=${describe("null")} ${loop.wakeups - before}`);
  trySignalPidfd(c.pidfd, 9);
  waitPid(c.pid);
}

unshare(CLONE_NEWNS);
mountAt("", "/", "", MS_REC + MS_PRIVATE);
mountAt("tmpfs", ROOT, "tmpfs", 0);
makeDirectory(`${ROOT}/dev`);
mountAt("tmpfs", `${ROOT}/dev`, "tmpfs", 0);
const scenario = process.argv[2]!;
if (scenario === "coldplug") coldplug();
else if (scenario === "traps") traps();
else if (scenario === "events") events();
else if (scenario === "watching") watching();
else say(`problem=no scenario ${scenario}`);

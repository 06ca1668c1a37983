/**
 * Drives the cgroup room on the real kernel, one scenario a run, and prints
 * what happened as "key=value" lines for cgroup.test.ts to check.
 */
import { createCgroups, openUnified, readLayout, removeCgroups, removeContainerParents, resolveDeviceRules, restrictDevices } from "../../../src/cgroup/apply.ts";
import { cgroupProcesses, freezeCgroup, freezeState, isPopulated, killCgroup } from "../../../src/cgroup/kill.ts";
import type { Layout } from "../../../src/cgroup/layout.ts";
import { noLimits } from "../../../src/cgroup/limits.ts";
import { CgroupListener, CgroupMonitor, oomKills } from "../../../src/cgroup/monitor.ts";
import type { CgroupPlan, CgroupRequest } from "../../../src/cgroup/plan.ts";
import { joinFiles, planCgroup } from "../../../src/cgroup/plan.ts";
import { readPressure, readUsage } from "../../../src/cgroup/usage.ts";
import { planHierarchies } from "../../../src/cgroup/hierarchies.ts";
import { mountHierarchies, setUpHierarchies, unmountHierarchies } from "../../../src/cgroup/setup.ts";
import { reason } from "../../../src/sys/error.ts";
import { SIGKILL } from "../../../src/sys/constants.ts";
import { closeFd, makeDirectory, readText, readTextOr, tryOpen, tryPutText, tryRemoveDirectory, writeAll } from "../../../src/sys/files.ts";
import { Faults, Loop, monotonicMs, sleepMs, Timer } from "../../../src/sys/loop.ts";
import { tryMount, tryUnmount } from "../../../src/sys/mounts.ts";
import { cloneProcess, exitNow, tryExec, trySignal, unshare, waitPid } from "../../../src/sys/processes.ts";
import { toUtf8 } from "../../../src/sys/text.ts";

function say(line: string): void {
  writeAll(1, toUtf8(`${line}\n`), "stdout");
}

class Failing extends Faults {
  fault(e: unknown): void {
    say(`fault=${reason(e)}`);
  }
}

class Deadline extends Timer {
  expired(): void {
    say("deadline");
    exitNow(1);
  }
}

class Printing extends CgroupListener {
  readonly loop: Loop;
  constructor(loop: Loop) {
    super();
    this.loop = loop;
  }
  emptied(container: string): void {
    say(`emptied=${container}`);
    this.loop.stop();
  }
  outOfMemory(container: string, kills: number): void {
    say(`oom=${container}:${kills}`);
    this.loop.stop();
  }
}

function request(): CgroupRequest {
  return { container: process.argv[3]!, relative: true, scope: "all", limits: noLimits(), cgroup1: [], cgroup2: [], devices: [] };
}

/** A child inside the groups that waits for `start` bytes, then execs. */
function spawn(plan: CgroupPlan, argv: string[]): number {
  const unified = openUnified(plan);
  const c = cloneProcess(0, unified);
  if (c.pid === 0) {
    try {
      for (const file of joinFiles(plan, true)) if (tryPutText(file, "0") < 0) say(`child=not in ${file}`);
      restrictDevices(plan);
      tryExec(argv[0]!, argv, []);
    } catch (e) {
      say(`child=${reason(e)}`);
    }
    exitNow(125);
  }
  closeFd(unified);
  closeFd(c.pidfd);
  return c.pid;
}

function clean(plan: CgroupPlan): void {
  for (const l of removeCgroups(plan.places)) say(`left=${l}`);
}

function whole(layout: Layout): void {
  const r = request();
  r.limits.memoryMax = 33554432;
  r.limits.memorySwap = 0;
  r.limits.cpuWeight = 200;
  r.limits.cpuQuota = 50000;
  r.limits.pidsMax = 20;
  const plan = planCgroup(layout, r);
  for (const w of [...plan.warnings, ...createCgroups(plan)]) say(`warning=${w}`);
  const pid = spawn(plan, ["/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait"]);
  const deadline = monotonicMs() + 10000;
  while (cgroupProcesses(plan.places).length < 3 && monotonicMs() < deadline) sleepMs(5);
  say(`processes=${cgroupProcesses(plan.places).length}`);
  for (const line of readText(`/proc/${pid}/cgroup`).trim().split("\n")) say(`member=${line}`);
  for (const w of plan.before) say(`value=${w.path.slice(w.path.lastIndexOf("/") + 1)}:${readTextOr(w.path, "").trim()}`);
  const usage = readUsage(plan.places);
  say(`usage=${usage.memoryBytes > 0},${usage.cpuUs > 0},${usage.processes >= 3}`);
  say(`pressure=${readPressure(plan.places, "memory") !== null}`);
  say(`freeze=${freezeCgroup(plan.places, true)}`);
  while (freezeState(plan.places) === "freezing" && monotonicMs() < deadline) sleepMs(1);
  say(`state=${freezeState(plan.places)}`);
  freezeCgroup(plan.places, false);
  const loop = new Loop(new Failing());
  const monitor = new CgroupMonitor(loop, new Printing(loop));
  monitor.add(r.container, plan.places);
  killCgroup(plan.places);
  const ended = waitPid(pid);
  say(`ended=${ended.exited},${ended.status}`);
  if (!monitor.awaitEmpty(r.container)) {
    while (isPopulated(plan.places)) loop.turn(10000);
  }
  say(`populated=${isPopulated(plan.places)}`);
  monitor.remove(r.container);
  clean(plan);
}

function devices(layout: Layout): void {
  const r = request();
  r.devices = resolveDeviceRules([
    { version: 1, allow: false, type: "a", major: -1, minor: -1, access: "rwm", path: "", at: "c:1" },
    { version: 1, allow: true, type: "a", major: -1, minor: -1, access: "rw", path: "/dev/null", at: "c:2" },
  ], []);
  const plan = planCgroup(layout, r);
  createCgroups(plan);
  const pid = spawn(plan, ["/bin/sh", "-c", ": </dev/null || exit 3; (: </dev/zero) 2>/dev/null && exit 4; exit 0"]);
  say(`ended=${waitPid(pid).status}`);
  clean(plan);
}

function oom(layout: Layout): void {
  const r = request();
  r.limits.memoryMax = 16777216;
  r.limits.memorySwap = 0;
  const plan = planCgroup(layout, r);
  createCgroups(plan);
  const loop = new Loop(new Failing());
  const monitor = new CgroupMonitor(loop, new Printing(loop));
  monitor.add(r.container, plan.places);
  const pid = spawn(plan, ["/bin/sh", "-c", "exec tail -n 1 /dev/zero >/dev/null"]);
  say(`before=${oomKills(plan.places)}`);
  loop.arm(new Deadline(), 20000);
  loop.run();
  say(`signal=${waitPid(pid).status}`);
  say(`kills=${oomKills(plan.places)}`);
  monitor.remove(r.container);
  clean(plan);
}

/** Emptiness of processes that are no children of the init, told by events. */
function stragglers(layout: Layout): void {
  const plan = planCgroup(layout, request());
  createCgroups(plan);
  const loop = new Loop(new Failing());
  const monitor = new CgroupMonitor(loop, new Printing(loop));
  monitor.add(plan.container, plan.places);
  const pid = spawn(plan, ["/bin/sh", "-c", "setsid sleep 0.3 & exit 0"]);
  waitPid(pid);
  say(`empty=${monitor.awaitEmpty(plan.container)}`);
  loop.arm(new Deadline(), 20000);
  loop.run();
  say(`populated=${isPopulated(plan.places)}`);
  monitor.remove(plan.container);
  clean(plan);
}

/** Sub-groups of the container, with processes in them, are ended and removed too. */
function nested(layout: Layout): void {
  const plan = planCgroup(layout, request());
  createCgroups(plan);
  const pid = spawn(plan, ["/bin/sleep", "1000"]);
  for (const p of plan.places) {
    makeDirectory(`${p.directory}/sub`);
    makeDirectory(`${p.directory}/sub/sub`);
    if (!p.controllers.includes("cpuset")) tryPutText(`${p.directory}/sub/sub/cgroup.procs`, String(pid));
  }
  say(`processes=${cgroupProcesses(plan.places).length}`);
  killCgroup(plan.places);
  say(`signal=${waitPid(pid).status}`);
  say(`populated=${isPopulated(plan.places)}`);
  clean(plan);
}

/** Groups are made while somebody takes the empty group above them away again and again. */
function contested(layout: Layout): void {
  const r = request();
  r.limits.memoryMax = 33554432;
  r.limits.pidsMax = 20;
  const plan = planCgroup(layout, r);
  const taker = cloneProcess(0);
  if (taker.pid === 0) {
    for (;;) {
      for (const p of plan.places) {
        if (tryRemoveDirectory(p.directory.slice(0, p.directory.lastIndexOf("/"))) === 0) sleepMs(1); // nobody ends more often
      }
    }
  }
  let made = 0;
  for (let i = 0; i < 400; i++) {
    try {
      createCgroups(plan);
      made++;
    } catch (e) {
      say(`refused=${reason(e)}`);
    }
    clean(plan);
  }
  trySignal(taker.pid, SIGKILL);
  waitPid(taker.pid);
  closeFd(taker.pidfd);
  say(`made=${made}`);
}

/** Makes and removes, or says why not. */
function tryCreate(layout: Layout, r: CgroupRequest): void {
  const plan = planCgroup(layout, r);
  try {
    createCgroups(plan);
    clean(plan);
  } catch (e) {
    say(`error=${reason(e)}`);
  }
}

function refused(layout: Layout): void {
  const r = request();
  r.limits.memoryMax = 33554432;
  if (process.argv[2] === "made") {
    r.limits.pidsMax = 20;
    r.limits.cpuWeight = 50;
    tryCreate(layout, r);
    return;
  }
  r.cgroup1 = [{ controller: "pids", file: "pids.max", value: "many", at: "lxc.container.conf:4" }];
  if (process.argv[4] === "file") r.cgroup1 = [{ controller: "memory", file: "memory.nonsense", value: "1", at: "lxc.container.conf:5" }];
  const plan = planCgroup(layout, r);
  try {
    createCgroups(plan);
    say("created");
  } catch (e) {
    say(`error=${reason(e)}`);
  }
  for (const p of plan.places) if (tryOpen(p.directory, 0) >= 0) say(`left=${p.directory}`);
}

/** A second start of a name whose groups stayed: replaced when empty, refused by name when not. */
function again(layout: Layout): void {
  const plan = planCgroup(layout, request());
  createCgroups(plan);
  createCgroups(plan);
  say("replaced");
  const pid = spawn(plan, ["/bin/sleep", "1000"]);
  const deadline = monotonicMs() + 10000;
  while (readText(`/proc/${pid}/comm`).trim() !== "sleep" && monotonicMs() < deadline) sleepMs(1);
  try {
    createCgroups(plan);
  } catch (e) {
    say(`error=${reason(e)}`);
  }
  killCgroup(plan.places);
  waitPid(pid);
  clean(plan);
}

/** PID 1's mounts, in a mount namespace of their own. */
function hierarchies(): void {
  unshare(0x20000);
  tryMount("", "/", "", 0x40000 + 16384);
  tryMount("tmpfs", "/sys/fs", "tmpfs", 0);
  const steps = planHierarchies("hybrid", readText("/proc/cgroups"));
  for (const w of mountHierarchies(steps)) say(`warning=${w}`);
  const l = readLayout();
  say(`kind=${l.kind}`);
  say(`controllers=${l.hierarchies.map((h) => h.controllers.join("+")).join(" ")}`);
  removeContainerParents(l, false);
  unmountHierarchies(steps);
  say(`after=${readLayout().hierarchies.filter((h) => !h.mount.startsWith("/sys/fs/cgroup")).length}`);
  tryUnmount("/sys/fs", 2);
}

/** PID 1's mounts, to stay. */
function mountFor(kind: string): void {
  for (const w of setUpHierarchies(kind)) say(`warning=${w}`);
  say(`kind=${readLayout().kind}`);
}

function main(): void {
  const layout = readLayout();
  const what = process.argv[2]!;
  if (what === "layout") say(`${layout.kind} ${layout.hierarchies.map((h) => `${h.version}:${h.controllers.join("+")}:${h.own}`).join(" ")}`);
  else if (what === "whole") whole(layout);
  else if (what === "devices") devices(layout);
  else if (what === "oom") oom(layout);
  else if (what === "stragglers") stragglers(layout);
  else if (what === "nested") nested(layout);
  else if (what === "contested") contested(layout);
  else if (what === "refused" || what === "made") refused(layout);
  else if (what === "again") again(layout);
  else if (what === "hierarchies") hierarchies();
  else if (what === "mount") mountFor(process.argv[3]!);
}

main();

/**
 * A new manager goes on with what the one before it was doing for a container,
 * as the journal has it: runs on, stays stopped, is judged by its end, or is
 * cleared away and starts anew.
 * Rules: design "Re-adoption".
 */
import { cgroupProcesses, freezeState, isPopulated } from "../cgroup/kill.ts";
import type { CgroupPlace } from "../cgroup/plan.ts";
import { openNetNamespace } from "../net/apply.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import type { Unit } from "../supervisor/unit.ts";
import { reason } from "../sys/error.ts";
import { closeFd, readTextOr } from "../sys/files.ts";
import { monotonicMs } from "../sys/loop.ts";
import { tryOpenPidfd } from "../sys/processes.ts";
import type { VolumePlan } from "../volume/plan.ts";
import type { Attachment } from "./attachment.ts";
import { watchEnd } from "./ends.ts";
import { followFiles } from "./followed.ts";
import { processStart, type Entry } from "./journal.ts";
import { volumePlanOf } from "./prepare.ts";
import { ContainerRuntime } from "./runtime.ts";

/** The manager before us had seen its program run. */
function hadRun(e: Entry): boolean {
  return e.phase === "STARTED" || e.phase === "READY" || e.phase === "STOPPING";
}

/** It runs at this moment. */
export function stillRuns(e: Entry): boolean {
  return hadRun(e) && e.pid > 0 && processStart(e.pid) === e.startTicks;
}

/** Goes on with a container of the manager before us, or clears away what is left of it. */
export function takeOver(unit: Unit, e: Entry, boss: Supervisor, runtime: ContainerRuntime): void {
  unit.retries = e.retries;
  unit.userStopped = e.userStopped;
  unit.startedMs = e.startedMs;
  unit.starts = e.starts;
  unit.healthFailures = e.healthFailures;
  unit.healthFailedMs = monotonicMs();
  unit.previous = { kind: e.endKind, code: e.endCode, reason: e.endReason, lastLines: "", outOfMemory: e.outOfMemory };
  unit.wish = e.wish === "discard" ? "restart" : e.wish; // the manager that wanted to end all is gone
  if (e.phase === "STOPPED" && (e.userStopped || e.settled || e.wish === "stop")) {
    unit.wish = "none";
    unit.userStopped = e.userStopped || e.wish === "stop";
    unit.settled = true;
    boss.adopt(unit, "STOPPED");
    return;
  }
  if (stillRuns(e)) {
    unit.pid = e.pid;
    unit.startTicks = e.startTicks;
    if (adopt(unit, runtime)) {
      unit.stable = e.stable;
      boss.adopt(unit, e.phase === "READY" ? "READY" : "STARTED");
      followFiles(runtime, runtime.attachment(unit));
      if (unit.wish === "stop" || unit.wish === "restart") boss.requestStop(unit, unit.wish);
      return;
    }
    unit.pid = 0;
    unit.startTicks = 0;
  }
  if (e.phase === "MOUNTED" && unit.wish === "none") {
    recall(unit, runtime, false);
    boss.adopt(unit, "MOUNTED");
    return;
  }
  if (e.phase === "RECOVERING" && unit.wish === "none") boss.recoverAt(unit, e.retryMs);
  const waits = e.phase === "STOPPED" || e.phase === "RECOVERING" || e.phase === "INSTALLED" || e.phase === "BLOCKED";
  if (hadRun(e) || e.phase === "CLEANING" || e.phase === "STOPPED" || unit.wish !== "none") {
    // it has ended, or is to: what follows is decided as ever
    unit.ending = e.phase === "CLEANING" || waits ? unit.previous : { kind: "unknown", code: -1, reason: "ended while no manager was there", lastLines: "", outOfMemory: false };
    boss.adopt(unit, "CLEANING");
  }
  sweep(unit, runtime, !waits || unit.phase === "CLEANING");
}

/** Takes over a running container; false when it ended meanwhile. */
function adopt(unit: Unit, runtime: ContainerRuntime): boolean {
  const pidfd = tryOpenPidfd(unit.pid);
  if (pidfd < 0 || processStart(unit.pid) !== unit.startTicks) {
    closeFd(pidfd);
    return false;
  }
  const a = recall(unit, runtime, true);
  a.adopted = true;
  const froze = freezeState(a.places);
  unit.frozen = froze === "frozen" || froze === "freezing";
  if (a.network !== null) a.netFd = openNetNamespace(a.network, unit.pid);
  unit.pidfd = pidfd;
  runtime.cleaning.monitor.add(unit.name(), a.places);
  watchEnd(runtime, a);
  runtime.rules.begin(unit);
  return true;
}

/**
 * Clears away what a container of an earlier manager left: processes, groups,
 * mounts. Its start waits for that; in phase CLEANING "cleaned" follows.
 * known: the journal knows of a run, so that there is something to look for.
 */
export function sweep(unit: Unit, runtime: ContainerRuntime, known: boolean): void {
  const a = recall(unit, runtime, known);
  const left = known || isPopulated(a.places) || cgroupProcesses(a.places).length > 0;
  if (!left && !anythingMounted(volumePlanOf(runtime.around, unit.container)) && !anyGroup(a.places)) return;
  runtime.log.info("container", "clearing away what is left of it", ["name", unit.name()]);
  runtime.cleaning.monitor.add(unit.name(), a.places);
  runtime.clean(unit);
}

/** The plans of a container that an earlier manager had started. whole: with those that its configuration is read for. */
function recall(unit: Unit, runtime: ContainerRuntime, whole: boolean): Attachment {
  const a = runtime.attachment(unit);
  a.begin(runtime.around.facts.layout);
  a.followed = runtime.settings.followLogs;
  if (!whole || unit.container.config === "") return a;
  try {
    a.take(runtime.mounting.prepare(unit.container));
    a.prepared = null;
    a.networked = true;
  } catch (e) {
    runtime.log.warn("container", "its configuration can't be read any more", ["name", unit.name(), "why", reason(e)]);
  }
  return a;
}

function anythingMounted(plan: VolumePlan): boolean {
  const mounts = readTextOr("/proc/self/mounts", "", 4 * 1048576);
  return plan.steps.some((s) => mounts.includes(` ${s.target} `));
}

function anyGroup(places: CgroupPlace[]): boolean {
  return places.some((p) => readTextOr(`${p.directory}/cgroup.procs`, "-") !== "-");
}

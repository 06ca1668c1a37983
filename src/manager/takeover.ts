/**
 * A new manager goes on with what the one before it was doing for a container,
 * as the journal has it: runs on, stays stopped, is judged by its end, or is
 * cleared away and starts anew.
 * Rules: design "Re-adoption".
 */
import { Supervisor } from "../supervisor/supervisor.ts";
import type { Unit } from "../supervisor/unit.ts";
import { monotonicMs } from "../sys/loop.ts";
import { processStart, type Entry } from "./journal.ts";
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
    if (runtime.adopt(unit)) {
      boss.adopt(unit, e.phase === "READY" ? "READY" : "STARTED");
      if (unit.wish === "stop" || unit.wish === "restart") boss.requestStop(unit, unit.wish);
      return;
    }
    unit.pid = 0;
    unit.startTicks = 0;
  }
  if (e.phase === "MOUNTED" && unit.wish === "none") {
    runtime.adoptMounted(unit);
    boss.adopt(unit, "MOUNTED");
    return;
  }
  const waits = e.phase === "STOPPED" || e.phase === "RECOVERING" || e.phase === "INSTALLED" || e.phase === "BLOCKED";
  if (hadRun(e) || e.phase === "CLEANING" || unit.wish !== "none") {
    // it has ended, or is to: what follows is decided as ever
    unit.ending = e.phase === "CLEANING" ? unit.previous : { kind: "unknown", code: -1, reason: "ended while no manager was there", lastLines: "", outOfMemory: false };
    boss.adopt(unit, "CLEANING");
  }
  runtime.sweep(unit, !waits || unit.phase === "CLEANING");
}

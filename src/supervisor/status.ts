/**
 * Statuses of a container and the goals they are measured against. Order,
 * names and comparison rules: state format spec, "Status, goals, startup".
 */

import type { Goal } from "../state/model.ts";

export type Status =
  | "NONE" | "INSTALLED" | "MOUNTED" | "BLOCKED" | "STARTING" | "STARTED" | "READY" | "RECOVERING" | "STOPPING" | "STOPPED";

/** What the supervisor tells apart beyond the public statuses: volumes being mounted, volumes being taken down after the end. */
export type Phase = Status | "MOUNTING" | "CLEANING";

const ORDER: Status[] = ["NONE", "INSTALLED", "MOUNTED", "BLOCKED", "STARTING", "STARTED", "READY", "RECOVERING", "STOPPING", "STOPPED"];

/** As a line of the log calls them. */
const WORDS = ["none", "installed", "mounted", "blocked", "starting", "started", "ready", "recovering", "stopping", "stopped"];

export function statusWord(status: Status): string {
  return WORDS[rank(status)]!;
}

/** Position in the order of the spec, NONE lowest. */
export function rank(status: Status): number {
  return ORDER.indexOf(status);
}

/** What clients see of a phase. */
export function statusOf(phase: Phase): Status {
  if (phase === "MOUNTING") return "INSTALLED";
  if (phase === "CLEANING") return "STOPPING";
  return phase;
}

export type GoalState = "achieved" | "unachieved" | "timedout";

/** Where a container stands towards its goal; `timedOut`: its goal timer ran out. */
export function goalState(status: Status, goal: Goal, timedOut: boolean): GoalState {
  if (status === goal) return "achieved";
  if (rank(status) < rank("STARTING")) return "unachieved";
  if (rank(status) > rank(goal)) return "achieved";
  return timedOut ? "timedout" : "unachieved";
}

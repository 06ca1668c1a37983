/**
 * The life of one container as a table: phase × event → next phase and the
 * effects that go with it. The supervisor performs the effects; this file
 * never does anything. A pair that is neither an edge nor on the ignore list
 * is a defect and is logged as one. Rules: runtime spec "Status, goals,
 * recovery", "Start", "Stop".
 */
import type { Phase } from "./status.ts";

export type Event =
  | "go" // its groups and dependencies allow the start
  | "hold" // they don't
  | "mounted" | "mount-only" // volumes are there; the second: and MOUNTED is the goal
  | "started" // the payload runs
  | "failed" // mounting or starting was refused
  | "ready" | "exited" | "cleaned"
  | "stop" | "kill" // kill: the stop took too long
  | "recover" | "retry" | "start";

export type Effect =
  | "mount" | "spawn" | "signal" | "kill" | "clean" | "decide" | "arm-retry" | "disarm-retry" | "reset" | "release";

export type Edge = { from: Phase; on: Event; to: Phase; effects: Effect[] };

export const EDGES: Edge[] = [
  { from: "INSTALLED", on: "hold", to: "BLOCKED", effects: [] },
  { from: "INSTALLED", on: "go", to: "MOUNTING", effects: ["mount"] },
  { from: "INSTALLED", on: "stop", to: "STOPPED", effects: ["decide"] },
  { from: "BLOCKED", on: "go", to: "MOUNTING", effects: ["mount"] },
  { from: "BLOCKED", on: "stop", to: "STOPPED", effects: ["decide"] },
  { from: "MOUNTING", on: "mounted", to: "STARTING", effects: ["spawn"] },
  { from: "MOUNTING", on: "mount-only", to: "MOUNTED", effects: ["release"] },
  { from: "MOUNTING", on: "failed", to: "CLEANING", effects: ["clean"] },
  { from: "MOUNTED", on: "stop", to: "CLEANING", effects: ["clean"] },
  { from: "STARTING", on: "started", to: "STARTED", effects: ["release"] },
  { from: "STARTING", on: "failed", to: "CLEANING", effects: ["clean"] },
  { from: "STARTING", on: "exited", to: "CLEANING", effects: ["clean"] },
  { from: "STARTING", on: "stop", to: "STOPPING", effects: ["signal"] },
  { from: "STARTED", on: "ready", to: "READY", effects: ["release"] },
  { from: "STARTED", on: "exited", to: "CLEANING", effects: ["clean"] },
  { from: "STARTED", on: "stop", to: "STOPPING", effects: ["signal"] },
  { from: "READY", on: "exited", to: "CLEANING", effects: ["clean"] },
  { from: "READY", on: "stop", to: "STOPPING", effects: ["signal"] },
  { from: "STOPPING", on: "kill", to: "STOPPING", effects: ["kill"] },
  { from: "STOPPING", on: "exited", to: "CLEANING", effects: ["clean"] },
  { from: "STOPPING", on: "failed", to: "CLEANING", effects: ["clean"] },
  { from: "CLEANING", on: "cleaned", to: "STOPPED", effects: ["decide", "release"] },
  { from: "STOPPED", on: "recover", to: "RECOVERING", effects: ["arm-retry"] },
  { from: "STOPPED", on: "start", to: "INSTALLED", effects: ["reset", "release"] },
  { from: "RECOVERING", on: "retry", to: "INSTALLED", effects: ["release"] },
  { from: "RECOVERING", on: "start", to: "INSTALLED", effects: ["disarm-retry", "reset", "release"] },
  { from: "RECOVERING", on: "stop", to: "STOPPED", effects: ["disarm-retry", "decide"] },
];

/** Pairs that may come and mean nothing: requests that are already being met, news that came too late. */
export const IGNORED: { from: Phase; on: Event[] }[] = [
  { from: "NONE", on: ["go", "hold", "mounted", "mount-only", "started", "failed", "ready", "exited", "cleaned", "stop", "kill", "recover", "retry", "start"] },
  { from: "INSTALLED", on: ["start", "retry", "kill", "mounted", "mount-only", "started", "failed", "ready", "exited", "cleaned", "recover"] },
  { from: "BLOCKED", on: ["hold", "start", "retry", "kill", "mounted", "mount-only", "started", "failed", "ready", "exited", "cleaned", "recover"] },
  // a stop while volumes are being mounted waits for the worker: the supervisor remembers the wish
  { from: "MOUNTING", on: ["go", "hold", "stop", "start", "retry", "kill", "started", "ready", "exited", "cleaned", "recover"] },
  { from: "MOUNTED", on: ["go", "hold", "start", "retry", "kill", "mounted", "mount-only", "started", "failed", "ready", "exited", "cleaned", "recover"] },
  { from: "STARTING", on: ["go", "hold", "start", "retry", "kill", "mounted", "mount-only", "ready", "cleaned", "recover"] },
  { from: "STARTED", on: ["go", "hold", "start", "retry", "kill", "mounted", "mount-only", "started", "failed", "cleaned", "recover"] },
  { from: "READY", on: ["go", "hold", "start", "retry", "kill", "mounted", "mount-only", "started", "failed", "ready", "cleaned", "recover"] },
  { from: "STOPPING", on: ["go", "hold", "start", "retry", "stop", "mounted", "mount-only", "started", "ready", "cleaned", "recover"] },
  { from: "CLEANING", on: ["go", "hold", "start", "stop", "retry", "kill", "mounted", "mount-only", "started", "failed", "ready", "exited", "recover"] },
  { from: "STOPPED", on: ["go", "hold", "stop", "retry", "kill", "mounted", "mount-only", "started", "failed", "ready", "exited", "cleaned"] },
  { from: "RECOVERING", on: ["go", "hold", "kill", "mounted", "mount-only", "started", "failed", "ready", "exited", "cleaned", "recover"] },
];

/** The edge for a pair, or null when nothing happens. */
export function edgeFor(from: Phase, on: Event): Edge | null {
  for (const e of EDGES) if (e.from === from && e.on === on) return e;
  return null;
}

export function isIgnored(from: Phase, on: Event): boolean {
  for (const i of IGNORED) if (i.from === from) return i.on.includes(on);
  return false;
}

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

/** Phase, event, next phase, effects. One text that is searched: nothing is built when a program starts. */
export const EDGES = `
INSTALLED hold BLOCKED
INSTALLED go MOUNTING mount
INSTALLED stop STOPPED decide
BLOCKED go MOUNTING mount
BLOCKED stop STOPPED decide
MOUNTING mounted STARTING spawn
MOUNTING mount-only MOUNTED release
MOUNTING failed CLEANING clean
MOUNTED stop CLEANING clean
STARTING started STARTED release
STARTING failed CLEANING clean
STARTING exited CLEANING clean
STARTING stop STOPPING signal
STARTED ready READY release
STARTED exited CLEANING clean
STARTED stop STOPPING signal
READY exited CLEANING clean
READY stop STOPPING signal
STOPPING kill STOPPING kill
STOPPING exited CLEANING clean
STOPPING failed CLEANING clean
CLEANING cleaned STOPPED decide release
STOPPED recover RECOVERING arm-retry
STOPPED retry INSTALLED release
STOPPED start INSTALLED reset release
RECOVERING retry INSTALLED release
RECOVERING start INSTALLED disarm-retry reset release
RECOVERING stop STOPPED disarm-retry decide
`;

/**
 * Phase, and the events that may come there and mean nothing: requests that
 * are already being met, news that came too late. A stop while volumes are
 * being mounted waits for the worker: the supervisor remembers the wish.
 */
export const IGNORED = `
NONE go hold mounted mount-only started failed ready exited cleaned stop kill recover retry start
INSTALLED start retry kill mounted mount-only started failed ready exited cleaned recover
BLOCKED hold start retry kill mounted mount-only started failed ready exited cleaned recover
MOUNTING go hold stop start retry kill started ready exited cleaned recover
MOUNTED go hold start retry kill mounted mount-only started failed ready exited cleaned recover
STARTING go hold start retry kill mounted mount-only ready cleaned recover
STARTED go hold start retry kill mounted mount-only started failed cleaned recover
READY go hold start retry kill mounted mount-only started failed ready cleaned recover
STOPPING go hold start retry stop mounted mount-only started ready cleaned recover
CLEANING go hold start stop retry kill mounted mount-only started failed ready exited recover
STOPPED go hold stop kill mounted mount-only started failed ready exited cleaned
RECOVERING go hold kill mounted mount-only started failed ready exited cleaned recover
`;

/** The rest of the table's line that begins with these words; "" when there is none. */
function lineOf(table: string, words: string): string {
  const at = table.indexOf(`\n${words} `);
  if (at < 0) return "";
  const start = at + words.length + 2;
  return table.slice(start, table.indexOf("\n", start));
}

/** The edge for a pair, or null when nothing happens. */
export function edgeFor(from: Phase, on: Event): Edge | null {
  const line = lineOf(EDGES, `${from} ${on}`);
  if (line === "") return null;
  const words = line.split(" ");
  return { from, on, to: words[0]! as Phase, effects: words.slice(1) as Effect[] };
}

export function isIgnored(from: Phase, on: Event): boolean {
  return ` ${lineOf(IGNORED, from)} `.includes(` ${on} `);
}

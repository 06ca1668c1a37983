/**
 * How a run of a container ended, in words for people. Pure.
 */
import type { Ended } from "../sys/processes.ts";

const SIGKILL = 9;

/** ended: null when nobody knows how. outOfMemory: the kernel killed something in it for lack of memory. stoppedFor: why the manager ended it, "" when it did not. */
export function endingText(ended: Ended | null, outOfMemory: boolean, stoppedFor: string): string {
  const parts: string[] = [];
  if (ended === null) parts.push("ended, nobody knows how");
  else if (ended.exited) parts.push(`exited with status ${ended.status}`);
  else parts.push(`killed by signal ${ended.status}`);
  if (outOfMemory) parts.push(ended !== null && !ended.exited && ended.status === SIGKILL ? "out of memory" : "a process of it was killed for lack of memory");
  if (stoppedFor !== "") parts.push(stoppedFor);
  return parts.length === 1 ? parts[0]! : `${parts[0]!} (${parts.slice(1).join("; ")})`;
}

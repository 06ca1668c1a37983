/**
 * Children that the program before this one has left to its process when it
 * executed itself again: workers, and containers that were still being set
 * up. Nobody waits for what they do any more: they are ended, and reaped.
 */
import { SIGKILL } from "../sys/constants.ts";
import { listDirectory, readTextOr } from "../sys/files.ts";
import { processId, trySignal, waitPid } from "../sys/processes.ts";
import { parseDecimal, words } from "../sys/text.ts";
import { LOGGER_NAME } from "../log/client.ts";

/** kept: pids of containers that run on. Result: pid of the logger where it is our child, else 0. */
export function endStrays(kept: number[]): number {
  const own = processId();
  let logger = 0;
  for (const name of listDirectory("/proc")) {
    const pid = parseDecimal(name);
    if (pid <= 0 || kept.includes(pid)) continue;
    const stat = readTextOr(`/proc/${pid}/stat`, "");
    const end = stat.lastIndexOf(")");
    const fields = words(stat.slice(end + 1));
    if (fields.length < 2 || parseDecimal(fields[1]!) !== own) continue;
    if (stat.slice(stat.indexOf("(") + 1, end) === LOGGER_NAME) {
      logger = pid;
      continue;
    }
    trySignal(pid, SIGKILL);
    waitPid(pid);
  }
  return logger;
}

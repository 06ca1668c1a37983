/**
 * Which log files inside a container the logger follows, and handing them to
 * it with a way into the container's root. Rules: logs spec §8 "Files".
 */
import { formatValue } from "../log/line.ts";
import type { FollowedPath } from "../log/wire.ts";
import type { LogFile } from "../state/model.ts";
import { O_DIRECTORY, O_PATH } from "../sys/constants.ts";
import { closeFd, readTextOr, tryOpen } from "../sys/files.ts";
import { toUtf8 } from "../sys/text.ts";
import type { Attachment } from "./attachment.ts";
import { processStart } from "./journal.ts";
import type { ContainerRuntime } from "./runtime.ts";

/** So many paths of at most so many bytes fit into one frame to the logger. */
const MAX_FILES = 24;
const MAX_PATH = 1000;
/** Below the container's log folder these are ours. */
const OURS = ["/lxc/console.log", "/lxc/lxc.log"];

export type FollowPlan = { files: FollowedPath[]; problems: string[] };

/** What is to be followed, each once, without "." and "//" in its path, which is that of our copy as well. */
export function planFollowed(logs: LogFile[]): FollowPlan {
  const plan: FollowPlan = { files: [], problems: [] };
  for (const l of logs) {
    const parts = l.file.split("/").filter((p) => p !== "" && p !== ".");
    const path = `/${parts.join("/")}`;
    if (plan.files.some((f) => f.path === path)) continue;
    let why = "";
    if (parts.length === 0 || parts.includes("..") || toUtf8(path).length > MAX_PATH || path.includes("\0")) why = "is no path of a log file";
    else if (OURS.includes(path)) why = "would be kept where the manager's own log of the container is";
    else if (plan.files.length === MAX_FILES) why = `is one too many: ${MAX_FILES} are followed`;
    if (why !== "") plan.problems.push(`${formatValue(l.file)} ${why}`);
    else plan.files.push({ path, maxSize: l.truncate ? l.maxSize : 0 });
  }
  return plan;
}

/** Its program runs, or another logger has come: from now on its files are followed. */
export function followFiles(r: ContainerRuntime, a: Attachment): void {
  const unit = a.unit;
  if (!r.settings.followLogs || unit.container.config === "" || unit.pid <= 0 || unit.phase === "STARTING") return;
  const plan = planFollowed(unit.container.logs);
  for (const p of plan.problems) r.log.warn("log", "a log file is not followed", ["name", unit.name(), "why", p]);
  if (plan.files.length === 0) return;
  const root = tryOpen(`/proc/${unit.pid}/root`, O_PATH | O_DIRECTORY);
  if (root < 0) return; // it has ended meanwhile
  const uidMap = readTextOr(`/proc/${unit.pid}/uid_map`, "");
  const folder = `${r.settings.logs}/${unit.revision}/${unit.name()}`;
  const isIts = !a.adopted || processStart(unit.pid) === unit.startTicks; // an adopted one may have been reaped, and its pid be another's
  a.followed = a.followed || isIts;
  if (isIts && !r.logger.send({ kind: "follow", name: unit.name(), pid: unit.pid, uidMap, folder, maxBytes: r.settings.logFileBytes, files: plan.files }, [root])) {
    r.log.warn("log", "its log files are not followed", ["name", unit.name(), "why", "the logger takes nothing"]);
  }
  closeFd(root);
}

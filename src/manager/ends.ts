/**
 * How the processes of containers end: seen by pidfd; the status comes from
 * the process itself, or from PID 1 where a manager before us had started it.
 */
import { endingText } from "../supervisor/ending_text.ts";
import { EPOLLIN } from "../sys/constants.ts";
import { ECHILD } from "../sys/errno.ts";
import { errnoOf } from "../sys/error.ts";
import { closeFd } from "../sys/files.ts";
import { Timer, Watch } from "../sys/loop.ts";
import { endOfPidfd, reapPidfd, type Ended } from "../sys/processes.ts";
import type { Attachment } from "./attachment.ts";
import type { ContainerRuntime } from "./runtime.ts";

/** How long the status of an adopted process may take to come from PID 1. */
const STATUS_MS = 500;

class PidWatch extends Watch {
  private readonly runtime: ContainerRuntime;
  private readonly a: Attachment;
  constructor(runtime: ContainerRuntime, a: Attachment) {
    super();
    this.runtime = runtime;
    this.a = a;
  }
  ready(_events: number): void {
    seen(this.runtime, this.a);
  }
}

/** An adopted process has ended and nobody has said how in time. */
class StatusTimer extends Timer {
  private readonly runtime: ContainerRuntime;
  private readonly a: Attachment;
  constructor(runtime: ContainerRuntime, a: Attachment) {
    super();
    this.runtime = runtime;
    this.a = a;
  }
  expired(): void {
    ended(this.runtime, this.a, null);
  }
}

/** From now on the end of the unit's process is seen. */
export function watchEnd(r: ContainerRuntime, a: Attachment): void {
  r.loop.add(a.unit.pidfd, EPOLLIN, new PidWatch(r, a));
}

/** The init of a container has ended: its pidfd says so. */
function seen(r: ContainerRuntime, a: Attachment): void {
  const unit = a.unit;
  r.loop.remove(unit.pidfd);
  let how: Ended | null = null;
  try {
    how = reapPidfd(unit.pidfd);
  } catch (e) {
    if (errnoOf(e) !== ECHILD) throw e;
    how = endOfPidfd(unit.pidfd) ?? r.statuses.get(unit.pid) ?? null;
    if (how === null && a.adopted) {
      a.statusTimer = new StatusTimer(r, a);
      r.loop.arm(a.statusTimer, STATUS_MS);
      return;
    }
  }
  ended(r, a, how);
}

/** PID 1 has reaped a process of ours that the manager before us had started. */
export function reaped(r: ContainerRuntime, pid: number, exited: boolean, code: number): void {
  const how: Ended = { pid, exited, status: code };
  for (const a of r.attachments.values()) {
    if (a.unit.pid !== pid) continue;
    if (a.statusTimer !== null) ended(r, a, how);
    else r.statuses.set(pid, how);
  }
}

/** how: null when nobody knows. */
function ended(r: ContainerRuntime, a: Attachment, how: Ended | null): void {
  const unit = a.unit;
  if (a.statusTimer !== null) r.loop.disarm(a.statusTimer);
  a.statusTimer = null;
  r.statuses.delete(unit.pid);
  if (unit.phase === "STARTING") r.reported(a); // it may still be unread when the end is seen first
  r.rules.end(unit);
  closeFd(unit.pidfd);
  unit.pidfd = -1;
  if (unit.ending.kind === "none") {
    const kills = r.cleaning.killsOf(a);
    unit.ending.outOfMemory = kills > 0;
    unit.ending.kind = how === null ? "unknown" : how.exited ? "exited" : "killed";
    unit.ending.code = how === null ? -1 : how.status;
    unit.ending.reason = endingText(how, kills > 0, unit.stoppedFor);
  }
  unit.pid = 0;
  unit.startTicks = 0;
  if (a.cleaning) r.cleaning.goOn(a);
  else r.tell(unit, "exited");
}

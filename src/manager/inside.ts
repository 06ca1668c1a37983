/**
 * A command run inside a container for the manager: a health check, what a
 * rule of mdev.json wants. Bounded in time, its output goes nowhere, its end
 * is told. Never blocks.
 */
import { readLayout } from "../cgroup/apply.ts";
import { cgroupFilesOf, enter, readEntered } from "../container/enter.ts";
import { failureText } from "../container/report.ts";
import { EPOLLIN, O_RDWR, SIGKILL } from "../sys/constants.ts";
import { ECHILD } from "../sys/errno.ts";
import { errnoOf } from "../sys/error.ts";
import { closeFd, openFile, readTextOr } from "../sys/files.ts";
import { Timer, Watch, type Loop } from "../sys/loop.ts";
import { reapPidfd, trySignalPidfd, type Ended } from "../sys/processes.ts";

/** Told of the end: ok is exit status 0; why is for people. */
export abstract class InsideEnd {
  abstract ended(ok: boolean, why: string): void;
}

/** pid: the container's init. filter: its seccomp filter. */
export type InsideWish = { name: string; pid: number; command: string[]; environment: string[]; filter: Uint8Array; timeoutMs: number };

class Late extends Timer {
  private readonly run: InsideRun;
  constructor(run: InsideRun) {
    super();
    this.run = run;
  }
  expired(): void {
    this.run.late();
  }
}

export class InsideRun extends Watch {
  private readonly loop: Loop;
  private readonly wish: InsideWish;
  private end: InsideEnd | null;
  private readonly timer: Timer = new Late(this);
  private pidfd = -1;
  private report = -1;
  private isLate = false;

  constructor(loop: Loop, wish: InsideWish, end: InsideEnd) {
    super();
    this.loop = loop;
    this.wish = wish;
    this.end = end;
  }

  /** Throws SysError when no process can be made. */
  start(): void {
    const w = this.wish;
    const nowhere = openFile("/dev/null", O_RDWR);
    try {
      const entered = enter({
        pid: w.pid, command: w.command, user: "root", environment: w.environment, directory: "", terminal: false, size: null, streams: [nowhere, nowhere, nowhere],
        filter: w.filter, cgroupFiles: cgroupFilesOf(readLayout(), readTextOr(`/proc/${w.pid}/cgroup`, "")), diesWithParent: true,
      });
      this.pidfd = entered.pidfd;
      this.report = entered.report;
    } finally {
      closeFd(nowhere);
    }
    this.loop.add(this.pidfd, EPOLLIN, this);
    this.loop.arm(this.timer, w.timeoutMs);
  }

  /** Ends it without telling anyone. */
  cancel(): void {
    this.end = null;
    if (this.pidfd >= 0) trySignalPidfd(this.pidfd, SIGKILL);
  }

  late(): void {
    this.isLate = true;
    trySignalPidfd(this.pidfd, SIGKILL);
  }

  ready(_events: number): void {
    const ended = this.reap();
    const told = readEntered(this.report);
    this.loop.disarm(this.timer);
    this.loop.remove(this.pidfd);
    closeFd(this.pidfd);
    closeFd(this.report);
    this.pidfd = -1;
    const end = this.end;
    if (end === null) return;
    if (this.isLate) end.ended(false, `no end within ${this.wish.timeoutMs} ms`);
    else if (told.state === "failed") end.ended(false, failureText(this.wish.name, told.failure));
    else if (ended === null) end.ended(false, "ended, nobody knows how");
    else end.ended(ended.exited && ended.status === 0, ended.exited ? `exit status ${ended.status}` : `killed by signal ${ended.status}`);
  }

  private reap(): Ended | null {
    try {
      return reapPidfd(this.pidfd);
    } catch (e) {
      if (errnoOf(e) !== ECHILD) throw e;
      return null;
    }
  }
}

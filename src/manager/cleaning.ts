/**
 * Takes a container down until nothing of it is left: ends what is in its
 * groups, waits for them to be empty, then a worker removes links, volumes and
 * groups, or the manager itself where nothing of it may wait. It goes on
 * whatever can't be looked at: what is still there then shows when the groups
 * are removed. Rules: runtime spec §4, §9.
 */
import { removeCgroups } from "../cgroup/apply.ts";
import { killCgroup } from "../cgroup/kill.ts";
import { CgroupListener, CgroupMonitor, oomKills } from "../cgroup/monitor.ts";
import { Answer, startWorker } from "../supervisor/worker.ts";
import { SIGHUP, SIGKILL } from "../sys/constants.ts";
import { reason, SysError } from "../sys/error.ts";
import { closeFd } from "../sys/files.ts";
import { Timer } from "../sys/loop.ts";
import { trySignalPidfd } from "../sys/processes.ts";
import { isQuick, renewVolumes } from "../volume/apply.ts";
import { planExports } from "../volume/exports.ts";
import type { VolumePlan } from "../volume/plan.ts";
import type { Attachment } from "./attachment.ts";
import { closeConsole } from "./consoles.ts";
import { CleanJob, lockOf } from "./jobs.ts";
import { volumePlanOf } from "./prepare.ts";
import type { ContainerRuntime } from "./runtime.ts";

class Cleaned extends Answer {
  private readonly cleaning: Cleaning;
  private readonly a: Attachment;
  constructor(cleaning: Cleaning, a: Attachment) {
    super();
    this.cleaning = cleaning;
    this.a = a;
  }
  answered(ok: boolean, text: string): void {
    this.cleaning.cleaned(this.a, ok, text);
  }
}

/** How long the logger may take to read what is left of a container's log files, whose mounts can't go before. */
const CAPTURE_MS = 2000;

/** The logger is too slow. */
class CaptureTimer extends Timer {
  private readonly cleaning: Cleaning;
  private readonly name: string;
  constructor(cleaning: Cleaning, name: string) {
    super();
    this.cleaning = cleaning;
    this.name = name;
  }
  expired(): void {
    this.cleaning.captured(this.name);
  }
}

export class Cleaning extends CgroupListener {
  readonly monitor: CgroupMonitor;
  private readonly runtime: ContainerRuntime;

  constructor(runtime: ContainerRuntime) {
    super();
    this.runtime = runtime;
    this.monitor = new CgroupMonitor(runtime.loop, this);
  }

  begin(a: Attachment): void {
    a.cleaning = true;
    const isOver = a.unit.pidfd < 0 && a.server < 0 && this.isEmpty(a);
    if (!isOver) this.kill(a);
    this.goOn(a, isOver);
  }

  kill(a: Attachment): void {
    try {
      killCgroup(a.places);
    } catch (e) {
      this.unseen(a, e);
    }
    for (const fd of [a.unit.pidfd, a.server]) if (fd >= 0) trySignalPidfd(fd, SIGKILL);
  }

  private isEmpty(a: Attachment): boolean {
    try {
      return this.monitor.awaitEmpty(a.unit.name());
    } catch (e) {
      this.unseen(a, e);
      return true;
    }
  }

  /** How many of its processes were killed for lack of memory. */
  killsOf(a: Attachment): number {
    try {
      return oomKills(a.places);
    } catch (e) {
      this.unseen(a, e);
      return 0;
    }
  }

  private unseen(a: Attachment, e: unknown): void {
    this.runtime.log.warn("cgroup", reason(e), ["name", a.unit.name()]);
  }

  /** The next step that is possible now: process gone, group empty, log files read, then the worker. */
  goOn(a: Attachment, isEmpty: boolean = false): void {
    if (a.unit.pidfd >= 0 || a.server >= 0 || a.statusTimer !== null || a.captureTimer !== null) return;
    if (!isEmpty && !this.isEmpty(a)) return;
    this.monitor.remove(a.unit.name());
    if (closeConsole(this.runtime, a)) {
      a.captureTimer = new CaptureTimer(this, a.unit.name());
      this.runtime.loop.arm(a.captureTimer, CAPTURE_MS);
    } else {
      this.takeDown(a);
    }
  }

  /** The logger holds nothing any more of the oldest end it was told: of the last one when it has answered all. */
  answered(name: string): void {
    const a = this.runtime.attachments.get(name);
    if (a === undefined) return;
    a.untoldEnds = Math.max(0, a.untoldEnds - 1);
    if (a.untoldEnds === 0) this.captured(name);
  }

  /** What it had open is closed. */
  loggerLost(): void {
    for (const a of this.runtime.attachments.values()) {
      a.untoldEnds = 0;
      this.captured(a.unit.name());
    }
  }

  /** The logger holds nothing of it any more, or is not waited for. */
  captured(name: string): void {
    const a = this.runtime.attachments.get(name);
    if (a === undefined || a.captureTimer === null) return;
    this.runtime.loop.disarm(a.captureTimer);
    a.captureTimer = null;
    this.takeDown(a);
  }

  /** It has run, and nobody else has to hear of its end or to give something back. */
  private isPlain(a: Attachment): boolean {
    const c = a.unit.container;
    const how = a.unit.ending.kind;
    if (a.unit.phase !== "CLEANING" || !a.networked || a.network === null || a.network.afterExit.length > 0 || a.hooks !== null) return false;
    return (how === "exited" || how === "killed") && c.exports.length + c.driversRequired.length + c.driversOptional.length === 0;
  }

  /** What the next run, which follows at once, would only mount again stays; false: it can't, or not at once. */
  private renewed(a: Attachment, volumes: VolumePlan): boolean {
    return this.runtime.restartsAtOnce(a.unit) && renewVolumes(volumes) && removeCgroups(a.places).length === 0;
  }

  /** Where nothing of it may wait, the manager does it here and now. */
  private takeDown(a: Attachment): void {
    const volumes = volumePlanOf(this.runtime.around, a.unit.container);
    let isKept = false;
    a.quick = false;
    try {
      if (this.isPlain(a)) {
        isKept = this.renewed(a, volumes);
        a.quick = !isKept && this.runtime.isAlone(a) && isQuick(volumes);
      }
    } catch (e) {
      if (!(e instanceof SysError)) throw e; // the worker says what is wrong
    }
    if (isKept) this.keep(a, volumes);
    else this.takeDownAll(a, this.remainsOf(a, volumes));
  }

  private keep(a: Attachment, volumes: VolumePlan): void {
    this.closeNetwork(a);
    a.networked = false;
    a.kept = true;
    this.cleaned(a, true, "");
    if (!a.kept || a.unit.phase === "MOUNTING") return;
    a.kept = false;
    this.cleanHere(a, this.remainsOf(a, volumes)); // its start waits for others
  }

  private remainsOf(a: Attachment, volumes: VolumePlan): CleanJob {
    const r = this.runtime;
    const c = a.unit.container;
    const network = a.networked ? a.network : null;
    a.networked = false;
    return new CleanJob({
      hooks: network === null ? null : a.hooks, target: a.unit.ending.kind === "killed" && a.unit.ending.code === SIGHUP ? "reboot" : "stop",
      lock: lockOf(r.settings, c.name), volumes, places: a.places, network, netFd: a.netFd,
      exports: planExports(r.settings.exports, c.name, c.exports), exportsDir: r.settings.exports,
    });
  }

  private takeDownAll(a: Attachment, job: CleanJob): void {
    a.kept = false;
    if (a.quick && job.tryNow()) {
      this.closeNetwork(a);
      this.cleaned(a, true, "");
      return;
    }
    try {
      startWorker(this.runtime.loop, job, new Cleaned(this, a));
      this.closeNetwork(a);
    } catch (e) {
      this.runtime.log.warn("container", "taken down without a worker", ["name", a.unit.name(), "why", reason(e)]);
      this.cleanHere(a, job);
    }
  }

  private closeNetwork(a: Attachment): void {
    closeFd(a.netFd);
    a.netFd = -1;
  }

  /** Better to wait here than to leave it. */
  private cleanHere(a: Attachment, job: CleanJob): void {
    let text = "";
    try {
      text = job.run();
    } catch (e) {
      text = reason(e);
    }
    this.closeNetwork(a);
    this.cleaned(a, true, text);
  }

  cleaned(a: Attachment, ok: boolean, text: string): void {
    const r = this.runtime;
    a.cleaning = false;
    if (!ok) r.log.error("container", "could not be taken down", ["name", a.unit.name(), "why", text]);
    else for (const w of text.split("\n")) if (w !== "") r.log.warn("container", "left behind", ["name", a.unit.name(), "what", w]);
    if (a.unit.phase === "CLEANING") r.tell(a.unit, "cleaned");
    else if (a.mountWaits) r.mount(a.unit); // what an earlier manager had left is gone
  }

  emptied(container: string): void {
    const a = this.runtime.attachments.get(container);
    if (a !== undefined && a.cleaning) this.goOn(a);
  }

  outOfMemory(container: string, kills: number): void {
    this.runtime.log.warn("container", "a process was killed for lack of memory", ["name", container, "kills", String(kills)]);
  }
}

/**
 * A boot on trial: decided before the revision is loaded, tested once all
 * goals are reached, committed when it stays stable for as long as configured,
 * given up at the first failure that nothing else helps against. Writes by
 * workers, one list of steps after the other. The boot loader goes back by
 * itself: a device that dies meanwhile needs nothing of this.
 * Rules: lifecycle spec §6.4, §6.5; docs/trial-boots.md.
 */
import { BootEnvironment } from "../boot/environment.ts";
import { openBootEnvironment } from "../boot/open.ts";
import { ensureModules } from "../driver/apply.ts";
import { StoragePlaces } from "../storage/places.ts";
import type { GoalState } from "../supervisor/status.ts";
import type { Unit } from "../supervisor/unit.ts";
import { Answer, Job, startWorker } from "../supervisor/worker.ts";
import { reason } from "../sys/error.ts";
import { readTextOr, tryUnlink, writeFile } from "../sys/files.ts";
import { Timer } from "../sys/loop.ts";
import { toUtf8 } from "../sys/text.ts";
import { AWAITING, GOAL_MISSED, INTERNAL, isDone, readProgress, UNSTABLE } from "../update/progress.ts";
import { applySteps, type Step } from "../update/steps.ts";
import { planCommit, planFactory, planFailure, planResume, type Resume } from "../update/trial.ts";
import type { Manager } from "./manager.ts";

/** Storage that takes longer to write why a trial has failed does not keep the device from going back. */
const WRITE_MS = 30000;

class StepsJob extends Job {
  private readonly environment: BootEnvironment;
  private readonly places: StoragePlaces;
  private readonly steps: Step[];
  constructor(environment: BootEnvironment, places: StoragePlaces, steps: Step[]) {
    super();
    this.environment = environment;
    this.places = places;
    this.steps = steps;
  }
  run(): string {
    return applySteps(this.environment, this.places, this.steps);
  }
}

class StepsDone extends Answer {
  private readonly trial: Trial;
  constructor(trial: Trial) {
    super();
    this.trial = trial;
  }
  answered(ok: boolean, text: string): void {
    this.trial.written(ok, text);
  }
}

/** A container that holds a commit back no more: it has stayed up for long enough, or need not. */
function isStable(u: Unit): boolean {
  if (u.userStopped || (u.phase === "STOPPED" && u.settled)) return true;
  if (u.phase !== "MOUNTED" && u.phase !== "STARTED" && u.phase !== "READY") return false;
  return u.stable && (u.health === "" || u.health === "healthy");
}

/** As a timer: the time of the test is over; or that of the last write. */
export class Trial extends Timer {
  private readonly manager: Manager;
  private readonly places: StoragePlaces;
  private readonly environment: BootEnvironment;
  /** waited: the commit delay is over. leaving: the device goes back. */
  private phase: "none" | "trying" | "testing" | "waited" | "committing" | "leaving" = "none";
  private loaded: Resume["loaded"] = "";
  /** pv_rev and pv_try, "" for none. */
  committed = "";
  tried = "";
  private readonly queue: Step[][] = [];
  private writing = false;
  private saidUnstable = false;
  /** The rest of a commit that was cut short is being written. */
  private completing = false;

  constructor(manager: Manager) {
    super();
    this.manager = manager;
    this.places = manager.places;
    this.environment = openBootEnvironment(manager.settings.boot);
  }

  /** Something is being tried: a failure goes back to the revision before. */
  isOn(): boolean {
    return this.phase !== "none";
  }

  private note(): string {
    return `${this.manager.settings.runDir}/wherry/booted`;
  }

  /** The revision to run. named: the one of the command line. */
  choose(named: string): string {
    if (this.manager.settings.boot.type === "rpiab") ensureModules(["vfat", "nls_cp437", "nls_ascii"]);
    try {
      return this.environment.choose(named);
    } catch (_) {
      return named; // begin() says why
    }
  }

  /** Decides what this boot is; false: it must not run, and ends by itself. Throws SysError when the run dir can't be written. */
  begin(): boolean {
    const m = this.manager;
    if (this.phase !== "none") return false; // another logger, while the device goes back
    const booted = m.revisionName;
    const r = this.resume(booted);
    writeFile(this.note(), toUtf8(booted));
    if (r.why !== "") m.log.write(r.verdict === "trial" ? "info" : "warn", "update", r.why, ["revision", booted]);
    this.loaded = r.loaded;
    if (r.verdict === "trial") {
      this.phase = "trying";
      m.sink.keepErrors();
    }
    if (r.verdict === "refuse") this.leave();
    if (r.now.length > 0) this.write(r.now);
    else if (r.verdict === "refuse") this.expired();
    return r.verdict !== "refuse";
  }

  private resume(booted: string): Resume {
    let why = "";
    let triedStatus = "";
    try {
      const found = this.environment.read();
      why = found.why;
      this.committed = found.committed;
      this.tried = found.tried;
      if (found.tried !== "") triedStatus = readProgress(this.places, found.tried).status;
      return planResume({
        booted, committed: found.committed, tried: found.tried, standing: found.standing, triedStatus, bootedStatus: readProgress(this.places, booted).status,
        done: isDone(this.places, booted), again: readTextOr(this.note(), "", 256) === booted,
      });
    } catch (e) {
      why = reason(e);
    } finally {
      if (why !== "") this.manager.log.warn("boot", "no trial can be told", ["bootloader", this.manager.settings.boot.type, "path", this.environment.path, "why", why]);
    }
    return { verdict: "run", why: "", now: [], loaded: "" };
  }

  /** The revision is whole and its containers are being started. */
  started(): void {
    const m = this.manager;
    m.boss!.duringUpdate = this.isOn();
    const index = m.current!.rollbackIndex;
    this.completing = this.loaded === "committed";
    if (this.completing) this.write(planCommit(m.revisionName, index));
    if (this.loaded === "factory") this.write(planFactory(m.revisionName, index));
  }

  goals(state: GoalState): void {
    if (this.manager.shutdown.how !== "") return;
    if (state === "timedout") this.fail(GOAL_MISSED);
    if (state !== "achieved" || this.phase !== "trying") return;
    this.phase = "testing";
    this.tell(AWAITING);
    this.manager.loop.arm(this, this.manager.settings.commitSeconds * 1000);
  }

  private tell(message: string): void {
    this.write([{ kind: "progress", revision: this.manager.revisionName, progress: { status: "TESTING", message, logs: "" } }]);
  }

  expired(): void {
    if (this.phase === "leaving") this.manager.shutdown.begin("reboot");
    if (this.phase !== "testing") return;
    this.phase = "waited";
    this.look();
  }

  /** Something has changed: is there still a reason to wait? */
  look(): void {
    const m = this.manager;
    if (this.phase !== "waited" || m.shutdown.how !== "") return;
    if (m.boss!.goals() === "achieved" && m.boss!.units.every(isStable)) {
      this.phase = "committing";
      this.write(planCommit(m.revisionName, m.current!.rollbackIndex));
    } else if (!this.saidUnstable) {
      this.saidUnstable = true;
      this.tell(UNSTABLE);
    }
  }

  /** Gives the trial up: why is written down, then the device starts again. False when nothing is tried, or it is as good as committed. */
  fail(message: string): boolean {
    const m = this.manager;
    if (this.phase === "none" || this.phase === "committing") return false;
    if (this.phase === "leaving" || m.shutdown.how !== "") return true;
    m.log.error("update", "the trial has failed", ["revision", m.revisionName, "why", message]);
    this.leave();
    this.write(planFailure(m.revisionName, message, m.sink.errors));
    return true;
  }

  /** The device starts again once what is being written is there, or takes too long. */
  private leave(): void {
    this.phase = "leaving";
    this.manager.loop.arm(this, WRITE_MS);
  }

  private write(steps: Step[]): void {
    this.queue.push(steps);
    if (!this.writing) this.next();
  }

  private next(): void {
    const steps = this.queue.shift();
    this.writing = steps !== undefined;
    if (steps === undefined) return;
    const job = new StepsJob(this.environment, this.places, steps);
    try {
      startWorker(this.manager.loop, job, new StepsDone(this));
    } catch (_) {
      this.writeHere(job);
    }
  }

  /** Without a worker: better to wait here than to leave it. */
  private writeHere(job: StepsJob): void {
    let ok = true;
    let text = "";
    try {
      text = job.run();
    } catch (e) {
      ok = false;
      text = reason(e);
    }
    this.written(ok, text);
  }

  written(ok: boolean, text: string): void {
    const m = this.manager;
    if (!ok) m.log.error("update", "could not be written", ["revision", m.revisionName, "why", text]);
    else if (text !== "") m.log.warn("update", "could not be tidied up", ["revision", m.revisionName, "why", text]);
    this.next();
    if (this.writing) return;
    if (this.phase === "leaving") this.expired();
    else if (this.phase === "none" && ok && this.completing) this.done();
    else if (this.phase === "committing" && ok) {
      this.phase = "none";
      this.done();
      m.boss!.duringUpdate = false;
      m.log.info("update", "committed", ["revision", m.revisionName]);
    } else if (this.phase === "committing") {
      this.phase = "testing";
      this.fail(INTERNAL);
    }
  }

  private done(): void {
    this.completing = false;
    this.committed = this.manager.revisionName;
    this.tried = "";
    this.manager.hooks.tell("system-boot-done");
  }

  /** The end in order: the next manager in this run dir is of another boot. */
  forget(): void {
    tryUnlink(this.note());
  }
}

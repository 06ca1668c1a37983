/**
 * Runs the health checks of running containers, each at its own interval and
 * from the loop: no process stays for it, nothing looks more often. Counts by
 * supervisor/health.ts; what a failure is answered with is the owner's to do.
 * Rules: docs/state-wherry.md "Health".
 */
import type { FailureAction, FailureStep, HealthCheck } from "../state/model.ts";
import { answerTo, configuredLadder, countResult, failureNumber, isSpent, newRecord, quietWindowMs, type CheckRecord } from "../supervisor/health.ts";
import type { Notification } from "../supervisor/notification.ts";
import type { Unit } from "../supervisor/unit.ts";
import { reason } from "../sys/error.ts";
import { monotonicMs, Timer, type Loop } from "../sys/loop.ts";
import { InsideEnd, InsideRun } from "./inside.ts";
import { hostText, SocketProbe } from "./probe.ts";
import type { ContainerRuntime } from "./runtime.ts";

export abstract class HealthOwner {
  /** A container has failed once more; false when this action can't be taken here. */
  abstract unhealthy(unit: Unit, action: FailureAction, failures: number, why: string): boolean;
  /** What clients see of a container has changed. */
  abstract healthChanged(): void;
}

/** What a check is called for people. */
function nameOf(c: HealthCheck): string {
  if (c.kind === "exec") return `exec ${c.command[0]!}`;
  if (c.kind === "notify") return "heartbeat";
  return `${c.kind} ${c.socket === "" ? `${hostText(c)}:${c.port}` : c.socket}${c.kind === "http" ? ` ${c.path}` : ""}`;
}

class Result extends InsideEnd {
  private readonly check: FollowedCheck;
  constructor(check: FollowedCheck) {
    super();
    this.check = check;
  }
  ended(ok: boolean, why: string): void {
    this.check.result(ok, why);
  }
}

/** One check of a container that runs. The timer is its next look, or the end of a heartbeat's interval. */
class FollowedCheck extends Timer {
  readonly unit: Unit;
  readonly check: HealthCheck;
  record: CheckRecord = newRecord();
  private readonly keeper: HealthKeeper;
  private run: InsideRun | null = null;
  private probe: SocketProbe | null = null;
  private ended = false;

  constructor(keeper: HealthKeeper, unit: Unit, check: HealthCheck) {
    super();
    this.keeper = keeper;
    this.unit = unit;
    this.check = check;
  }

  begin(): void {
    this.keeper.loop.arm(this, this.check.intervalMs + (this.check.kind === "notify" ? this.check.startDelayMs : 0));
  }

  expired(): void {
    const c = this.check;
    if (this.unit.frozen) {
      this.keeper.loop.arm(this, c.intervalMs);
      return;
    }
    if (c.kind === "notify") {
      this.result(false, `none within ${c.intervalMs} ms`);
      return;
    }
    try {
      this.look();
    } catch (e) {
      this.result(false, reason(e));
    }
  }

  private look(): void {
    const c = this.check;
    if (c.kind === "exec") {
      this.run = this.keeper.runtime.inside(this.unit, c.command, [], c.timeoutMs, new Result(this));
      return;
    }
    this.probe = new SocketProbe(this.keeper.loop, c, this.unit.pid, new Result(this));
    this.probe.start();
  }

  result(ok: boolean, why: string): void {
    if (this.ended) return;
    this.run = null;
    this.probe = null;
    const early = monotonicMs() - this.unit.startedMs < this.check.startDelayMs;
    const counted = countResult(this.check, this.record, ok, why, early);
    this.record = counted.record;
    this.keeper.loop.arm(this, this.check.intervalMs);
    this.keeper.show(this.unit);
    if (counted.failed) this.keeper.failure(this, `${nameOf(this.check)}: ${why}`);
  }

  /** The container itself says that it is in a bad way: no waiting for more of it. */
  hung(): void {
    this.record = { misses: this.check.retries - 1, status: this.record.status, why: "" };
    this.result(false, "the container says that it hangs");
  }

  stop(): void {
    this.ended = true;
    this.keeper.loop.disarm(this);
    if (this.run !== null) this.run.cancel();
    if (this.probe !== null) this.probe.cancel();
  }
}

export class HealthKeeper {
  readonly loop: Loop;
  readonly runtime: ContainerRuntime;
  private readonly owner: HealthOwner;
  private readonly ladder: FailureStep[];
  private readonly checks: FollowedCheck[] = [];

  /** ladder: words of the configuration; retries: how often restarts of it are tried. */
  constructor(loop: Loop, runtime: ContainerRuntime, ladder: string, retries: number, owner: HealthOwner) {
    this.loop = loop;
    this.runtime = runtime;
    this.ladder = configuredLadder(ladder, retries);
    this.owner = owner;
  }

  /** After a change of phase: checks run while the payload does. */
  follow(unit: Unit): void {
    if (unit.container.health.length === 0) return;
    const runs = unit.phase === "STARTED" || unit.phase === "READY";
    const followed = this.checks.some((c) => c.unit === unit);
    if (runs && !followed) this.start(unit);
    else if (!runs && followed) this.stop(unit);
  }

  private start(unit: Unit): void {
    for (const check of unit.container.health) {
      const c = new FollowedCheck(this, unit, check);
      this.checks.push(c);
      c.begin();
    }
    this.show(unit);
  }

  private stop(unit: Unit): void {
    for (let i = this.checks.length - 1; i >= 0; i--) {
      const c = this.checks[i]!;
      if (c.unit !== unit) continue;
      c.stop();
      this.checks.splice(i, 1);
    }
    unit.health = "";
    unit.healthWhy = "";
  }

  /** What clients see of a container: its worst check. */
  show(unit: Unit): void {
    let worst: Unit["health"] = "healthy";
    let why = "";
    for (const c of this.checks) {
      if (c.unit !== unit || c.record.status === "healthy" || worst === "failing") continue;
      worst = c.record.status === "failing" ? "failing" : "starting";
      why = c.record.why === "" ? "" : `${nameOf(c.check)}: ${c.record.why}`;
    }
    unit.healthWhy = why;
    if (unit.health === worst) return;
    unit.health = worst;
    this.owner.healthChanged();
  }

  notified(unit: Unit, n: Notification): void {
    for (const c of this.checks.slice()) {
      if (c.unit !== unit || c.check.kind !== "notify") continue;
      if (n.hung) c.hung();
      else if (n.alive) c.result(true, "");
    }
  }

  private ladderOf(c: FollowedCheck): FailureStep[] {
    return c.check.onFailure.length > 0 ? c.check.onFailure : this.ladder;
  }

  failure(c: FollowedCheck, why: string): void {
    const unit = c.unit;
    const now = monotonicMs();
    const ladder = this.ladderOf(c);
    let n = failureNumber(unit.healthFailures, now - unit.healthFailedMs, quietWindowMs(c.check, unit.container.autoRecovery.resetWindow));
    unit.healthFailedMs = now;
    for (;;) {
      unit.healthFailures = n;
      const action = answerTo(ladder, n);
      if (action === null || this.owner.unhealthy(unit, action, n, why)) return;
      if (isSpent(ladder, n)) {
        this.owner.unhealthy(unit, "restart", n, why);
        return;
      }
      n += 1; // what can't be done here is passed over
    }
  }

  /** Whether a container that the hardware watchdog depends on is past all help: its ladder is spent and it does not come back. */
  starves(units: Unit[]): boolean {
    for (const u of units) {
      if (!u.container.health.some((h) => h.feedsWatchdog)) continue;
      if (u.phase === "STOPPED" && u.settled && !u.userStopped) return true;
      for (const c of this.checks) {
        if (c.unit === u && c.check.feedsWatchdog && c.record.status !== "healthy" && u.healthFailures > 0 && isSpent(this.ladderOf(c), u.healthFailures)) return true;
      }
    }
    return false;
  }
}

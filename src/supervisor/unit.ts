/**
 * One supervised container: what is known of it while this manager runs. Its
 * phase is changed by the supervisor alone; everything else is set by whoever
 * learned it. What must survive the manager is in the journal.
 */
import { Timer } from "../sys/loop.ts";
import type { Container } from "../state/model.ts";
import { statusOf, type Phase, type Status } from "./status.ts";

/** How the last run ended. code: exit status, or the signal's number; -1 while unknown. */
export type Ending = { kind: "none" | "exited" | "killed" | "refused" | "unknown"; code: number; reason: string; lastLines: string; outOfMemory: boolean };

export function noEnding(): Ending {
  return { kind: "none", code: -1, reason: "", lastLines: "", outOfMemory: false };
}

/** What the supervisor wants once the container is down. */
export type Wish = "none" | "stop" | "restart" | "discard";

export type TimerKind = "goal" | "stop" | "retry" | "stable";

/** Tells its owner which of a unit's timers ran out. */
export abstract class TimerOwner {
  abstract timerExpired(unit: Unit, kind: TimerKind): void;
}

class UnitTimer extends Timer {
  private readonly owner: TimerOwner;
  private readonly unit: Unit;
  private readonly kind: TimerKind;

  constructor(owner: TimerOwner, unit: Unit, kind: TimerKind) {
    super();
    this.owner = owner;
    this.unit = unit;
    this.kind = kind;
  }

  expired(): void {
    this.owner.timerExpired(this.unit, this.kind);
  }
}

export class Unit {
  readonly container: Container;
  /** Revision whose files it runs from. */
  readonly revision: string;
  readonly goalTimer: Timer;
  readonly stopTimer: Timer;
  readonly retryTimer: Timer;
  readonly stableTimer: Timer;
  phase: Phase = "INSTALLED";
  wish: Wish = "none";
  userStopped = false;
  /** Recovery gave up or the container may end: it stays STOPPED. */
  settled = false;
  goalTimedOut = false;
  stable = false;
  retries = 0;
  /** What a start waits for, for people. */
  waitsFor = "";
  /** 0 when there is no process. startTicks: field 22 of /proc/<pid>/stat, tells pids apart. */
  pid = 0;
  pidfd = -1;
  startTicks = 0;
  /** Monotonic milliseconds of the last spawn. */
  startedMs = 0;
  /** Times it was spawned since the device, or the first manager in this run dir, began. */
  starts = 0;
  ending: Ending = noEnding();
  /** Of the run before, while the current one has not ended. */
  previous: Ending = noEnding();
  /** Why the manager ends this run by its own account: part of the reason then. */
  stoppedFor = "";
  frozen = false;
  /** What its checks say; "" without any, or while it does not run. */
  health: "" | "starting" | "healthy" | "failing" = "";
  healthWhy = "";
  /** Failures in a row that the ladder has answered, and when the last one was. */
  healthFailures = 0;
  healthFailedMs = 0;
  /** STATUS= of its notify socket. */
  statusText = "";

  constructor(container: Container, revision: string, owner: TimerOwner) {
    this.container = container;
    this.revision = revision;
    this.goalTimer = new UnitTimer(owner, this, "goal");
    this.stopTimer = new UnitTimer(owner, this, "stop");
    this.retryTimer = new UnitTimer(owner, this, "retry");
    this.stableTimer = new UnitTimer(owner, this, "stable");
  }

  /** How the last run that is over has ended; kind "none" before there was one. */
  lastEnding(): Ending {
    return this.ending.kind === "none" ? this.previous : this.ending;
  }

  status(): Status {
    return statusOf(this.phase);
  }

  name(): string {
    return this.container.name;
  }

  /** There is a payload, or one is being made. */
  isAlive(): boolean {
    return this.phase === "STARTING" || this.phase === "STARTED" || this.phase === "READY" || this.phase === "STOPPING";
  }

  /** Nothing of it is left: no process, no mount. */
  isDown(): boolean {
    return this.phase === "INSTALLED" || this.phase === "BLOCKED" || this.phase === "STOPPED" || this.phase === "RECOVERING" || this.phase === "NONE";
  }
}

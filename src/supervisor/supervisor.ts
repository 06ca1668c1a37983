/**
 * The state machine of all containers of a revision: takes events, follows
 * the edges, asks the runtime for effects, and tells its listener what
 * matters. The only place that changes a unit's phase. Never touches the
 * system: effects are the runtime's, time comes from Timers.
 * Rules: state format spec "Status, goals, startup".
 */
import type { Container, Group } from "../state/model.ts";
import type { Log } from "../log/line.ts";
import type { Timer } from "../sys/loop.ts";
import { edgeFor, isIgnored, type Effect, type Event } from "./edges.ts";
import { allGoals, groupStatus, planStarts, type Member } from "./groups.ts";
import { afterEnd, type Verdict } from "./recovery.ts";
import { goalState, rank, statusWord, type GoalState, type Status } from "./status.ts";
import { noEnding, TimerOwner, Unit, type TimerKind, type Wish } from "./unit.ts";

export abstract class Timers {
  abstract nowMs(): number;
  abstract arm(timer: Timer, ms: number): void;
  abstract disarm(timer: Timer): void;
}

/** What the supervisor can ask for; answers come back as events. */
export abstract class Runtime {
  /** Mounts volumes: "mounted" (or "mount-only") or "failed". */
  abstract mount(unit: Unit): void;
  /** Starts the payload: "started", "failed", later "exited". */
  abstract spawn(unit: Unit): void;
  /** Asks the payload to end. */
  abstract signal(unit: Unit): void;
  /** Ends everything in its cgroup. */
  abstract kill(unit: Unit): void;
  /** Takes down what a run leaves: processes, mounts, cgroup: "cleaned". */
  abstract clean(unit: Unit): void;
}

export abstract class Listener {
  /** A phase has changed. */
  abstract changed(unit: Unit): void;
  /** Recovery is at its end, or there is none: the revision has failed. */
  abstract failed(unit: Unit, why: string): void;
  /** The state of all goals has changed. */
  abstract goals(state: GoalState): void;
  /** Everything that was to be stopped is down. */
  abstract allDown(): void;
}

export class Supervisor extends TimerOwner {
  readonly units: Unit[] = [];
  private readonly groups: Group[];
  private readonly log: Log;
  private readonly timers: Timers;
  private readonly runtime: Runtime;
  private readonly listener: Listener;
  private readonly defaultGoalSeconds: number;
  private readonly stopMs: number;
  private lastGoals: GoalState = "unachieved";
  private stopping = false;
  private evaluating = false;
  private again = false;
  duringUpdate = false;

  /** defaultGoalSeconds: timeout of groups that give none. stopMs: from the halt signal to SIGKILL. */
  constructor(groups: Group[], defaultGoalSeconds: number, stopMs: number, timers: Timers, runtime: Runtime, listener: Listener, log: Log) {
    super();
    this.groups = groups;
    this.defaultGoalSeconds = defaultGoalSeconds;
    this.stopMs = stopMs;
    this.timers = timers;
    this.runtime = runtime;
    this.listener = listener;
    this.log = log;
  }

  add(container: Container, revision: string): Unit {
    const unit = new Unit(container, revision, this);
    this.units.push(unit);
    return unit;
  }

  find(name: string): Unit | null {
    for (const u of this.units) if (u.name() === name) return u;
    return null;
  }

  /** Takes a container over that already runs (a new manager): no edge, the journal says where it stands. */
  adopt(unit: Unit, phase: "MOUNTED" | "STARTED" | "READY" | "CLEANING" | "STOPPED"): void {
    this.setPhase(unit, phase);
    if (phase === "STOPPED" || phase === "CLEANING") return;
    this.log.info("container", "re-adopted", ["name", unit.name(), "pid", String(unit.pid)]);
    if (this.hasReached(unit)) this.armStability(unit);
    else if (phase !== "MOUNTED") this.armGoal(unit);
  }

  /** One whose next start a manager before this one had set for that moment. */
  recoverAt(unit: Unit, ms: number): void {
    this.timers.arm(unit.retryTimer, Math.max(0, ms - this.timers.nowMs()));
    this.setPhase(unit, "RECOVERING");
  }

  /** Starts what may start; again whenever something that others wait for has changed. */
  evaluate(): void {
    if (this.evaluating) {
      this.again = true;
      return;
    }
    this.evaluating = true;
    try {
      do {
        this.again = false;
        if (!this.stopping) this.startAllowed();
      } while (this.again);
    } finally {
      this.evaluating = false;
    }
    this.reportGoals();
  }

  private startAllowed(): void {
    for (const v of planStarts(this.members(), this.groups.map((g) => g.name))) {
      const unit = this.units[v.index]!;
      if (v.waitsFor !== unit.waitsFor && v.waitsFor !== "") this.log.info("container", "waits", ["name", unit.name(), "for", v.waitsFor]);
      unit.waitsFor = v.waitsFor;
      this.dispatch(unit, v.go ? "go" : "hold");
    }
  }

  private members(): Member[] {
    return this.units.map((u) => ({
      name: u.name(), group: u.container.group, status: u.status(), goal: u.container.statusGoal, timedOut: u.goalTimedOut,
      mounting: u.phase === "MOUNTING", needs: u.container.dependencies.map((d) => ({ name: d.container, status: d.status })),
    }));
  }

  /** Whether a container is on its way from one state to the next. */
  isChanging(): boolean {
    for (const u of this.units) if (u.phase === "MOUNTING" || u.phase === "STARTING" || u.phase === "STOPPING" || u.phase === "CLEANING") return true;
    return false;
  }

  goals(): GoalState {
    return allGoals(this.members().filter((_m, i) => !this.units[i]!.userStopped), this.groups.length);
  }

  groupStatus(group: number): Status {
    return groupStatus(this.members(), group);
  }

  /** The device as a whole: its lowest group. */
  deviceStatus(): Status {
    let lowest: Status = "READY";
    for (let g = 0; g < this.groups.length; g++) {
      const s = this.groupStatus(g);
      if (rank(s) < rank(lowest)) lowest = s;
    }
    return lowest;
  }

  private reportGoals(): void {
    const now = this.goals();
    if (now === this.lastGoals) return;
    this.lastGoals = now;
    this.listener.goals(now);
  }

  /** An event for one unit: follows its edge, or says that there is none. */
  dispatch(unit: Unit, happened: Event): void {
    // a stop that came while volumes were being mounted takes effect now
    const unwanted = unit.wish !== "none" && unit.phase === "MOUNTING" && (happened === "mounted" || happened === "mount-only");
    const event: Event = unwanted ? "failed" : happened;
    const edge = edgeFor(unit.phase, event);
    if (edge === null) {
      if (!isIgnored(unit.phase, event)) this.log.error("supervisor", "no edge", ["name", unit.name(), "phase", unit.phase, "event", event]);
      return;
    }
    if (edge.from !== edge.to) this.setPhase(unit, edge.to);
    if (edge.to === "STARTED" || edge.to === "READY" || edge.to === "MOUNTED") this.reached(unit);
    for (const effect of edge.effects) this.perform(unit, effect);
  }

  private setPhase(unit: Unit, to: Unit["phase"]): void {
    const before = unit.status();
    unit.phase = to;
    if (to === "STARTING") unit.starts = unit.starts + 1;
    if (unit.status() !== before) this.logStatus(unit);
    this.listener.changed(unit);
  }

  private logStatus(unit: Unit): void {
    const fields = ["name", unit.name(), "status", unit.status()];
    if (unit.phase === "STARTED" || unit.phase === "READY") {
      fields.push("pid", String(unit.pid), "after_ms", String(Math.round(this.timers.nowMs() - unit.startedMs)));
    }
    if (unit.phase === "STOPPED" && unit.ending.reason !== "") fields.push("reason", unit.ending.reason);
    // INSTALLED is on the way of every start, and tells nobody anything
    this.log.write(unit.status() === "INSTALLED" ? "debug" : "info", "container", statusWord(unit.status()), fields);
  }

  private perform(unit: Unit, effect: Effect): void {
    switch (effect) {
      case "mount":
        if (unit.ending.kind !== "none") unit.previous = unit.ending;
        unit.ending = noEnding();
        unit.stoppedFor = "";
        unit.statusText = "";
        unit.startedMs = this.timers.nowMs();
        this.runtime.mount(unit);
        return;
      case "spawn":
        unit.startedMs = this.timers.nowMs();
        this.armGoal(unit);
        this.runtime.spawn(unit);
        return;
      case "signal":
        this.timers.arm(unit.stopTimer, this.stopMs);
        this.runtime.signal(unit);
        return;
      case "kill":
        this.log.warn("container", "did not stop in time, killing it", ["name", unit.name(), "after_ms", String(this.stopMs)]);
        this.runtime.kill(unit);
        return;
      case "clean":
        this.timers.disarm(unit.stopTimer);
        this.timers.disarm(unit.goalTimer);
        this.timers.disarm(unit.stableTimer);
        unit.stable = false;
        this.runtime.clean(unit);
        return;
      case "decide":
        this.decide(unit);
        return;
      case "arm-retry":
        return; // decide() armed it with the delay it had worked out
      case "disarm-retry":
        this.timers.disarm(unit.retryTimer);
        return;
      case "reset":
        unit.retries = 0;
        unit.userStopped = false;
        unit.settled = false;
        unit.goalTimedOut = false;
        return;
      case "release":
        this.evaluate();
        return;
    }
  }

  private armGoal(unit: Unit): void {
    unit.goalTimedOut = false;
    const timeout = this.groups[unit.container.group]!.timeout;
    const passedMs = this.timers.nowMs() - unit.startedMs; // under a manager before this one
    this.timers.arm(unit.goalTimer, Math.max(0, (timeout < 0 ? this.defaultGoalSeconds : timeout) * 1000 - passedMs));
  }

  private hasReached(unit: Unit): boolean {
    return goalState(unit.status(), unit.container.statusGoal, false) === "achieved";
  }

  private reached(unit: Unit): void {
    if (!this.hasReached(unit)) return;
    this.timers.disarm(unit.goalTimer);
    unit.goalTimedOut = false;
    this.armStability(unit);
  }

  private armStability(unit: Unit): void {
    const seconds = unit.container.autoRecovery.stableTimeout;
    if (seconds <= 0) unit.stable = true;
    else if (!unit.stable) this.timers.arm(unit.stableTimer, seconds * 1000);
  }

  /** The container is down: what now. */
  private decide(unit: Unit): void {
    const wish = unit.wish;
    unit.wish = "none";
    if (wish === "restart") {
      this.dispatch(unit, "start");
      return;
    }
    if (wish === "stop") unit.userStopped = true;
    const verdict = this.verdict(unit, wish);
    if (verdict.kind === "recover") {
      unit.retries = verdict.retries;
      this.log.info("container", "will be started again", ["name", unit.name(), "in_s", String(verdict.delaySeconds), "why", verdict.why]);
      if (verdict.delaySeconds > 0) this.timers.arm(unit.retryTimer, verdict.delaySeconds * 1000);
      this.dispatch(unit, verdict.delaySeconds > 0 ? "recover" : "retry");
      return;
    }
    unit.settled = true;
    this.listener.changed(unit);
    if (verdict.kind === "fail") this.listener.failed(unit, verdict.why);
    this.checkAllDown();
  }

  private verdict(unit: Unit, wish: Wish): Verdict {
    return afterEnd(unit.container.autoRecovery, {
      userStopped: unit.userStopped, discarded: wish === "discard" || this.stopping,
      succeeded: unit.ending.kind === "exited" && unit.ending.code === 0, neverStarted: unit.ending.kind === "refused",
      retries: unit.retries, upSeconds: (this.timers.nowMs() - unit.startedMs) / 1000, duringUpdate: this.duringUpdate,
    });
  }

  /** Whether its next start would follow at once if it were down now. */
  restartsAtOnce(unit: Unit): boolean {
    if (unit.wish !== "none") return unit.wish === "restart";
    const v = this.verdict(unit, "none");
    return v.kind === "recover" && v.delaySeconds === 0;
  }

  timerExpired(unit: Unit, kind: TimerKind): void {
    if (kind === "stop") this.dispatch(unit, "kill");
    else if (kind === "retry") this.dispatch(unit, "retry");
    else if (kind === "stable") {
      unit.stable = true;
      this.listener.changed(unit);
    } else {
      unit.goalTimedOut = true;
      this.log.warn("container", "goal not reached in time", ["name", unit.name(), "goal", unit.container.statusGoal, "status", unit.status()]);
      this.evaluate();
    }
  }

  /** Asks for a stop; what follows it is the wish. */
  requestStop(unit: Unit, wish: "stop" | "restart" | "discard"): void {
    unit.wish = wish;
    if (wish === "stop" && (unit.phase === "STOPPED" || unit.phase === "RECOVERING")) unit.userStopped = true;
    if (wish === "restart" && (unit.phase === "STOPPED" || unit.phase === "RECOVERING")) {
      unit.wish = "none";
      this.dispatch(unit, "start");
      return;
    }
    this.listener.changed(unit); // no phase tells of a wish that has to wait
    this.dispatch(unit, "stop");
  }

  /** Ends all containers, last group first, and starts none: allDown() follows. */
  stopAll(): void {
    this.stopping = true;
    for (let i = this.units.length - 1; i >= 0; i--) {
      const unit = this.units[i]!;
      unit.wish = "discard";
      this.timers.disarm(unit.retryTimer);
      this.dispatch(unit, "stop");
    }
    this.checkAllDown();
  }

  private checkAllDown(): void {
    if (this.stopping && this.units.every((u) => u.isDown())) this.listener.allDown();
  }
}

/**
 * What loop, logger, supervisor and PID 1 tell the manager, each passed on to
 * the method that deals with it. Holds no state and decides nothing.
 */
import type { Mail } from "../init/mail.ts";
import { LoggerNews, type LoggerClient } from "../log/client.ts";
import type { Log } from "../log/line.ts";
import type { GoalState } from "../supervisor/status.ts";
import type { Notification } from "../supervisor/notification.ts";
import { Answer } from "../supervisor/worker.ts";
import { Listener, Timers } from "../supervisor/supervisor.ts";
import type { Unit } from "../supervisor/unit.ts";
import { reason } from "../sys/error.ts";
import { Faults, Moment, monotonicMs, Timer, Watch, type Loop } from "../sys/loop.ts";
import { CareOwner } from "./care.ts";
import { MailListener } from "./mailbox.ts";
import type { Manager } from "./manager.ts";
import { NotifyListener } from "./notify_sockets.ts";

export class LoopTimers extends Timers {
  private readonly loop: Loop;
  constructor(loop: Loop) {
    super();
    this.loop = loop;
  }
  nowMs(): number {
    return monotonicMs();
  }
  arm(timer: Timer, ms: number): void {
    this.loop.arm(timer, ms);
  }
  disarm(timer: Timer): void {
    this.loop.disarm(timer);
  }
}

export class Complaints extends Faults {
  private readonly log: Log;
  constructor(log: Log) {
    super();
    this.log = log;
  }
  fault(e: unknown): void {
    this.log.error("manager", reason(e));
  }
}

export class SignalWatch extends Watch {
  private readonly manager: Manager;
  constructor(manager: Manager) {
    super();
    this.manager = manager;
  }
  ready(_events: number): void {
    this.manager.signalled();
  }
}

export class HeldLines extends Timer {
  private readonly logger: LoggerClient;
  constructor(logger: LoggerClient) {
    super();
    this.logger = logger;
  }
  expired(): void {
    this.logger.flush();
  }
}

export class LoggerAgain extends Timer {
  private readonly manager: Manager;
  constructor(manager: Manager) {
    super();
    this.manager = manager;
  }
  expired(): void {
    this.manager.anotherLogger();
  }
}

export class TurnEnd extends Moment {
  private readonly manager: Manager;
  constructor(manager: Manager) {
    super();
    this.manager = manager;
  }
  come(): void {
    this.manager.turnEnds();
  }
}

export class MailNews extends MailListener {
  private readonly manager: Manager;
  constructor(manager: Manager) {
    super();
    this.manager = manager;
  }
  mailed(m: Mail): void {
    this.manager.mailed(m);
  }
}

/** What the logger tells, on its way to the runtime. */
export class News extends LoggerNews {
  private readonly manager: Manager;
  constructor(manager: Manager) {
    super();
    this.manager = manager;
  }
  has(name: string, fd: number): void {
    this.manager.loggerHas(name, fd);
  }
  complete(): void {
    this.manager.loggerComplete();
  }
  tail(name: string, text: string): void {
    this.manager.runtimeTail(name, text);
  }
  ended(name: string): void {
    this.manager.loggerEnded(name);
  }
  refused(name: string, path: string, why: string): void {
    this.manager.log.warn("log", "a log file is not followed", ["name", name, "path", path, "why", why]);
  }
  lost(): void {
    this.manager.loggerLost();
  }
}

export class SupervisorListener extends Listener {
  private readonly manager: Manager;
  constructor(manager: Manager) {
    super();
    this.manager = manager;
  }
  changed(unit: Unit): void {
    this.manager.unitChanged(unit);
  }
  failed(unit: Unit, why: string): void {
    this.manager.unitFailed(unit, why);
  }
  goals(state: GoalState): void {
    this.manager.goalsChanged(state);
  }
  allDown(): void {
    this.manager.shutdown.allDown();
  }
}

export class CareNews extends CareOwner {
  private readonly manager: Manager;
  constructor(manager: Manager) {
    super();
    this.manager = manager;
  }
  startAgain(): void {
    this.manager.startAgain();
  }
  healthChanged(): void {
    this.manager.trial.look();
  }
}

export class NotifyNews extends NotifyListener {
  private readonly manager: Manager;
  constructor(manager: Manager) {
    super();
    this.manager = manager;
  }
  notified(container: string, n: Notification): void {
    this.manager.notified(container, n);
  }
}

export class PartsUp extends Answer {
  private readonly manager: Manager;
  constructor(manager: Manager) {
    super();
    this.manager = manager;
  }
  answered(ok: boolean, text: string): void {
    this.manager.partsUp(ok, text);
  }
}


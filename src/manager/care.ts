/**
 * What the manager does for containers that run: hears what they say on their
 * notify sockets, has their health checked, and answers a failure by one step
 * of a ladder. What ends the device is its owner's.
 * Rules: docs/state-wherry.md "Notify", "Health".
 */
import type { Log } from "../log/line.ts";
import type { FailureAction } from "../state/model.ts";
import type { Notification } from "../supervisor/notification.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import type { Unit } from "../supervisor/unit.ts";
import type { Loop } from "../sys/loop.ts";
import { HealthKeeper, HealthOwner } from "./health.ts";
import { wantsNotify } from "./injected.ts";
import { NotifySockets } from "./notify_sockets.ts";
import type { ContainerRuntime } from "./runtime.ts";
import type { Settings } from "./settings.ts";

export abstract class CareOwner {
  /** Nothing else helps: the device starts again, with the revision before the one that is tried. */
  abstract startAgain(): void;
  /** Of a container, whichever it is. */
  abstract healthChanged(): void;
}

export class Care extends HealthOwner {
  private readonly boss: Supervisor;
  private readonly notify: NotifySockets;
  private readonly log: Log;
  private readonly owner: CareOwner;
  private readonly health: HealthKeeper;

  constructor(loop: Loop, settings: Settings, runtime: ContainerRuntime, boss: Supervisor, notify: NotifySockets, log: Log, owner: CareOwner) {
    super();
    this.boss = boss;
    this.notify = notify;
    this.log = log;
    this.owner = owner;
    this.health = new HealthKeeper(loop, runtime, settings.healthLadder, settings.healthRetries, this);
  }

  /** After a change of a container's phase. */
  follow(unit: Unit): void {
    this.health.follow(unit);
    if (unit.phase === "MOUNTING" && wantsNotify(unit.container)) this.notify.drain(unit.name());
  }

  /** A container has said something on its notify socket. */
  notified(name: string, n: Notification): void {
    const unit = this.boss.find(name);
    if (unit === null || !unit.isAlive()) return;
    if (n.status !== null) unit.statusText = n.status;
    if (n.ready && unit.phase === "STARTING") this.boss.dispatch(unit, "started");
    if (n.ready && unit.phase === "STARTED" && unit.container.statusGoal === "READY") this.boss.dispatch(unit, "ready");
    this.health.notified(unit, n);
  }

  unhealthy(unit: Unit, action: FailureAction, failures: number, why: string): boolean {
    if (action === "rollback" && !this.boss.duringUpdate) return false; // what runs is the committed revision: there is none to go back to
    this.log.error("container", "unhealthy", ["name", unit.name(), "failures", String(failures), "answer", action, "why", why]);
    if (action === "rollback" || action === "reboot") this.owner.startAgain();
    else this.restart(unit, action === "restart-group", why);
    return true;
  }

  healthChanged(): void {
    this.owner.healthChanged();
  }

  private restart(unit: Unit, group: boolean, why: string): void {
    for (let i = this.boss.units.length - 1; i >= 0; i--) {
      const u = this.boss.units[i]!;
      const meant = u === unit || (group && u.container.group === unit.container.group);
      if (!meant || !u.isAlive() || u.phase === "STOPPING") continue;
      u.stoppedFor = u === unit ? why : `restarted with container ${unit.name()}`;
      this.boss.requestStop(u, "restart");
    }
  }

  /** A container that the device can't do without is past all help: the hardware watchdog shall bite. */
  starves(): boolean {
    return this.health.starves(this.boss.units);
  }
}

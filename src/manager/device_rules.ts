/**
 * Rules of mdev.json for the containers that run: their nodes are kept up to
 * date, and what a rule wants run is run inside its container.
 * Rules: runtime spec §7 "mdev".
 */
import { parseIds, parseRules } from "../driver/mdev_rules.ts";
import { HotplugListener, HotplugWatcher } from "../driver/watcher.ts";
import type { Log } from "../log/line.ts";
import type { Unit } from "../supervisor/unit.ts";
import { reason } from "../sys/error.ts";
import { readTextOr } from "../sys/files.ts";
import type { Loop } from "../sys/loop.ts";
import { InsideEnd } from "./inside.ts";
import type { ContainerRuntime } from "./runtime.ts";

/** How long a command of a rule may take. Source: lifecycle spec §1, external commands. */
const COMMAND_MS = 60000;

class CommandEnd extends InsideEnd {
  private readonly log: Log;
  private readonly what: string[];
  constructor(log: Log, what: string[]) {
    super();
    this.log = log;
    this.what = what;
  }
  ended(ok: boolean, why: string): void {
    if (!ok) this.log.warn("driver", "command of a device rule failed", [...this.what, "why", why]);
  }
}

export class DeviceRules extends HotplugListener {
  private readonly log: Log;
  private readonly runtime: ContainerRuntime;
  private readonly watcher: HotplugWatcher;
  private readonly units: Unit[] = [];

  constructor(loop: Loop, log: Log, runtime: ContainerRuntime) {
    super();
    this.log = log;
    this.runtime = runtime;
    this.watcher = new HotplugWatcher(loop, this);
  }

  /** The container runs: its rules hold for the devices that are there and for those that come. */
  begin(unit: Unit): void {
    const c = unit.container;
    if (c.mdevRules.length === 0) return;
    const parsed = parseRules(c.mdevRules, parseIds(readTextOr("/etc/passwd", "")), parseIds(readTextOr("/etc/group", "")), `${c.name}/mdev.json .rules`);
    for (const p of parsed.problems) this.log.warn("driver", p.why, ["at", p.at]);
    this.units.push(unit);
    this.watcher.add(c.name, unit.pid, parsed.rules);
  }

  end(unit: Unit): void {
    const at = this.units.indexOf(unit);
    if (at < 0) return;
    this.units.splice(at, 1);
    this.watcher.remove(unit.name());
  }

  failed(container: string, why: string): void {
    this.log.warn("driver", "device node", ["name", container, "why", why]);
  }

  wanted(container: string, node: string, command: string): void {
    const what = ["name", container, "command", command];
    const unit = this.units.find((u) => u.name() === container);
    if (unit === undefined) return;
    try {
      this.runtime.inside(unit, ["/bin/sh", "-c", command], [`MDEV=${node}`], COMMAND_MS, new CommandEnd(this.log, what));
    } catch (e) {
      this.log.warn("driver", "command of a device rule failed", [...what, "why", reason(e)]);
    }
  }
}

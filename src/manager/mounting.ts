/**
 * The first half of a start: a container waits for its turn, everything it
 * needs is planned, then a worker loads modules and drivers and mounts, or the
 * manager itself what it took down in no time before. A refusal says once
 * what, where and why.
 */
import { DriverManager } from "../driver/manager.ts";
import { moduleFolder } from "../driver/apply.ts";
import type { Container } from "../state/model.ts";
import { Answer, startWorker } from "../supervisor/worker.ts";
import { reason } from "../sys/error.ts";
import type { Attachment } from "./attachment.ts";
import { ownFolders } from "./injected.ts";
import { LOADED, lockOf, MountJob, type Disks } from "./jobs.ts";
import { Networks } from "./networks.ts";
import { prepareContainer, volumePlanOf, type Prepared } from "./prepare.ts";
import type { ContainerRuntime } from "./runtime.ts";
import { Turns } from "./turns.ts";
import { UserMeta } from "./user_meta.ts";

class Mounted extends Answer {
  private readonly mounting: Mounting;
  private readonly a: Attachment;
  constructor(mounting: Mounting, a: Attachment) {
    super();
    this.mounting = mounting;
    this.a = a;
  }
  answered(ok: boolean, text: string): void {
    this.mounting.mounted(this.a, ok, text);
  }
}

export class Mounting {
  readonly turns: Turns = new Turns();
  private readonly runtime: ContainerRuntime;
  private readonly networks: Networks;
  private readonly disks: Disks;
  private readonly drivers: DriverManager;
  private readonly meta: UserMeta;
  private givesTurns = false;

  constructor(runtime: ContainerRuntime, networks: Networks, disks: Disks) {
    this.runtime = runtime;
    this.networks = networks;
    this.disks = disks;
    this.drivers = new DriverManager(runtime.around.state.drivers, runtime.settings.fitConfig, moduleFolder());
    this.meta = new UserMeta(`${runtime.settings.runDir}/user-meta`);
  }

  ask(a: Attachment): void {
    a.mountWaits = a.cleaning;
    if (a.cleaning) return;
    this.turns.ask(a.unit.name());
    this.giveTurns();
  }

  giveTurns(): void {
    if (this.givesTurns) return; // a start that fails at once comes by here again
    this.givesTurns = true;
    for (let name = this.turns.next(); name !== ""; name = this.turns.next()) this.begin(this.runtime.attachments.get(name)!);
    this.givesTurns = false;
  }

  /** What a start of the container needs, as things are now. Throws SysError when its configuration can't be read. */
  prepare(c: Container): Prepared {
    const around = this.runtime.around;
    return prepareContainer(around, c, around.state.groups[c.group]!, this.networks.grant(c), this.runtime.peers());
  }

  /** Its turn has come. */
  private begin(a: Attachment): void {
    const r = this.runtime;
    const c = a.unit.container;
    const kept = a.kept;
    let modules: string[] = [];
    a.kept = false;
    try {
      a.begin(r.around.facts.layout);
      if (c.config !== "") {
        const p = this.prepare(c);
        for (const w of p.warnings) r.log.warn("container", w.why, ["name", c.name, "at", w.at]);
        a.take(p);
        modules = p.modules;
        if (p.plan === null) {
          r.refuse(a.unit, p.problems.map((q) => `${q.at}: ${q.why}`).join("; "));
          return;
        }
      }
      if (kept) {
        this.mounted(a, true, "");
        return;
      }
      const wish = {
        lock: lockOf(r.settings, c.name), folders: ownFolders(r.settings, c, r.around.revision), modules, volumes: volumePlanOf(r.around, c), options: r.around.volumes,
        disks: this.disks, driversRequired: c.driversRequired, driversOptional: c.driversOptional, hooks: a.hooks,
      };
      const job = new MountJob(wish, this.drivers, this.meta);
      if (a.quick && a.hooks === null && r.isAlone(a) && job.tryNow()) this.mounted(a, true, "");
      else startWorker(r.loop, job, new Mounted(this, a));
    } catch (e) {
      r.refuse(a.unit, reason(e));
    }
  }

  mounted(a: Attachment, ok: boolean, text: string): void {
    const unit = a.unit;
    if (!ok) {
      this.runtime.refuse(unit, text);
      return;
    }
    for (const line of text.split("\n")) {
      if (line.startsWith(LOADED)) this.drivers.remember(line.slice(LOADED.length));
      else if (line !== "") this.runtime.log.warn("volume", line, ["name", unit.name()]);
    }
    this.runtime.tell(unit, a.prepared === null || unit.container.statusGoal === "MOUNTED" ? "mount-only" : "mounted");
  }
}

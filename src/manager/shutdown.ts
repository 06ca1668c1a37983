/**
 * The end of the manager in order: containers, what the device itself has
 * mounted, the logger with its last lines, the storage, then PID 1 is told.
 * Rules: lifecycle spec §14.
 */
import { Answer } from "../supervisor/worker.ts";
import { EINVAL, errnoName } from "../sys/errno.ts";
import { reason } from "../sys/error.ts";
import { Timer } from "../sys/loop.ts";
import { tryUnmount } from "../sys/mounts.ts";
import type { Manager } from "./manager.ts";

export type Ending = "" | "poweroff" | "reboot" | "failed";

/** How long the logger may take to write its last lines. */
const LOGGER_MS = 5000;

class PartsDown extends Answer {
  private readonly shutdown: Shutdown;
  constructor(shutdown: Shutdown) {
    super();
    this.shutdown = shutdown;
  }
  answered(_ok: boolean, text: string): void {
    this.shutdown.partsDown(text);
  }
}

/** As a timer: the logger's time is over. */
export class Shutdown extends Timer {
  /** "" while nobody has asked for an end. */
  how: Ending = "";
  /** The logger was told to end: nothing else is left to do. */
  tookLeave = false;
  private readonly manager: Manager;
  private down = false;

  constructor(manager: Manager) {
    super();
    this.manager = manager;
  }

  /** Begins the end: containers first. */
  begin(how: Ending): void {
    const m = this.manager;
    if (this.how !== "") return;
    this.how = how;
    m.log.info("manager", how === "failed" ? "can't go on" : `${how} begins`);
    if (m.boss !== null) m.boss.stopAll();
    else this.allDown();
  }

  /** Everything is stopped: the logger writes what it has and ends, which brings us to finish(). */
  allDown(): void {
    const m = this.manager;
    if (this.how === "" || this.down) return;
    this.down = true;
    m.log.info("manager", "all containers are down");
    let waits = false;
    try {
      if (m.runtime !== null) m.runtime.close();
      m.server.close();
      m.trial.forget();
      m.hooks.forget();
      if (m.journal !== null && m.boss !== null) m.journal.forgetAll();
      waits = m.parts !== null && m.parts.takeDown(new PartsDown(this));
    } catch (e) {
      m.log.error("manager", reason(e)); // it ends all the same
    }
    if (!waits) this.partsDown("");
  }

  /** Disks and the device's volumes are gone but for what the text names. */
  partsDown(left: string): void {
    const m = this.manager;
    for (const w of left.split("\n")) if (w !== "") m.log.warn("volume", "left behind", ["what", w]);
    m.logger.flush();
    this.tookLeave = m.logger.send({ kind: "stop" });
    if (this.tookLeave) m.loop.arm(this, LOGGER_MS);
    else this.expired();
  }

  /** The logger is gone or late: gives back what the boot took, tells PID 1, leaves the loop. */
  expired(): void {
    const m = this.manager;
    m.logger.close();
    if (m.embedded() && m.options.mailFd >= 0) {
      const r = tryUnmount(m.settings.storage, 0);
      if (r < 0 && r !== -EINVAL) m.log.warn("storage", "could not be unmounted, PID 1 tries again", ["path", m.settings.storage, "errno", errnoName(-r)]);
      m.mailbox.send({ kind: "finish", how: this.how === "poweroff" ? "poweroff" : "reboot" });
    }
    m.loop.stop();
  }
}

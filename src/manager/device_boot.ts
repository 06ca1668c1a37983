/**
 * Brings up a machine that is ours, as far as its mounted storage: sysctls,
 * modules, cgroups, then the storage as soon as its device is there. What
 * follows is the manager's, as on any Linux. Rules: lifecycle spec §1, §3.
 */
import { setUpHierarchies } from "../cgroup/setup.ts";
import { monotonicMs, Timer } from "../sys/loop.ts";
import { loadBootModules, loadEarlyDrivers, mark, mountStorage, storageDevice, writeSysctls } from "./boot.ts";
import type { Manager } from "./manager.ts";

const STORAGE_POLL_MS = 50;

/** As a timer: the next look for the storage's device. */
export class DeviceBoot extends Timer {
  private readonly manager: Manager;
  private giveUpMs = 0;

  constructor(manager: Manager) {
    super();
    this.manager = manager;
  }

  begin(): void {
    const m = this.manager;
    writeSysctls(m.loaded, m.log);
    loadBootModules(m.log);
    loadEarlyDrivers(m.settings);
    m.mailbox.send({ kind: "watchdog", mode: m.settings.watchdogMode, seconds: m.settings.watchdogSeconds, silence: m.settings.managerSeconds }); // its driver may be one of them
    mark(m.log, "modules");
    for (const w of setUpHierarchies(m.loaded.config.text("WHERRY_CGROUP"))) m.log.warn("cgroup", w);
    this.giveUpMs = monotonicMs() + m.settings.storageWaitSeconds * 1000;
    this.expired();
  }

  expired(): void {
    const m = this.manager;
    try {
      const device = storageDevice(m.settings);
      if (device === "" && monotonicMs() < this.giveUpMs) {
        m.loop.arm(this, STORAGE_POLL_MS);
        return;
      }
      if (device === "") {
        m.log.error("storage", `no device is ${m.settings.storageDevice}`, ["waited_s", String(m.settings.storageWaitSeconds)]);
        m.shutdown.begin("failed");
        return;
      }
      mountStorage(m.settings, device);
    } catch (e) {
      m.fail("storage", e);
      return;
    }
    mark(m.log, "storage");
    m.begin();
  }
}

/**
 * The first steps of a device, before a revision is known: configuration,
 * kernel modules, cgroups, storage. Each step says what it did; one that a
 * device can't do without throws. Rules: lifecycle spec §1, §3; configuration
 * spec §1.
 */
import { loadConfig, ConfigFiles, type BootSources, type ConfigText, type LoadedConfig } from "../config/load.ts";
import { ensureModules, loadModules, moduleFolder } from "../driver/apply.ts";
import { existingModaliases, loadForHardware } from "../driver/hotplug.ts";
import { wishOf, type ModuleWish } from "../driver/module_plan.ts";
import type { Log } from "../log/line.ts";
import { findDevice } from "../storage/device.ts";
import { CLOCK_BOOTTIME } from "../sys/constants.ts";
import { ENOENT, ENOTDIR } from "../sys/errno.ts";
import { reason, SysError } from "../sys/error.ts";
import { exists, isDirectory, makeDirectories, readText, readTextOr, statPath, tryPutText, writeFile } from "../sys/files.ts";
import { clockMs } from "../sys/loop.ts";
import { mountAt } from "../sys/mounts.ts";
import { environment } from "../sys/processes.ts";
import { planSysctls, SysctlFolders } from "../config/sysctl.ts";
import type { Settings } from "./settings.ts";

/** Modules every boot of this image needs, one a line: loaded in order before the storage is looked for. */
const BOOT_MODULES = "/etc/wherry/modules";

class DiskFiles extends ConfigFiles {
  read(path: string): ConfigText {
    try {
      return { found: true, text: readText(path, 1048576), why: "" };
    } catch (e) {
      const missing = e instanceof SysError && (e.errno === ENOENT || e.errno === ENOTDIR);
      return { found: false, text: "", why: missing ? "" : reason(e) };
    }
  }
}

/** The configuration from a file ("" for the usual places), the kernel command line, the environment and argv words. */
export function readConfig(confPath: string, commandLine: string, words: string[]): LoadedConfig {
  const sources: BootSources = { confPath, commandLine, environment: environment(), words };
  return loadConfig(sources, new DiskFiles(), false);
}

/** One step of the boot, with the time since the kernel started. */
export function mark(log: Log, what: string): void {
  log.info("boot", what, ["at_ms", String(Math.round(clockMs(CLOCK_BOOTTIME)))]);
}

export function kernelCommandLine(): string {
  return readTextOr("/proc/cmdline", "", 65536).trim();
}

class ProcFolders extends SysctlFolders {
  isFolder(path: string): boolean {
    return isDirectory(`/proc/sys/${path}`);
  }
}

/** Writes the sysctl keys of the configuration; refused ones are warned about. */
export function writeSysctls(loaded: LoadedConfig, log: Log): void {
  for (const w of planSysctls(loaded.config.sysctls(), new ProcFolders())) {
    const path = `/proc/sys/${w.path}`;
    const r = tryPutText(path, w.value);
    if (r < 0) log.warn("config", "sysctl was refused", ["value", w.value, "why", new SysError("write", path, -r).message]);
  }
}

/** Loads the modules of the boot list; what can't be loaded is warned about, storage will tell whether it mattered. */
export function loadBootModules(log: Log): number {
  const wishes: ModuleWish[] = [];
  for (const line of readTextOr(BOOT_MODULES, "", 65536).split("\n")) {
    const text = line.trim();
    if (text !== "" && !text.startsWith("#")) wishes.push(wishOf(text));
  }
  if (wishes.length === 0) return 0;
  const outcome = loadModules(moduleFolder(), wishes);
  for (const p of outcome.problems) log.warn("driver", "module not loaded", ["at", p.at, "why", p.why]);
  return outcome.loaded.length;
}

/** With PV_SYSTEM_DRIVERS_LOAD_EARLY_AUTO: drivers that the hardware asks for by its aliases, and the storage's filesystem. */
export function loadEarlyDrivers(s: Settings): void {
  if (!s.earlyDrivers) return;
  loadForHardware(existingModaliases());
  ensureModules([s.storageType]);
}

/** The storage device when it is there, "" while it isn't. */
export function storageDevice(s: Settings): string {
  return findDevice(s.storageDevice);
}

/** Mounts the storage on its place; one that is mounted there already (a manager before us did it) stays. */
export function mountStorage(s: Settings, device: string): void {
  makeDirectories(s.storage);
  const there = statPath(s.storage);
  if (there !== null && there.isMountRoot) return;
  mountAt(device, s.storage, s.storageType, 0);
}

/** Folders the paths of containers lead through. */
export function makeRunFolders(s: Settings): void {
  for (const folder of [s.runDir, `${s.runDir}/wherry`, `${s.runDir}/user-meta`, `${s.runDir}/device-meta`, `${s.runDir}/logs`, s.volumes, s.exports, s.configs]) makeDirectories(folder);
  for (const hint of ["challenge", "device-id", "pantahub-host"]) {
    const path = `${s.runDir}/${hint}`;
    if (!exists(path)) makeHint(path);
  }
}

function makeHint(path: string): void {
  writeFile(path, new Uint8Array(0), 0o444);
}

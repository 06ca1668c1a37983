/**
 * The part of the configuration that the manager itself works with, read once
 * per revision: paths, times, modes. Rules: configuration spec §10, §11;
 * runtime spec §1 "Paths".
 */
import type { BootOptions } from "../boot/open.ts";
import type { LoadedConfig } from "../config/load.ts";

export type Settings = {
  /** embedded: this machine is ours. appengine: one daemon among others. */
  mode: "embedded" | "appengine";
  runDir: string;
  storage: string;
  storageDevice: string;
  storageType: string;
  storageWaitSeconds: number;
  volumes: string;
  exports: string;
  configs: string;
  media: string;
  logs: string;
  usr: string;
  etc: string;
  lib: string;
  goalSeconds: number;
  logLevel: number;
  /** Bytes of one log file before it is put aside, 0: none is written. */
  logFileBytes: number;
  followLogs: boolean;
  /** PV_LXC_LOG_LEVEL, as LXC counts: 0 everything, 8 almost nothing. */
  runtimeLogLevel: number;
  watchdogMode: string;
  watchdogSeconds: number;
  securityProfile: string;
  autoDevLog: boolean;
  verityHandlers: boolean;
  verityArguments: string;
  /** Which policy of `remount` holds. */
  remountPolicy: string;
  /** The kernel's firmware comes from volume pv--firmware. */
  firmwareVolume: boolean;
  /** From the halt signal to SIGKILL. */
  stopMs: number;
  managerSeconds: number;
  /** Steps after a failed health check where the check names none, by commas; how often each is tried. */
  healthLadder: string;
  healthRetries: number;
  checksum: boolean;
  loopBase: number;
  /** Modules that the hardware asks for are loaded before the storage is looked for. */
  earlyDrivers: boolean;
  bridge: string;
  fitConfig: string;
  boot: BootOptions;
  /** How long a trial is tested once its goals are reached. */
  commitSeconds: number;
};

const LOG_FILE_BYTES = 1048576;

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, path.length - 1) : path;
}

export function settingsOf(loaded: LoadedConfig): Settings {
  const c = loaded.config;
  return {
    mode: c.text("PV_SYSTEM_INIT_MODE") === "appengine" ? "appengine" : "embedded",
    runDir: withoutSlash(c.text("PV_SYSTEM_RUNDIR")),
    storage: withoutSlash(c.text("PV_STORAGE_MNTPOINT")),
    storageDevice: c.text("PV_STORAGE_DEVICE"),
    storageType: c.text("PV_STORAGE_FSTYPE"),
    storageWaitSeconds: c.number("PV_STORAGE_WAIT"),
    volumes: withoutSlash(c.text("PV_DISK_VOLDIR")),
    exports: withoutSlash(c.text("PV_DISK_EXPORTSDIR")),
    configs: withoutSlash(c.text("PV_SYSTEM_CONFDIR")),
    media: withoutSlash(c.text("PV_SYSTEM_MEDIADIR")),
    logs: withoutSlash(c.text("PV_LOG_DIR")),
    usr: withoutSlash(c.text("PV_SYSTEM_USRDIR")),
    etc: withoutSlash(c.text("PV_SYSTEM_ETCDIR")),
    lib: withoutSlash(c.text("PV_SYSTEM_LIBDIR")),
    goalSeconds: c.number("PV_UPDATER_GOALS_TIMEOUT"),
    logLevel: c.number("PV_LOG_LEVEL"),
    logFileBytes: c.flag("PV_LOG_CAPTURE") ? LOG_FILE_BYTES : 0,
    followLogs: c.flag("PV_LOG_CAPTURE") && c.flag("PV_LOG_LOGGERS"),
    runtimeLogLevel: c.number("PV_LXC_LOG_LEVEL"),
    watchdogMode: c.text("PV_WDT_MODE"),
    watchdogSeconds: c.number("PV_WDT_TIMEOUT"),
    securityProfile: c.text("WHERRY_SECURITY_PROFILE"),
    autoDevLog: c.flag("PV_LOG_AUTO_DEVLOG"),
    verityHandlers: c.flag("PV_SECUREBOOT_HANDLERS") && !loaded.parameters.verityOff,
    verityArguments: c.text("PV_VOLMOUNT_DM_EXTRA_ARGS"),
    remountPolicy: loaded.parameters.remountPolicy ?? "default",
    firmwareVolume: c.flag("PV_STORAGE_FIRMWARE_VOL"),
    stopMs: c.number("WHERRY_STOP_TIMEOUT") * 1000,
    managerSeconds: c.number("WHERRY_MANAGER_TIMEOUT"),
    healthLadder: c.text("WHERRY_HEALTH_LADDER"),
    healthRetries: c.number("WHERRY_HEALTH_RETRIES"),
    checksum: c.flag("PV_SECUREBOOT_CHECKSUM"),
    loopBase: c.number("PV_LOOP_INDEX_BASE"),
    earlyDrivers: c.flag("PV_SYSTEM_DRIVERS_LOAD_EARLY_AUTO"),
    bridge: c.text("PV_NET_BRDEV"),
    fitConfig: c.text("PV_BOOTLOADER_FITCONFIG"),
    boot: {
      type: c.text("PV_BOOTLOADER_TYPE"), mountPoint: withoutSlash(c.text("PV_STORAGE_MNTPOINT")), runDir: withoutSlash(c.text("PV_SYSTEM_RUNDIR")),
      mtdOnly: c.flag("PV_BOOTLOADER_MTD_ONLY"), mtdName: c.text("PV_BOOTLOADER_MTD_ENV") === "" ? "pv-env" : c.text("PV_BOOTLOADER_MTD_ENV"),
      abNames: [c.text("PV_BOOTLOADER_UBOOTAB_ENV_NAME"), c.text("PV_BOOTLOADER_UBOOTAB_ENV_BAK_NAME")].filter((n, i) => i === 0 || n !== ""),
      abOffset: c.number("PV_BOOTLOADER_UBOOTAB_ENV_OFFSET"), abBytes: c.number("PV_BOOTLOADER_UBOOTAB_ENV_SIZE"),
    },
    commitSeconds: c.number("PV_UPDATER_COMMIT_DELAY"),
  };
}

/**
 * Every configuration key, one row each, in the order of /config2; Wherry's
 * own keys follow. Kept as one text of which only names and defaults are
 * unpacked: a manager that reads ten keys must not hold a thousand strings.
 * docs/ and --explain are made from the same rows.
 * Rules: configuration spec "Key table".
 */
import { upperAscii } from "../sys/ascii.ts";
import { levelSet } from "./levels.ts";

/** budget: a size for logs. name: a word that becomes part of a path. steps: a comma list of words. */
export type ConfigType = "bool" | "int" | "duration" | "text" | "secret" | "name" | "budget" | "mask" | "enum" | "steps";

export type ConfigKey = {
  key: string;
  /** Older names, matched with case; the first is the name in /config. */
  aliases: string[];
  type: ConfigType;
  /** As text; null = unset. */
  standard: string | null;
  /** Words of enum, mask and steps, in the order of their numbers. */
  words: string[];
  /** Numbers: bounds of what is used. Texts: longest accepted, 0 = any. */
  min: number;
  max: number;
  /** Bits of the sources that may write it. */
  levels: number;
  /** When a change takes effect: boot, revision, live, or words. */
  when: string;
  effect: string;
  support: "supported" | "ignored" | "different";
  why: string;
};

/**
 * Columns: key, older names, type (enum, mask, steps with their words), default
 * (~ unset), range, levels, when (B boot, R each revision, L live), effect,
 * support (= supported, - ignored: why, ~ different: why).
 */
const TABLE = `
PH_CREDS_HOST|creds.host|text|api.pantahub.com||PHO|L|hub host|=
PH_CREDS_ID|creds.id|text|~||PHO|L|device id|=
PH_CREDS_PORT|creds.port|int|443|0..65535|PHO|L|hub port|=
PH_CREDS_PROXY_HOST|creds.proxy.host|text|~||PHO|L|HTTP proxy that requests go to|=
PH_CREDS_PROXY_NOPROXYCONNECT|creds.proxy.noproxyconnect|int|0|0..1|PHO|L|1: plain proxying instead of CONNECT|=
PH_CREDS_PROXY_PORT|creds.proxy.port|int|3218|0..65535|PHO|L|proxy port|=
PH_CREDS_PRN|creds.prn|text|~||PHO|L|login user; set means claimed|=
PH_CREDS_SECRET|creds.secret|secret|~||PHO|L|login password|~masked wherever it is shown
PH_CREDS_TYPE|creds.type|text|builtin||PHO|L|builtin, or ext-NAME for /btools/ext-NAME.register and .login|=
PH_FACTORY_AUTOTOK|factory.autotok|secret|~||PHO|L|token sent when registering, claims the device|~masked wherever it is shown
PH_LIBEVENT_HTTP_TIMEOUT||int|60|1..3600|PHOR|L|seconds for a request|=
PH_LIBEVENT_HTTP_RETRIES||int|1|0..100|PHOR|L|retries of a connection|=
PH_METADATA_DEVMETA_INTERVAL|metadata.devmeta.interval|int|10|1..86400|PHOR|when hub contact starts|seconds between pushes of device metadata|=
PH_METADATA_USRMETA_INTERVAL|metadata.usrmeta.interval|int|5|1..86400|PHOR|when hub contact starts|seconds between pulls of user metadata|=
PH_ONLINE_REQUEST_THRESHOLD||int|0|0..1000|PHOR|L|unanswered requests before the device counts as offline|=
PH_UPDATER_INTERVAL|updater.interval|int|5|1..86400|PHOR|R|seconds between polls for updates|=
PH_UPDATER_NETWORK_TIMEOUT|updater.network_timeout|int|120|1..86400|PHOR|R|seconds to reach the hub in a remote update before it is rolled back|=
PH_UPDATER_TRANSFER_MAX_COUNT||int|5|1..64|PHOR|L|objects transferred at once|=
PV_BOOTLOADER_FITCONFIG|bootloader.fitconfig|text|~||PV|R|section fitconfig:NAME of bsp/drivers.json|=
PV_BOOTLOADER_MTD_ENV|bootloader.mtd_env|text|~|31|PV|B|name of the MTD partition with the boot environment (pv-env)|~longer than 31 characters is refused instead of overflowing
PV_BOOTLOADER_MTD_ONLY|bootloader.mtd_only|bool|0||PV|B|the whole boot environment is in MTD|=
PV_BOOTLOADER_TYPE|bootloader.type|enum uboot uboot-pvk grub rpiab uboot-ab|uboot||PV|B|bootloader|=
PV_BOOTLOADER_UBOOTAB_A_NAME||text|fitA||PV|B|MTD name of slot A|=
PV_BOOTLOADER_UBOOTAB_B_NAME||text|fitB||PV|B|MTD name of slot B|=
PV_BOOTLOADER_UBOOTAB_ENV_NAME||text|~||PV|B|partition of the environment|=
PV_BOOTLOADER_UBOOTAB_ENV_BAK_NAME||text|~||PV|B|partition of the redundant environment|=
PV_BOOTLOADER_UBOOTAB_ENV_OFFSET||int|0|0..2147483647|PV|B|offset of the environment in bytes|=
PV_BOOTLOADER_UBOOTAB_ENV_SIZE||int|0|0..16777216|PV|B|size of the environment in bytes|=
PV_CACHE_DEVMETADIR|cache.devmetadir|text|/storage/cache/devmeta||PV|B|folder of device metadata|=
PV_CACHE_USRMETADIR|cache.usrmetadir,meta.cache.dir|text|/storage/cache/meta||PV|B|folder of user metadata|=
PV_CONTROL_REMOTE|control.remote|bool|1||PVO|R|allow the hub client|=
PV_CONTROL_REMOTE_ALWAYS|control.remote.always|bool|0||PVO|R|hub client also on local revisions|=
PV_DEBUG_SHELL|debug.shell|bool|1||PV|B|shell on the console|=
PV_DEBUG_SHELL_AUTOLOGIN|debug.shell.autologin|bool|0||PV|B|open the shell without a key press|=
PV_DEBUG_SHELL_TIMEOUT||int|60|0..86400|PV|L|seconds an open shell may hold back a reboot|=
PV_DEBUG_SSH|debug.ssh|bool|1||PVOR|L|ssh server on port 8222|=
PV_DEBUG_SSH_AUTHORIZED_KEYS|debug.ssh_authorized_keys|text|~||PVOR|when ssh starts|file below the configuration folder's ssh/; unset or __default__: metadata pvr-sdk.authorized_keys|=
PV_DISK_EXPORTSDIR|disk.exportsdir|text|/exports||PV|B|what containers export|=
PV_DISK_VOLDIR|disk.voldir|text|/volumes||PV|B|where volumes are mounted|=
PV_DISK_WRITABLEDIR|disk.writabledir|text|/writable||PV|B|writable area|=
PV_DROPBEAR_CACHE_DIR|dropbear.cache.dir|text|/storage/cache/dropbear||PV|B|host keys of ssh|=
PV_LIBEVENT_DEBUG_MODE||bool|0||PVO|B|debug messages of the event loop|-Wherry has its own event loop
PV_LIBTHTTP_CERTSDIR|libthttp.certdir,libthttp.certsdir|text|/certs||PV|L|certificates of TLS authorities|~the documented older name is accepted too
PV_LIBTHTTP_LOG_LEVEL|libthttp.log.level|int|3|0..5|PVOR|L|log level of the HTTP client|-PV_LOG_LEVEL covers the HTTP client
PV_LOG_AUTO_DEVLOG||bool|1||PVO|R|give containers /dev/log unless run.json says otherwise|=
PV_LOG_CAPTURE|log.capture|bool|1||PVO|L|write logs at all|~effective at once
PV_LOG_CAPTURE_DMESG|log.capture.dmesg|bool|1||PVO|L|capture kernel messages|~effective at once
PV_LOG_BUF_NITEMS|log.buf_nitems|int|128|1..16384|PVO|B|KiB of each log buffer|=
PV_LOG_DIR|log.dir|text|/storage/logs/||PV|B|where logs are kept|=
PV_LOG_DIR_MAXSIZE||budget|0||PVOR|L|space for logs: a number with B, K, KB, M, MB, G, GB, T, TB or %; 0 is 10 % of the partition|~a value that cannot be read is refused instead of stopping the boot
PV_LOG_FILETREE_TIMESTAMP_FORMAT|log.filetree.timestamp.format|text|~||PVOR|L|golang:NAME or strftime:FORMAT|~effective at once
PV_LOG_HYSTERESIS_FACTOR||int|4|1..1000|PVOR|L|gap kept free = budget / factor|~effective at once
PV_LOG_LEVEL|log.level|int|0|0..5|PVOR|L|0 fatal, 1 error, 2 warn, 3 info, 4 debug, 5 trace|~effective at once for containers too
PV_LOG_LOGGERS|log.loggers|bool|1||PVO|when a container starts|follow log files inside containers|=
PV_LOG_PUSH|log.push,pantahub.log.push|bool|1||PVOR|L|push logs to the hub|=
PV_LOG_ROTATE_FACTOR||int|5|1..1000|PVOR|L|rotate at gap / factor|~effective at once
PV_LOG_SERVER_OUTPUTS|log.server.outputs|mask nullsink singlefile filetree stdout stdout.containers stdout.pantavisor stdout_direct|132||PVOR|L|where logs go, a comma list|~effective at once
PV_LOG_SINGLEFILE_TIMESTAMP_FORMAT|log.singlefile.timestamp.format|text|~||PVOR|L|golang:NAME or strftime:FORMAT|~effective at once
PV_LOG_STDOUT_TIMESTAMP_FORMAT|log.stdout.timestamp.format|text|~||PVOR|L|golang:NAME or strftime:FORMAT|~effective at once
PV_LOG_TIMESTAMP||enum relative absolute|relative||PVOR|L|uptime or time of day|=
PV_LOOP_INDEX_BASE||int|-1|-1..1048575|PV|L|use 64 loop devices from here on first; -1 any|=
PV_LXC_LOG_LEVEL|lxc.log.level|int|2|0..8|PVO|when a container starts|level of a container's runtime messages|=
PV_NET_BRADDRESS4|net.braddress4|text|10.0.3.1||PVO|B|address of the bridge|=
PV_NET_BRDEV|net.brdev|text|lxcbr0|15|PVO|B|name of the bridge; empty means none|=
PV_NET_BRMASK4|net.brmask4|text|255.255.255.0||PVO|B|mask of the bridge|=
PV_OEM_NAME||name|~||PV|R|turns the OEM level on; common name for the OEM trust store|=
PV_POLICY|policy|name|~||PV|B|policy file and OEM file name|=
PV_POWER_MODE|power.mode|enum disabled locks managed|locks||PVOR|B, R|wake locks, or sleep managed between polls|=
PV_POWER_DEVMETA_EAGER_PUSH|power.devmeta.eager_push|bool|0||PVOR|L|push a metadata change at once|=
PV_POWER_WAKE_INTERVAL|power.wake.interval|duration|3600|0..2147483647|PVOR|L|time between managed wake-ups|~0 is accepted
PV_POWER_WAKE_RUN_WINDOW|power.wake.run_window|duration|0|0..2147483647|PVOR|L|time awake after a poll|~0 is accepted
PV_POWER_AUTOSLEEP_SETTLE|power.autosleep.settle|duration|90|0..2147483647|PVOR|once|delay before sleeping|~0 is accepted
PV_POWER_WAKE_MIN_AWAKE|power.wake.min_awake|duration|10|0..2147483647|PVOR|L|shortest time awake|~0 is accepted
PV_POWER_WAKE_MAX_AWAKE|power.wake.max_awake|duration|60|0..2147483647|PVOR|L|longest time awake|~0 is accepted
PV_POWER_DEVMETA_MAX_HELD|power.devmeta.max_held|duration|300|0..2147483647|PVOR|L|longest hold of the metadata wake lock|~0 is accepted
PV_POWER_SYSFS_DIR|power.sysfs_dir|text|/sys/power||PVOR|B|where wake locks are|=
PV_REVISION_RETRIES|revision.retries|int|10|0..1000|PVOR|L|attempts of an update|=
PV_SECUREBOOT_CHECKSUM|secureboot.checksum|bool|1||PV|R|check the sums of objects and documents|=
PV_SECUREBOOT_HANDLERS|secureboot.handlers|bool|1||PV|when a container starts|set up dm-verity for volumes that ask for it|=
PV_SECUREBOOT_MODE|secureboot.mode|enum disabled audit lenient strict|lenient||PV|L|how signatures of a revision are judged|=
PV_SECUREBOOT_OEM_TRUSTSTORE|PV_SECUREBOOT_OEM_TRUSTORE|name|ca-oem-certificates||PV|L|trust store of OEM signatures, a name without folder|=
PV_SECUREBOOT_TRUSTSTORE|secureboot.truststore|name|ca-certificates||PV|L|trust store of all other signatures, a name without folder|=
PV_STORAGE_DEVICE|storage.device|text|~||PV|B|LABEL=, UUID=, a /dev path, or ubiN:VOLUME|=
PV_STORAGE_FSTYPE|storage.fstype|text|~||PV|B|file system of the storage|=
PV_STORAGE_GC_KEEP_FACTORY|storage.gc.keep_factory,updater.keep_factory|bool|0||PVOR|L|never collect revision 0|=
PV_STORAGE_GC_RESERVED|storage.gc.reserved|int|5|0..100|PVOR|L|percent of the storage that never counts as free|=
PV_STORAGE_GC_THRESHOLD_DEFERTIME|storage.gc.threshold.defertime|int|600|0..2147483647|PVOR|L|seconds without collection after an upload|=
PV_STORAGE_GC_THRESHOLD|storage.gc.threshold|int|0|0..100|PVOR|L|percent free that starts a collection; 0 off|=
PV_STORAGE_LOGTEMPSIZE|storage.logtempsize|text|~||PV|B|size of a tmpfs for logs|=
PV_STORAGE_MNTPOINT|storage.mntpoint|text|~||PV|B|where the storage is mounted|=
PV_STORAGE_MNTTYPE|storage.mnttype|text|~||PV|B|use /btools/pvmnt.NAME|=
PV_STORAGE_FIRMWARE_VOL||bool|0||PV|R|the kernel's firmware comes from volume pv--firmware|=
PV_STORAGE_PHCONFIG_VOL||bool|0||PV|B|hub credentials are on volume pv--phconfig|=
PV_STORAGE_WAIT|storage.wait|int|5|0..3600|PV|B|seconds to wait for the storage device|=
PV_SYSTEM_APPARMOR_PROFILES|system.apparmor.profiles|text|~||PV|B|all, or a comma list of files in the configuration folder's apparmor.d|=
PV_SYSTEM_CONFDIR|system.confdir|text|/configs||PV|L|configuration overlays of containers|=
PV_SYSTEM_DRIVERS_LOAD_EARLY_AUTO|system.drivers.load_early.auto|bool|0||PV|B|load the modules of the storage at boot|=
PV_SYSTEM_ETCDIR|system.etcdir|text|/etc||PV|L|trust stores, apparmor, defaults|=
PV_SYSTEM_ETCPANTAVISORDIR||text|/etc/pantavisor||PV|L|policies, ssh keys|=
PV_SYSTEM_INIT_MODE|system.init.mode|enum embedded standalone appengine|embedded||PV|B|what this process is on the device|=
PV_SYSTEM_LIBDIR|system.libdir|text|/lib||PV|L|mount hooks and volume handlers|=
PV_SYSTEM_MEDIADIR|system.mediadir|text|/media||PV|L|where disks are mounted|=
PV_SYSTEM_MOUNT_SECURITYFS|system.mount.securityfs|bool|0||PV|B|mount securityfs|=
PV_SYSTEM_RUNDIR|system.rundir|text|/pv||PV|B|sockets, metadata, hints|=
PV_SYSTEM_DISKSDIR|system.disksdir|text|/run/pantavisor/disks||PV|L|markers of disks|=
PV_SYSTEM_USRDIR|system.usrdir|text|/usr||PV|L|folders of the container runtime|=
PV_UPDATER_COMMIT_DELAY|updater.commit.delay|int|25|0..86400|PVOR|R and when goals are reached|seconds an update is tested|=
PV_UPDATER_GOALS_TIMEOUT|updater.goals.timeout|int|120|0..86400|PVO|R|seconds a group has when it names none|~an OEM value counts for the revision that brings it
PV_UPDATER_USE_TMP_OBJECTS|updater.use_tmp_objects|bool|0||PVOR|L|download to /tmp on flash file systems|=
PV_VOLMOUNT_DM_EXTRA_ARGS||text|~||PVO|when a container starts|further options of dm-verity|=
PV_WDT_MODE|wdt.mode|enum disabled shutdown startup always|shutdown||PV|B, L|when the watchdog runs|=
PV_WDT_TIMEOUT|wdt.timeout|int|15|1..3600|PV|when the watchdog starts|seconds of the watchdog|=
PV_XCONNECT_DBUS_SYSTEMBUS_ENABLED|xconnect.dbus.systembus.enabled|bool|1||PVO|R, L|system bus for containers|=
WHERRY_CGROUP||enum hybrid legacy unified|hybrid||PV|B|cgroup layout that init builds: v1 controllers with v2 beside them, v1 alone, or v2 alone|=
WHERRY_SECURITY_PROFILE||enum auto lxc standard strict|auto||PVO|when a container starts|profile of containers that ask for none; auto is lxc with an LXC configuration and standard without|=
WHERRY_SECUREBOOT_DATES||enum off plausible always|off||PV|L|check validity dates of certificates: never, once the clock is plausible, or always|=
WHERRY_SECUREBOOT_DOWNGRADE||enum off warn refuse|off||PV|L|what happens to an update signed as older than what runs|=
WHERRY_POLICY_LOCKED||bool|0||LOCK|B|what the policy sets is final: command line, environment, words and metadata change none of it|=
WHERRY_HEALTH_LADDER||steps container group rollback reboot|container,group,rollback,reboot||PVO|L|steps after a failed health check, a comma list in this order|=
WHERRY_HEALTH_RETRIES||int|3|1..1000|PVO|L|times a step is tried before the next one|=
WHERRY_MANAGER_TIMEOUT||duration|30|1..3600|PV|B|PID 1 restarts a manager that is silent for so long|=
WHERRY_STOP_TIMEOUT||duration|5|0..3600|PVO|L|time between the halt signal and SIGKILL|=
`;

/** Offsets in TABLE where rows start, the keys that start them, their defaults; every older name and its row. Filled on first use. */
const starts: number[] = [];
const names: string[] = [];
const defaults: string[] = [];
const oldNames: string[] = [];
const oldRows: number[] = [];

function readRows(): void {
  for (let at = 1; at < TABLE.length; at = TABLE.indexOf("\n", at) + 1) {
    starts.push(at);
    const index = names.length;
    names.push(column(index, 0));
    defaults.push(column(index, 3));
    for (const old of column(index, 1).split(",")) {
      oldNames.push(old);
      oldRows.push(index);
    }
  }
}

/** Number of keys; a key's index is below it and stays the same for a build. */
export function keyCount(): number {
  if (starts.length === 0) readRows();
  return starts.length;
}

function rowText(index: number): string {
  const from = starts[index]!;
  return TABLE.slice(from, TABLE.indexOf("\n", from));
}

/** Column `n` (from 0) of row `index`. */
function column(index: number, n: number): string {
  let from = starts[index]!;
  for (let i = 0; i < n; i++) from = TABLE.indexOf("|", from) + 1;
  return TABLE.slice(from, TABLE.indexOf("|", from));
}

/** New name of key `index`. */
export function keyName(index: number): string {
  return names[index]!;
}

/** Default of key `index` as text; null = unset. */
export function keyDefault(index: number): string | null {
  const text = defaults[index]!;
  return text === "~" ? null : text;
}

/** Is its value never shown? */
export function isSecret(index: number): boolean {
  return column(index, 2) === "secret";
}

/** Index of a new name written exactly; -1 when there is none. */
export function indexOfKey(key: string): number {
  if (names.length === 0) readRows();
  return names.indexOf(key);
}

/** alias: the name was an older one. */
export type FoundName = { index: number; alias: boolean };

/** A key by its new name (any case) or an older one (exact case); index -1 when there is none. */
export function findConfigKey(name: string): FoundName {
  if (names.length === 0) readRows();
  const index = name.includes(".") ? -1 : indexOfKey(upperAscii(name));
  if (index >= 0) return { index, alias: false };
  const old = name === "" ? -1 : oldNames.indexOf(name);
  return old < 0 ? { index: -1, alias: false } : { index: oldRows[old]!, alias: true };
}

function number(text: string, otherwise: number): number {
  return text === "" ? otherwise : Number(text);
}

const SUPPORT_MARKS = "=-~";
const SUPPORT: ("supported" | "ignored" | "different")[] = ["supported", "ignored", "different"];

/** The whole row of key `index`. */
export function configKey(index: number): ConfigKey {
  const c = rowText(index).split("|");
  if (c.length !== 9) throw new Error(`configuration table: ${c[0]!} has ${c.length} columns`);
  const words = c[2]!.split(" ");
  const dots = c[4]!.indexOf("..");
  const mark = SUPPORT_MARKS.indexOf(c[8]!.slice(0, 1));
  return {
    key: c[0]!, aliases: c[1] === "" ? [] : c[1]!.split(","), type: words[0]! as ConfigType, standard: c[3] === "~" ? null : c[3]!,
    words: words.slice(1), min: dots < 0 ? 0 : number(c[4]!.slice(0, dots), 0), max: number(c[4]!.slice(dots < 0 ? 0 : dots + 2), 0),
    levels: levelSet(c[5]!), when: c[6]!, effect: c[7]!, support: SUPPORT[mark]!, why: c[8]!.slice(1),
  };
}

/** All rows, for documents and listings. */
export function configKeys(): ConfigKey[] {
  const out: ConfigKey[] = [];
  for (let i = 0; i < keyCount(); i++) out.push(configKey(i));
  return out;
}

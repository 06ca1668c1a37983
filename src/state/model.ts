/**
 * What a revision says, checked and with every default filled in: plain
 * records that the runtime reads and never changes. Texts that say nothing
 * are "", numbers that say nothing are -1, lists are in document order.
 * Rules: state format spec; what is under `wherry` keys: docs/state-wherry.md.
 */

/** A number that the state does not give. */
export const NOT_SET = -1;
/** A limit that the state lifts explicitly ("max"). */
export const UNLIMITED = -2;
/** Owner of what belongs to no container. */
export const NO_OWNER = -1;

export type Goal = "MOUNTED" | "STARTED" | "READY";
export type RestartPolicy = "system" | "container";
export type SecurityProfile = "" | "lxc" | "standard" | "strict";
/** "default": the configuration decides. */
export type Choice = "yes" | "no" | "default";

/** Times in seconds. maxRetries 0: unlimited. backoffSeconds counts with backoff "wait". */
export type AutoRecovery = {
  policy: "no" | "always" | "on-failure" | "unless-stopped";
  maxRetries: number;
  retryDelay: number;
  backoffFactor: number;
  resetWindow: number;
  stableTimeout: number;
  backoff: "reboot" | "never" | "wait";
  backoffSeconds: number;
};

/** timeout: seconds to reach the goal; NOT_SET: PV_UPDATER_GOALS_TIMEOUT. */
export type Group = {
  name: string;
  statusGoal: Goal;
  restartPolicy: RestartPolicy;
  timeout: number;
  autoRecovery: AutoRecovery;
};

/**
 * An image file of a part (container name or "bsp"). kind image: loop device,
 * fstype is the text after the last dot. handler: "" or "dm".
 */
export type Volume = {
  kind: "image" | "bind" | "data";
  handler: string;
  name: string;
  fstype: string;
};

/** A persistent or temporary folder. disk: name of a disk as in State.disks (aliases and the default disk resolved), "" for none. */
export type Storage = {
  name: string;
  persistence: "permanent" | "revision" | "boot";
  disk: string;
};

/** dm-verity description `<part>/_dm/<volume>.json`. part: container name or "bsp". Devices are files of the part. */
export type Verity = {
  part: string;
  volume: string;
  dataDevice: string;
  hashDevice: string;
  rootHash: string;
  salt: string;
  uuid: string;
};

export type DiskType = "dm-crypt-versatile" | "dm-crypt-caam" | "dm-crypt-dcp" | "swap-disk" | "volume-disk" | "dual";

/** disks, initOrder: of type dual only. Options as written. */
export type Disk = {
  name: string;
  aliases: string[];
  type: DiskType;
  path: string;
  mode: string;
  migrateKeyblob: boolean;
  format: string;
  provision: string;
  provisionOptions: string;
  formatOptions: string;
  mountOptions: string;
  mountTarget: string;
  uuid: string;
  isDefault: boolean;
  disks: string[];
  initOrder: string[];
};

/** Kernel modules volume; release "" is for any release. */
export type Modules = { release: string; volume: Volume };

/** File names below bsp/. present: bsp/run.json is there (and not ignored). firmware.name "" means none. */
export type Bsp = {
  present: boolean;
  linux: string;
  initrd: string;
  fdt: string;
  fit: string;
  rpiab: string;
  addons: string[];
  firmware: Volume;
  modules: Modules[];
};

/** modules: arguments of modprobe, still with ${user-meta:KEY}. */
export type DriverAlias = { alias: string; modules: string[] };
/** section: "all" or "fitconfig:NAME"; a later section's alias replaces an earlier one's. */
export type DriverSection = { section: string; aliases: DriverAlias[] };

/** subnet as CIDR text, addresses as text. bridge for type bridge, parent for macvlan. */
export type Pool = {
  name: string;
  type: "bridge" | "macvlan";
  bridge: string;
  parent: string;
  subnet: string;
  gateway: string;
  nat: boolean;
};

/** pattern: extended regular expression on the path inside the root. */
export type RemountEntry = { pattern: string; options: string };
export type RemountPolicy = { policy: string; entries: RemountEntry[] };

/** mode pool has a pool name; ip "" is dynamic; mac "" is derived from the address. */
export type Network = {
  mode: "none" | "host" | "pool";
  pool: string;
  hostname: string;
  ip: string;
  mac: string;
};

export type ServiceType = "unix" | "rest" | "dbus" | "drm" | "wayland" | "input" | "unknown";

/** What a container needs from another one. role "any" when not given; interface = type when not given. */
export type Requirement = {
  required: boolean;
  name: string;
  type: ServiceType;
  role: string;
  interface: string;
  target: string;
};

/** What a container offers. socket: path inside it. */
export type ServiceExport = { name: string; type: ServiceType; socket: string };
/** A name on a hosted bus. role: the owned name when not given. */
export type BusOwner = { bus: string; owns: string; role: string; allow: string[] };

/** A log file inside the container. maxSize: bytes, counts with truncate. */
export type LogFile = { file: string; name: string; truncate: boolean; maxSize: number };

/** Values are NOT_SET, UNLIMITED, or: sizes in bytes, times in µs, weights 1..10000. */
export type Limits = {
  memoryHigh: number;
  memoryMax: number;
  /** Swap alone, as cgroup2 counts it (v1: memsw = max + swap). */
  memorySwap: number;
  cpuWeight: number;
  cpuQuota: number;
  cpuPeriod: number;
  pidsMax: number;
  ioWeight: number;
  io: IoLimit[];
};

/** device: "MAJ:MIN" or "/dev/…". Bytes or operations a second. */
export type IoLimit = { device: string; readBytes: number; writeBytes: number; readOps: number; writeOps: number };

export type FailureAction = "restart" | "restart-group" | "rollback" | "reboot";
/** `times` failures are answered with `action`, then the next step of the ladder; the last step is repeated. */
export type FailureStep = { action: FailureAction; times: number };

/**
 * A health check. exec: command run inside the container, healthy when it
 * ends with 0. tcp: connect to host:port in its network. http: GET path, over
 * `socket` (inside the container) or host:port; healthy when the answer is
 * `status`, with 0 any of 200..399. notify: WATCHDOG=1 within every interval.
 */
export type HealthCheck = {
  kind: "exec" | "tcp" | "http" | "notify";
  command: string[];
  host: string;
  port: number;
  socket: string;
  path: string;
  status: number;
  intervalMs: number;
  timeoutMs: number;
  /** Failures in a row that count as one failure of the container. */
  retries: number;
  startDelayMs: number;
  /** Empty: the ladder of the configuration. */
  onFailure: FailureStep[];
  /** notify: the hardware watchdog is fed only while this check is healthy. */
  feedsWatchdog: boolean;
};

/** The container must have this status before ours starts. */
export type Dependency = { container: string; status: Goal };

export type Container = {
  name: string;
  /** "lxc", or "" for one that only mounts. */
  type: string;
  /** LXC configuration file below the container's folder; "" for one that only mounts. */
  config: string;
  /** name "" when there is none. */
  rootVolume: Volume;
  volumes: Volume[];
  storage: Storage[];
  /** Place in State.groups. */
  group: number;
  statusGoal: Goal;
  restartPolicy: RestartPolicy;
  /** May use everything of the control socket. */
  mgmt: boolean;
  /** The container's own, or its group's when it gives none. */
  autoRecovery: AutoRecovery;
  driversRequired: string[];
  driversOptional: string[];
  driversManual: string[];
  network: Network;
  services: Requirement[];
  serviceExports: ServiceExport[];
  busOwners: BusOwner[];
  /** Absolute paths shared with other containers. */
  exports: string[];
  /** What to follow; the two usual files when the state names none. */
  logs: LogFile[];
  devLog: Choice;
  /** Bind /lib/firmware and /lib/modules read-only. */
  automodfw: boolean;
  remount: RemountPolicy[];
  /** Lines in the syntax of mdev.conf, from mdev.json. */
  mdevRules: string[];
  /** There is a _config/<name>/ overlay in this revision. */
  hasConfigOverlay: boolean;

  // Wherry's own, under the key `wherry` of run.json.
  limits: Limits;
  /** Gets a notify socket (sd_notify); a heartbeat check implies it. */
  notify: boolean;
  health: HealthCheck[];
  dependencies: Dependency[];
  /** "" = the device's, else the runtime's default. */
  security: SecurityProfile;
};

/**
 * A file of the revision. json: raw value bytes are start..end of
 * State.bytes; object: id is its sha256. owner: place in State.containers,
 * or NO_OWNER.
 */
export type Artifact = {
  kind: "json" | "object";
  name: string;
  id: string;
  start: number;
  end: number;
  owner: number;
};

export type State = {
  spec: string;
  /** The document itself: spans are into it. */
  bytes: Uint8Array;
  containers: Container[];
  groups: Group[];
  disks: Disk[];
  bsp: Bsp;
  /** `volumes` of device.json, mounted once for the device. */
  bspVolumes: Storage[];
  drivers: DriverSection[];
  pools: Pool[];
  remount: RemountPolicy[];
  verity: Verity[];
  artifacts: Artifact[];
  /** Keys of signature documents (`#spec` pvs@2). */
  signatures: string[];
  /** Device-wide profile, key `wherry` of device.json; "" = the runtime's default. */
  security: SecurityProfile;
};

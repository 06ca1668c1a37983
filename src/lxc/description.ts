/**
 * What an LXC configuration asks of one container, as plain records: the
 * parser fills it, `container/` carries it out. Holds no behaviour and knows
 * nothing of Wherry's own defaults. Absence is "" for texts, -1 for numbers
 * whose 0 means something, null only for lists where empty differs from unset.
 * Rules: LXC configuration language (lxc.container.conf), 3.0 fork and 6.0.
 */
import { describe } from "./describe.ts";
import { Lists } from "./lists.ts";
import { NetDraft } from "./network.ts";
import { Report } from "./report.ts";
import { Settings } from "./settings.ts";

/** Mount options split as mount(2) wants them: bits to set, bits to clear, later propagation call, filesystem data. */
export type MountOptions = {
  /** MS_* bits to set (MS_BIND, MS_RDONLY, …). */
  flags: number;
  /** MS_* bits an option such as `rw` or `dev` names as off. */
  clearFlags: number;
  /** MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE, with MS_REC for the r… words; 0 = none. A call of its own, after the mount. */
  propagation: number;
  /** The rest, comma-joined, for the filesystem. */
  data: string;
};

/** none: the host's root. auto: a bare path, a folder or an image or block device (look at it). block: a device whose filesystem is probed. */
export type RootfsKind = "none" | "auto" | "dir" | "overlay" | "loop" | "block";

export type Rootfs = {
  kind: RootfsKind;
  /** Folder, image or device; "" for none and overlay. */
  path: string;
  /** overlay: lower folders, topmost first. */
  lowers: string[];
  /** overlay: writable folder; `work` lies beside it. */
  upper: string;
  work: string;
  options: MountOptions;
  /** lxc.rootfs.options idmap=: "", "container", or a path. */
  idmap: string;
};

/** What to make at a mount's target when it is missing. */
export type MountCreate = "" | "dir" | "file";

/** One lxc.mount.entry or fstab line. */
export type MountEntry = {
  source: string;
  /** As written, without escapes; relative means below the container's root. */
  target: string;
  fstype: string;
  options: MountOptions;
  create: MountCreate;
  /** A failure is not an error. */
  optional: boolean;
  /** `source` lies below the container's root. */
  relative: boolean;
  /** "", "container", or a path of a user namespace. */
  idmap: string;
  /** Make `source` a folder first (origin=mkdir). */
  mkdirOrigin: boolean;
  /** Where it was written, "lxc.container.conf:12"; for messages. */
  at: string;
};

/** lxc.mount.auto: the last word of a kind wins; "none" = not asked for. */
export type MountAuto = {
  proc: "none" | "mixed" | "rw";
  sys: "none" | "mixed" | "ro" | "rw";
  cgroup: "none" | "cgroup" | "cgroup-full" | "cgroup2";
  /** "unset": rw where the container keeps CAP_SYS_ADMIN, else mixed. */
  cgroupMode: "unset" | "ro" | "rw" | "mixed";
  cgroupForce: boolean;
  /** shmounts:HOST:CONTAINER, a shared mount point; "" = none. */
  shmountsHost: string;
  shmountsContainer: string;
};

/** scope: for the payload and the hooks, for the payload, or for the hooks. */
export type EnvironmentEntry = { name: string; value: string; /** Bare name: take the manager's value; unset there is an error. */ inherit: boolean; scope: "all" | "init" | "hooks" };

/** Namespace words as LXC spells them. */
export type NamespaceName = "user" | "mnt" | "pid" | "uts" | "ipc" | "net" | "cgroup" | "time";

/** target: pid, container name, or path of a namespace file. */
export type NamespaceShare = { namespace: NamespaceName; target: string };

export type Namespaces = {
  /** Shared with the manager, all others are created. null = key absent. */
  keep: NamespaceName[] | null;
  /** Only these are created. null = key absent. */
  clone: NamespaceName[] | null;
  share: NamespaceShare[];
};

/** lxc.idmap: `count` ids from `nsId` inside are `hostId`… outside. */
export type IdMap = { type: "u" | "g"; nsId: number; hostId: number; count: number };

/** file includes the controller ("memory.limit_in_bytes"). */
export type CgroupWrite = { controller: string; file: string; value: string; at: string };

/**
 * One devices.allow or .deny line, in order of the file. version: 1 from
 * lxc.cgroup.devices, 2 from lxc.cgroup2.devices. -1 = any number. path: a
 * /dev/x whose numbers are read when the container starts, else "".
 */
export type DeviceRule = { version: 1 | 2; allow: boolean; type: "a" | "b" | "c"; major: number; minor: number; access: string; path: string; at: string };

/** Placement of cgroups; "" = our own names. */
export type CgroupDirs = { dir: string; container: string; inner: string; monitor: string; pivot: string; relative: boolean };

export type Ipv4Address = { address: string; /** 0..32, -1 = of the address's class. */ prefix: number; /** "" = computed. */ broadcast: string };
export type Ipv6Address = { address: string; /** 0..128, -1 = 64. */ prefix: number };
export type Ipv4Route = { destination: string; prefix: number };

export type NetType = "veth" | "phys" | "macvlan" | "vlan" | "ipvlan" | "empty" | "none";

export type NetDevice = {
  /** N of lxc.net.N. */
  index: number;
  type: NetType;
  /** Host device: bridge of a veth, parent of a macvlan, the device itself for phys. */
  link: string;
  l2proxy: boolean;
  /** Name inside; "" = eth%d (phys keeps its own). */
  name: string;
  /** "" = any; each x is a random hexadecimal digit. */
  hwaddr: string;
  /** 0 = default. */
  mtu: number;
  up: boolean;
  ipv4: Ipv4Address[];
  ipv6: Ipv6Address[];
  /** "", address, "auto" (first address of link) or "dev". */
  ipv4Gateway: string;
  ipv6Gateway: string;
  /** veth: name of the host end, "" = vethXXXXXX. */
  vethPair: string;
  vethMode: "bridge" | "router";
  vethRoutes4: Ipv4Route[];
  vethRoutes6: Ipv4Route[];
  /** veth on a VLAN-aware bridge; -1 = unset, 0 = none. */
  vethVlanId: number;
  vethVlanTagged: number[];
  macvlanMode: "private" | "vepa" | "bridge" | "passthru";
  ipvlanMode: "l2" | "l3" | "l3s";
  ipvlanIsolation: "bridge" | "private" | "vepa";
  /** -1 = unset. */
  vlanId: number;
  scriptUp: string;
  scriptDown: string;
  at: string;
};

/** resource: RLIMIT_* number; soft, hard: -1 = unlimited. */
export type Prlimit = { name: string; resource: number; soft: number; hard: number };

/** path: below /proc/sys. */
export type Sysctl = { name: string; path: string; value: string };

/** file: below /proc/<init>. */
export type ProcFile = { file: string; value: string };

/** Linux (glibc) signal numbers; -1 = not configured: the defaults of the spec apply. */
export type Signals = { halt: number; reboot: number; stop: number };

export type HookType = "pre-start" | "pre-mount" | "mount" | "autodev" | "start-host" | "start" | "stop" | "post-stop";

/** command: a line for the shell, as LXC runs it. In order of the file. */
export type Hook = { type: HookType; command: string; at: string };

/** Console capture; sizes in bytes, 0 = off or unlimited. */
export type Console = { /** "" unset, "none", or a host tty. */ path: string; logfile: string; size: number; rotate: boolean; bufferSize: number };

/** A clock offset inside a time namespace; set = the key was there. */
export type TimeOffset = { set: boolean; seconds: number; nanoseconds: number };

export type Apparmor = { /** "" = unset. */ profile: string; allowIncomplete: boolean; allowNesting: boolean; raw: string[] };
export type Seccomp = { /** Path of the profile file, "" = none. */ profile: string; allowNesting: boolean; notifyProxy: string; notifyCookie: string };

export type ContainerDescription = {
  rootfs: Rootfs;
  initCommand: string[];
  /** "" = "/". */
  initCwd: string;
  uid: number;
  gid: number;
  groups: number[];
  environment: EnvironmentEntry[];
  /** "" = the container's name. */
  hostname: string;
  /** lxc.arch as personality(2) wants it: 0 LINUX, 8 LINUX32; -1 = unset. */
  personality: number;
  mountEntries: MountEntry[];
  mountAuto: MountAuto;
  /** Path of an fstab whose lines come before mountEntries; "" = none. */
  fstab: string;
  autodev: boolean;
  autodevTmpfsSize: number;
  ttyMax: number;
  ttyMin: number;
  ttyDir: string;
  /** 0 = no devpts of its own. */
  ptyMax: number;
  console: Console;
  namespaces: Namespaces;
  idmaps: IdMap[];
  /** Capability numbers taken away. */
  capDrop: number[];
  /** The only ones kept; null = key absent. Never both this and capDrop. */
  capKeep: number[] | null;
  noNewPrivs: boolean;
  seccomp: Seccomp;
  apparmor: Apparmor;
  selinuxContext: string;
  selinuxKeyring: string;
  sessionKeyring: boolean;
  schedCore: boolean;
  cgroup1: CgroupWrite[];
  cgroup2: CgroupWrite[];
  devices: DeviceRule[];
  cgroupDirs: CgroupDirs;
  net: NetDevice[];
  prlimits: Prlimit[];
  sysctls: Sysctl[];
  procFiles: ProcFile[];
  signals: Signals;
  hooks: Hook[];
  /** 0: arguments; 1: environment. */
  hookVersion: number;
  timeBoot: TimeOffset;
  timeMonotonic: TimeOffset;
};

/** Options that ask for nothing. */
export function noMountOptions(): MountOptions {
  return { flags: 0, clearFlags: 0, propagation: 0, data: "" };
}

/** A network device with LXC's defaults. */
export function emptyNetDevice(index: number, type: NetType): NetDevice {
  const draft = new NetDraft(index, "");
  draft.settings.put("type", type, 0, "");
  return draft.device();
}

/** LXC's defaults: what an empty configuration file means. */
export function emptyDescription(): ContainerDescription {
  return describe(new Settings(), new Lists(), new Report());
}

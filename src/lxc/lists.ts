/**
 * Keys that append: each line adds, an empty value drops what earlier lines
 * added. Holds the lists while a configuration is read; describe.ts hands
 * them over.
 */
import { capabilityNumber } from "./capabilities.ts";
import type { CgroupWrite, DeviceRule, Hook, HookType, IdMap, MountAuto, MountEntry, NamespaceName, NetDevice } from "./description.ts";
import { noMountAuto } from "./mount_auto.ts";
import { parseUnsigned } from "./numbers.ts";
import type { Report } from "./report.ts";
import { Settings } from "./settings.ts";
import { splitBlanks } from "./words.ts";

/** (uid_t) -1 means "none". */
const NO_ID = 4294967295;

const NAMESPACES = "user mnt pid uts ipc net cgroup time";

export class Lists {
  /** By name; number 1: the manager's value is inherited. One for each of "all", "init", "hooks". */
  readonly environments: Settings[] = [new Settings(), new Settings(), new Settings()];
  mountEntries: MountEntry[] = [];
  mountAuto: MountAuto = noMountAuto();
  groups: number[] = [];
  idmaps: IdMap[] = [];
  keep: NamespaceName[] | null = null;
  clone: NamespaceName[] | null = null;
  /** Target by namespace. */
  readonly share: Settings = new Settings();
  capDrop: number[] = [];
  capKeep: number[] | null = null;
  apparmorRaw: string[] = [];
  cgroup1: CgroupWrite[] = [];
  cgroup2: CgroupWrite[] = [];
  devices: DeviceRule[] = [];
  net: NetDevice[] = [];
  readonly prlimits: Settings = new Settings();
  /** Value by name with dots. */
  readonly sysctls: Settings = new Settings();
  readonly procFiles: Settings = new Settings();
  hooks: Hook[] = [];

  /** lxc.environment[.runtime|.hooks]: the last line of a name wins and keeps the first one's place. */
  addEnvironment(suffix: string, value: string, r: Report): void {
    const s = this.environments[suffix === "" ? 0 : suffix === ".runtime" ? 1 : 2]!;
    const eq = value.indexOf("=");
    const name = eq < 0 ? value : value.slice(0, eq);
    if (value === "") s.dropAll();
    else if (name === "" || name.includes(" ")) r.not(value, "NAME=value or NAME");
    else s.put(name, eq < 0 ? "" : value.slice(eq + 1), eq < 0 ? 1 : 0, "");
  }

  /** lxc.init.groups. */
  setGroups(value: string, r: Report): void {
    this.groups = [];
    const words = splitBlanks(value.split(",").join(" "));
    for (let i = 0; i < words.length; i++) {
      const w = words[i]!;
      const gid = parseUnsigned(w, NO_ID - 1);
      if (gid < 0) r.not(w, "a group id");
      else this.groups.push(gid);
    }
  }

  /** lxc.idmap. */
  addIdMap(value: string, r: Report): void {
    if (value === "") {
      this.idmaps = [];
      return;
    }
    const w = splitBlanks(value);
    const whole = w.length === 4 && (w[0] === "u" || w[0] === "g");
    const nsId = whole ? parseUnsigned(w[1]!, NO_ID) : -1;
    const hostId = whole ? parseUnsigned(w[2]!, NO_ID) : -1;
    const count = whole ? parseUnsigned(w[3]!, NO_ID - Math.max(nsId, hostId)) : -1;
    if (nsId < 0 || hostId < 0 || count < 1) r.not(value, "an id map within the range of ids (u|g FIRST-INSIDE FIRST-OUTSIDE COUNT)");
    else this.idmaps.push({ type: w[0] as "u" | "g", nsId, hostId, count });
  }

  /** lxc.namespace.keep, .clone and .share.NS; which: "keep", "clone" or "share". */
  addNamespaces(which: string, share: string, value: string, r: Report): void {
    const keep = which === "keep";
    const list: NamespaceName[] = [];
    const before = keep ? this.keep : this.clone;
    if (before !== null) {
      for (let i = 0; i < before.length; i++) list.push(before[i]!);
    }
    const words = which === "share" ? [share] : splitBlanks(value);
    for (let i = 0; i < words.length; i++) {
      const w = words[i]!;
      if (!NAMESPACES.split(" ").includes(w)) r.not(w, `a namespace (${NAMESPACES})`);
      else if (!list.includes(w as NamespaceName)) list.push(w as NamespaceName);
    }
    if (keep) this.keep = value === "" ? null : list;
    else if (which === "clone") this.clone = value === "" ? null : list;
    else if (value === "") this.share.drop(share);
    else this.share.put(share, value, 0, r.at);
  }

  /** lxc.cap.drop and .keep; `keep = none` empties what was kept before. */
  addCapabilities(keep: boolean, value: string, r: Report): void {
    let list: number[] = this.capDrop;
    if (keep && this.capKeep !== null) list = this.capKeep;
    else if (keep) list = [];
    if (value === "") list = [];
    const words = splitBlanks(value);
    for (let i = 0; i < words.length; i++) {
      const w = words[i]!;
      const n = capabilityNumber(w);
      if (keep && w === "none") list = [];
      else if (n < 0) r.not(w, "a capability");
      else if (!list.includes(n)) list.push(n);
    }
    if (!keep) this.capDrop = list;
    else this.capKeep = value === "" ? null : list;
  }

  /** lxc.prlimit.NAME, lxc.sysctl.NAME, lxc.proc.FILE: the last line of a name wins. */
  setNamed(kind: string, name: string, value: string, r: Report): void {
    const s = kind === "prlimit" ? this.prlimits : kind === "sysctl" ? this.sysctls : this.procFiles;
    const path = kind === "sysctl" ? name.split(".").join("/") : name;
    if (`/${path}/`.includes("//") || `/${path}/`.includes("/./") || `/${path}/`.includes("/../") || path.includes(" ")) r.not(name, "a plain name");
    else if (value === "") s.drop(name);
    else s.put(name, value, 0, r.at);
  }

  /** lxc.hook.TYPE; an empty type with an empty command drops all. */
  addHook(type: string, command: string, at: string): void {
    if (command !== "") {
      this.hooks.push({ type: type as HookType, command, at });
      return;
    }
    for (let i = this.hooks.length - 1; i >= 0; i--) {
      if (type === "" || this.hooks[i]!.type === type) this.hooks.splice(i, 1);
    }
  }
}

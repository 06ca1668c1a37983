/**
 * Keys that append: each line adds, an empty value drops what earlier lines
 * added. One function for each kind of list.
 */
import type { ContainerDescription, EnvironmentEntry, HookType, IdMap, MountEntry, NamespaceName } from "./description.ts";
import { capabilityNumber } from "./capabilities.ts";
import { parseMountEntry } from "./mount_entry.ts";
import { applyMountAuto } from "./mount_auto.ts";
import { unsignedOrRefuse } from "./numbers.ts";
import type { Report } from "./report.ts";
import { parsePrlimit } from "./rlimits.ts";
import { setRootfsOptions, setRootfsPath } from "./rootfs.ts";
import { splitBlanks } from "./words.ts";

const MAX_ID = 4294967295;

/** lxc.rootfs.path and .options. */
export function applyRoot(d: ContainerDescription, key: string, value: string, r: Report): void {
  if (key === "lxc.rootfs.path") setRootfsPath(d.rootfs, value, r);
  else setRootfsOptions(d.rootfs, value);
}

/** lxc.mount.entry and .auto. */
export function applyMount(d: ContainerDescription, key: string, value: string, r: Report): void {
  if (key === "lxc.mount.auto") {
    if (value === "") d.mountAuto = { proc: "none", sys: "none", cgroup: "none", cgroupMode: "unset", cgroupForce: false, shmountsHost: "", shmountsContainer: "" };
    for (const w of splitBlanks(value)) applyMountAuto(w, d.mountAuto, r);
    return;
  }
  const none: MountEntry[] = [];
  if (value === "") d.mountEntries = none;
  const entry = parseMountEntry(value, r);
  if (entry !== null) d.mountEntries.push(entry);
}

/** lxc.environment[.runtime|.hooks]: the last line of a name wins and keeps the first one's place. */
export function applyEnvironment(d: ContainerDescription, key: string, value: string, r: Report): void {
  const scope: "all" | "init" | "hooks" = key === "lxc.environment" ? "all" : key === "lxc.environment.runtime" ? "init" : "hooks";
  if (value === "") {
    d.environment = d.environment.filter((e) => e.scope !== scope);
    return;
  }
  const eq = value.indexOf("=");
  const entry: EnvironmentEntry = { name: eq < 0 ? value : value.slice(0, eq), value: eq < 0 ? "" : value.slice(eq + 1), inherit: eq < 0, scope };
  if (entry.name === "" || entry.name.includes(" ")) {
    r.refuse(`"${value}" is neither NAME=value nor NAME`);
    return;
  }
  for (let i = 0; i < d.environment.length; i++) {
    const e = d.environment[i]!;
    if (e.name !== entry.name || e.scope !== scope) continue;
    d.environment[i] = entry;
    return;
  }
  d.environment.push(entry);
}

const NAMESPACES: NamespaceName[] = ["user", "mnt", "pid", "uts", "ipc", "net", "cgroup", "time"];

function namespaceNamed(word: string, r: Report): NamespaceName | null {
  const i = NAMESPACES.findIndex((n) => n === word);
  if (i >= 0) return NAMESPACES[i]!;
  r.refuse(`"${word}" is no namespace (${NAMESPACES.join(", ")})`);
  return null;
}

/** `before` with the words of `value`, each once; null for an empty value. */
function namespaceList(before: NamespaceName[] | null, value: string, r: Report): NamespaceName[] | null {
  if (value === "") return null;
  const list: NamespaceName[] = before === null ? [] : before;
  for (const w of splitBlanks(value)) {
    const n = namespaceNamed(w, r);
    if (n !== null && !list.includes(n)) list.push(n);
  }
  return list;
}

/** lxc.namespace.keep, .clone and .share.NS. */
export function applyNamespace(d: ContainerDescription, key: string, rest: string, value: string, r: Report): void {
  if (key === "lxc.namespace.keep") d.namespaces.keep = namespaceList(d.namespaces.keep, value, r);
  else if (key === "lxc.namespace.clone") d.namespaces.clone = namespaceList(d.namespaces.clone, value, r);
  else {
    const n = namespaceNamed(rest, r);
    if (n === null) return;
    d.namespaces.share = d.namespaces.share.filter((s) => s.namespace !== n);
    if (value !== "") d.namespaces.share.push({ namespace: n, target: value });
  }
}

/** lxc.idmap and lxc.init.groups. */
export function applyIds(d: ContainerDescription, key: string, value: string, r: Report): void {
  if (key === "lxc.init.groups") {
    d.groups = [];
    for (const w of splitBlanks(value.split(",").join(" "))) {
      const gid = unsignedOrRefuse(w, MAX_ID - 1, r);
      if (gid >= 0) d.groups.push(gid);
    }
    return;
  }
  const none: IdMap[] = [];
  if (value === "") {
    d.idmaps = none;
    return;
  }
  const w = splitBlanks(value);
  if (w.length !== 4 || (w[0] !== "u" && w[0] !== "g")) {
    r.refuse(`"${value}" is no id map (u|g FIRST-INSIDE FIRST-OUTSIDE COUNT)`);
    return;
  }
  const nsId = unsignedOrRefuse(w[1]!, MAX_ID, r);
  const hostId = unsignedOrRefuse(w[2]!, MAX_ID, r);
  const count = unsignedOrRefuse(w[3]!, MAX_ID, r);
  if (nsId < 0 || hostId < 0 || count < 0) return;
  if (count === 0 || nsId + count > MAX_ID || hostId + count > MAX_ID) r.refuse(`id map "${value}" is empty or leaves the range of ids`);
  else d.idmaps.push({ type: w[0] === "u" ? "u" : "g", nsId, hostId, count });
}

function addOnce(list: number[], n: number): void {
  if (!list.includes(n)) list.push(n);
}

/** lxc.cap.drop and .keep; `keep = none` empties what was kept before. */
export function applyCapability(d: ContainerDescription, key: string, value: string, r: Report): void {
  const keep = key === "lxc.cap.keep";
  if (value === "" && keep) d.capKeep = null;
  if (value === "" && !keep) d.capDrop = [];
  for (const w of splitBlanks(value)) {
    const n = capabilityNumber(w);
    if (keep && w === "none") d.capKeep = [];
    else if (n < 0) r.refuse(`"${w}" is no capability`);
    else if (!keep) addOnce(d.capDrop, n);
    else {
      const kept: number[] = d.capKeep ?? [];
      addOnce(kept, n);
      d.capKeep = kept;
    }
  }
}

/** Is it a dotted or slashed name without ".." or empty parts? */
function isPlainPath(path: string): boolean {
  for (const part of path.split("/")) {
    if (part === "" || part === "." || part === ".." || part.includes(" ")) return false;
  }
  return true;
}

/** lxc.prlimit.NAME, lxc.sysctl.NAME, lxc.proc.FILE: the last line of a name wins. */
export function applyNamed(d: ContainerDescription, key: string, name: string, value: string, r: Report): void {
  if (key === "lxc.prlimit.*") {
    d.prlimits = d.prlimits.filter((p) => p.name !== name);
    const limit = value === "" ? null : parsePrlimit(name, value, r);
    if (limit !== null) d.prlimits.push(limit);
  } else if (key === "lxc.sysctl.*") {
    d.sysctls = d.sysctls.filter((s) => s.name !== name);
    const path = name.split(".").join("/");
    if (!isPlainPath(path)) r.refuse(`"${name}" is no sysctl name`);
    else if (value !== "") d.sysctls.push({ name, path, value });
  } else {
    d.procFiles = d.procFiles.filter((p) => p.file !== name);
    if (!isPlainPath(name)) r.refuse(`"${name}" is no file of a process`);
    else if (value !== "") d.procFiles.push({ file: name, value });
  }
}

const HOOKS: HookType[] = ["pre-start", "pre-mount", "mount", "autodev", "start-host", "start", "stop", "post-stop"];

/** lxc.hook.TYPE. */
export function applyHook(d: ContainerDescription, key: string, value: string, r: Report): void {
  const i = HOOKS.findIndex((h) => `lxc.hook.${h}` === key);
  if (i < 0) throw new Error(`lxc table: no hook ${key}`);
  const type = HOOKS[i]!;
  if (value === "") d.hooks = d.hooks.filter((h) => h.type !== type);
  else d.hooks.push({ type, command: value, at: r.at });
}

/**
 * Carries out a container's cgroup plan: directories, values, membership,
 * removal. A refused write says which controller is missing or why; a failed
 * set-up leaves no directory behind. Decides nothing that plan.ts could.
 * Sources: kernel cgroup-v1 and cgroup-v2 guides.
 */
import type { DeviceRule } from "../lxc/description.ts";
import type { IoLimit, Limits } from "../state/model.ts";
import { attachDeviceFilter, loadDeviceFilter } from "../sys/devices.ts";
import { EBUSY, EEXIST, EINVAL, ENODEV, ENOENT, EOPNOTSUPP, ERANGE } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { O_DIRECTORY, O_RDONLY, S_IFBLK, S_IFMT } from "../sys/constants.ts";
import {
  changeOwner, closeFd, exists, listFolders, openFile, readText, readTextOr, statPath, tryMakeDirectory, tryPutText, tryRemoveDirectory,
} from "../sys/files.ts";
import { enableControllers } from "./enable.ts";
import { isPopulated } from "./kill.ts";
import type { Layout } from "./layout.ts";
import { cgroupMounts, parseLayout, unifiedMount } from "./layout.ts";
import type { CgroupPlace, CgroupPlan, FileWrite } from "./plan.ts";
import { CONTAINER_PARENT } from "./plan.ts";

/** The layout of this machine as this process sees it now. */
export function readLayout(): Layout {
  const mounts = cgroupMounts(readText("/proc/self/mountinfo"));
  const v2 = unifiedMount(mounts);
  return parseLayout(mounts, readText("/proc/self/cgroup"), v2 === "" ? "" : readTextOr(`${v2}/cgroup.controllers`, ""));
}

/** Rules that name a /dev path get its type and numbers; one whose device is not there is left out and named in `warnings`. */
export function resolveDeviceRules(rules: DeviceRule[], warnings: string[]): DeviceRule[] {
  const out: DeviceRule[] = [];
  for (const r of rules) {
    if (r.path === "") {
      out.push(r);
      continue;
    }
    const s = statPath(r.path, true);
    if (s === null) {
      warnings.push(`${r.at}: ${r.path} is not there, its rule is ignored`);
      continue;
    }
    const type = (s.mode & S_IFMT) === S_IFBLK ? "b" : "c";
    out.push({ version: r.version, allow: r.allow, type, major: s.rdevMajor, minor: s.rdevMinor, access: r.access, path: r.path, at: r.at });
  }
  return out;
}

/** Limits whose devices are paths get "MAJ:MIN"; a device that is not there is left out and named in `warnings`. */
export function resolveIoDevices(limits: Limits, warnings: string[]): Limits {
  const io: IoLimit[] = [];
  for (const l of limits.io) {
    const s = l.device.startsWith("/") ? statPath(l.device, true) : null;
    if (!l.device.startsWith("/")) io.push(l);
    else if (s === null) warnings.push(`${l.device} is not there, its I/O limit is ignored`);
    else io.push({ device: `${s.rdevMajor}:${s.rdevMinor}`, readBytes: l.readBytes, writeBytes: l.writeBytes, readOps: l.readOps, writeOps: l.writeOps });
  }
  return {
    memoryHigh: limits.memoryHigh, memoryMax: limits.memoryMax, memorySwap: limits.memorySwap, cpuWeight: limits.cpuWeight,
    cpuQuota: limits.cpuQuota, cpuPeriod: limits.cpuPeriod, pidsMax: limits.pidsMax, ioWeight: limits.ioWeight, io,
  };
}

/** v1 cpuset: an empty group takes no process until it has processors and memory of its own. Below a parent of ours both come from the kernel. */
function fillCpuset(directory: string): void {
  if (readTextOr(`${directory}/cpuset.mems`, "").trim() !== "") return;
  const parent = directory.slice(0, directory.lastIndexOf("/"));
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    if (readTextOr(`${directory}/${file}`, "-").trim() !== "") continue;
    let inherited = readTextOr(`${parent}/${file}`, "-").trim();
    if (inherited === "") { // another start has just made it
      fillCpuset(parent);
      inherited = readTextOr(`${parent}/${file}`, "").trim();
    }
    const r = tryPutText(`${directory}/${file}`, inherited);
    if (r < 0) throw new SysError("write", `${directory}/${file}`, -r, `"${inherited}" of the parent group`);
  }
}

/** How often the group above all others is made for one container. */
const PARENTS = 100;

/** The group above all containers' groups, with what must be there before they are made. */
function makeParent(place: CgroupPlace, parent: string): void {
  const r = tryMakeDirectory(parent, 0o755);
  if (r < 0 && r !== -EEXIST) throw new SysError("mkdir", parent, -r, r === -ENOENT ? `${place.base} is not there` : "");
  if (place.version === 2) enableControllers(place);
  else if (place.controllers.includes("cpuset")) {
    fillCpuset(parent);
    tryPutText(`${parent}/cgroup.clone_children`, "1");
  } else if (place.controllers.includes("memory")) tryPutText(`${parent}/memory.use_hierarchy`, "1");
}

/** Makes the group. One of that name that nobody is in any more is replaced, with its old limits. */
function makePlace(place: CgroupPlace, plan: CgroupPlan): void {
  let r = tryMakeDirectory(place.directory, 0o755);
  const parent = place.directory.slice(0, place.directory.lastIndexOf("/"));
  for (let i = 1; r === -ENOENT && i <= PARENTS; i++) { // whoever ends meanwhile takes it away while it is empty
    try {
      makeParent(place, parent);
    } catch (e) {
      if (i === PARENTS || exists(parent) || !exists(place.base)) throw e;
    }
    r = tryMakeDirectory(place.directory, 0o755);
  }
  if (r === -EEXIST) {
    const gone = isPopulated(plan.places) ? -EBUSY : removeCgroup(place.directory);
    if (gone < 0) throw new SysError("mkdir", place.directory, -gone, "processes of an earlier run are still there");
    r = tryMakeDirectory(place.directory, 0o755);
  }
  if (r < 0) throw new SysError("mkdir", place.directory, -r);
}

function placeAbove(plan: CgroupPlan, path: string): CgroupPlace | null {
  for (const p of plan.places) if (path.startsWith(`${p.directory}/`)) return p;
  return null;
}

/** Why the kernel refused a value, in words. */
function hint(errno: number, w: FileWrite, place: CgroupPlace): string {
  const asked = w.at === "" ? "" : `${w.at}, `;
  if (errno === ENOENT) {
    const enabled = place.version === 1 ? exists(`${place.directory}/cgroup.procs`) : readTextOr(`${place.directory}/cgroup.controllers`, "").split("\n")[0]!.split(" ").includes(w.controller);
    return enabled || w.controller === "cgroup" ? `${asked}this kernel's ${w.controller} controller has no such file` : `${asked}controller ${w.controller} is not enabled in ${place.base}`;
  }
  if (errno === EBUSY) return `${asked}"${w.value}" is below what is in use`;
  if (errno === EINVAL || errno === ERANGE) return `${asked}"${w.value}" is not accepted`;
  if (errno === ENODEV) return `${asked}"${w.value}": no such disk, a partition has no limit of its own`;
  if (errno === EOPNOTSUPP) return `${asked}not supported by this kernel`;
  return `${asked}value "${w.value}"`;
}

/** Writes in order; returns the refusals that are no failures, throws the first that is one. */
function writeFiles(plan: CgroupPlan, writes: FileWrite[]): string[] {
  const warnings: string[] = [];
  for (const w of writes) {
    let r = tryPutText(w.path, w.value);
    if (r === 0) continue;
    const place = placeAbove(plan, w.path)!;
    if (r === -ENOENT && place.version === 2) {
      enableControllers(place);
      r = tryPutText(w.path, w.value);
      if (r === 0) continue;
    }
    const e = new SysError("write", w.path, -r, hint(-r, w, place));
    if (w.fatal) throw e;
    warnings.push(e.message);
  }
  return warnings;
}

/** Makes the groups and sets what is set before anybody is inside. Returns warnings. On failure nothing stays. */
export function createCgroups(plan: CgroupPlan): string[] {
  const made: CgroupPlace[] = [];
  try {
    for (const p of plan.places) {
      makePlace(p, plan);
      made.push(p);
      if (p.version === 1 && p.controllers.includes("cpuset")) fillCpuset(p.directory);
    }
    return writeFiles(plan, plan.before);
  } catch (e) {
    for (const p of made) removeCgroup(p.directory);
    throw e;
  }
}

/** A descriptor of the cgroup2 group to clone into, with its device filter attached; -1 without cgroup2. The caller closes it. */
export function openUnified(plan: CgroupPlan): number {
  if (plan.unified === "") return -1;
  const fd = openFile(plan.unified, O_RDONLY | O_DIRECTORY);
  if (plan.deviceProgram.length === 0) return fd;
  try {
    const program = loadDeviceFilter(plan.deviceProgram);
    try {
      attachDeviceFilter(fd, program, plan.unified);
    } finally {
      closeFd(program);
    }
  } catch (e) {
    closeFd(fd);
    throw e;
  }
  return fd;
}

/** v1 device rules: after the container's nodes are made, before its program runs. Returns warnings. */
export function restrictDevices(plan: CgroupPlan): string[] {
  return writeFiles(plan, plan.after);
}

const DELEGATED = ["cgroup.procs", "tasks", "cgroup.threads", "cgroup.subtree_control", "memory.oom.group"];

/** Hands the groups to the root of a user namespace, so that its init can divide them. */
export function delegateCgroups(plan: CgroupPlan, uid: number, gid: number): void {
  for (const p of plan.places) {
    changeOwner(p.directory, uid, gid);
    for (const file of DELEGATED) {
      const path = `${p.directory}/${file}`;
      if (exists(path)) changeOwner(path, uid, gid);
    }
  }
}

/** Removes a group and all below it: 0, or -errno (EBUSY: processes are in it). Nothing there is fine. */
export function removeCgroup(directory: string): number {
  const r = tryRemoveDirectory(directory);
  if (r === 0 || r === -ENOENT) return 0;
  for (const name of listFolders(directory)) {
    const below = removeCgroup(`${directory}/${name}`);
    if (below < 0) return below;
  }
  const again = tryRemoveDirectory(directory);
  return again === -ENOENT ? 0 : again;
}

/** Removes a container's groups; returns what could not be, in words. */
export function removeCgroups(places: CgroupPlace[]): string[] {
  const left: string[] = [];
  for (const p of places) {
    const r = removeCgroup(p.directory);
    if (r < 0) left.push(new SysError("rmdir", p.directory, -r).message);
  }
  return left;
}

/** Removes the group above all containers' groups where it is empty: a manager that ends for good leaves nothing. */
export function removeContainerParents(layout: Layout, relative: boolean): void {
  for (const h of layout.hierarchies) tryRemoveDirectory(`${relative ? `${h.mount}${h.own}` : h.mount}/${CONTAINER_PARENT}`);
}

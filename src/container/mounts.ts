/**
 * A container's mounts as steps: lxc.mount.auto, lxc.mount.entry, /dev, what
 * the security profile hides. Pure; nothing is looked up. Paths inside the
 * root have no leading slash. Rules: runtime spec §14.
 */
import type { Hierarchy, Layout } from "../cgroup/layout.ts";
import type { MountAuto, MountEntry, Rootfs } from "../lxc/description.ts";
import type { Problem } from "../lxc/report.ts";
import {
  MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REMOUNT, MS_STRICTATIME, MS_RELATIME,
} from "../sys/constants.ts";
import { MASKED, READ_ONLY } from "./profile.ts";
import { bindInsideStep, filesystemStep, step, type Step } from "./step.ts";

const NO_PROGRAMS = MS_NOSUID + MS_NODEV + MS_NOEXEC;

function readOnly(target: string): Step {
  const s = step("remount");
  s.target = target;
  s.flags = MS_RDONLY;
  s.optional = true;
  return s;
}

/** /proc: mixed keeps /proc/sys/net writable (ownNet: it is the container's) and the rest of /proc/sys and sysrq-trigger read-only. */
export function procSteps(mode: MountAuto["proc"], ownNet: boolean): Step[] {
  if (mode === "none") return [];
  const steps = [filesystemStep("proc", "proc", NO_PROGRAMS, "", "dir")];
  if (mode === "rw") return steps;
  steps.push(bindInsideStep("proc/sys", "proc/sys", MS_BIND));
  if (ownNet) steps.push(bindInsideStep("proc/sys/net", "proc/sys/net", MS_BIND));
  steps.push(readOnly("proc/sys"));
  steps.push(bindInsideStep("proc/sysrq-trigger", "proc/sysrq-trigger", MS_BIND));
  steps.push(readOnly("proc/sysrq-trigger"));
  return steps;
}

/** /sys: mixed keeps devices/virtual/net writable. */
export function sysSteps(mode: MountAuto["sys"]): Step[] {
  if (mode === "none") return [];
  const ro = mode === "ro" ? MS_RDONLY : 0;
  const steps = [filesystemStep("sysfs", "sys", NO_PROGRAMS + ro, "", "dir")];
  if (mode !== "mixed") return steps;
  steps.push(bindInsideStep("sys/devices/virtual/net", "sys/devices/virtual/net", MS_BIND));
  steps.push(readOnly("sys"));
  return steps;
}

const CGROUP_PLACE = "sys/fs/cgroup";
const CGROUP_TMPFS_DATA = "size=10240k,mode=755";

function hierarchyName(h: Hierarchy): string {
  if (h.version === 2) return "unified";
  const all = h.controllers.join(",");
  return all.startsWith("name=") ? all.slice(5) : all;
}

/** What mount.auto's cgroup words mean here. name: the container's; own: it has a cgroup namespace; admin: it keeps CAP_SYS_ADMIN. */
export function cgroupSteps(a: MountAuto, layout: Layout, name: string, own: boolean, admin: boolean): Step[] {
  if (a.cgroup === "none" || layout.kind === "none") return [];
  const unified = layout.kind === "unified" || a.cgroup === "cgroup2";
  const leftToInit = own && admin && !a.cgroupForce;
  if (leftToInit && !unified) return [];
  const mode = a.cgroupMode === "unset" ? (admin ? "rw" : "mixed") : a.cgroupMode;
  const ro = mode === "ro" ? MS_RDONLY : 0;
  if (unified) return [filesystemStep("cgroup2", CGROUP_PLACE, NO_PROGRAMS + ro, "", "dir")];
  const steps = [filesystemStep("tmpfs", CGROUP_PLACE, NO_PROGRAMS + MS_RELATIME, CGROUP_TMPFS_DATA, "dir")];
  for (const h of layout.hierarchies) {
    const target = `${CGROUP_PLACE}/${hierarchyName(h)}`;
    const mount = filesystemStep(h.version === 2 ? "cgroup2" : "cgroup", target, NO_PROGRAMS + ro, h.version === 2 ? "" : h.controllers.join(","), "dir");
    mount.optional = true;
    steps.push(mount);
    if (own || mode !== "mixed" || a.cgroup === "cgroup-full") continue;
    const subtree = `${target}/lxc/${name}`;
    steps.push(bindInsideStep(subtree, subtree, MS_BIND));
    steps.push(readOnly(target));
  }
  return steps;
}

/** The target of an entry below the root, without a leading slash; null when it lies elsewhere. */
function targetInside(target: string, rootfs: Rootfs, name: string): string | null {
  if (!target.startsWith("/")) return target;
  if (rootfs.kind === "none") return target.slice(1);
  for (const prefix of [rootfs.path, `/${name}/rootfs`]) {
    const at = prefix === "" ? -1 : target.indexOf(prefix);
    if (at < 0) continue;
    const rest = target.slice(at + prefix.length);
    if (rest === "" || rest.startsWith("/")) return rest.slice(1);
  }
  return null;
}

/** mount.entry and fstab lines, and what the manager adds in their form. deny: MS_* bits that every one of them gets (nodev in the tighter profiles). */
export function entrySteps(entries: MountEntry[], rootfs: Rootfs, name: string, deny: number, warnings: Problem[]): Step[] {
  const steps: Step[] = [];
  for (const e of entries) {
    const target = targetInside(e.target, rootfs, name);
    if (target === null) {
      warnings.push({ at: e.at, why: `${e.target} is not inside the container, the mount is ignored` });
      continue;
    }
    const s = step("mount");
    s.source = e.source;
    s.target = target;
    s.fstype = (e.options.flags & (MS_BIND | MS_REMOUNT)) !== 0 ? "" : e.fstype;
    s.flags = (e.options.flags | deny) >>> 0;
    s.clear = (e.options.clearFlags & ~deny) >>> 0;
    s.propagation = e.options.propagation;
    s.data = e.options.data;
    s.create = e.create;
    s.optional = e.optional;
    s.inside = e.relative;
    s.makeSource = e.mkdirOrigin;
    s.idmap = e.idmap;
    steps.push(s);
  }
  return steps;
}

/** The tmpfs that autodev puts on /dev. */
export function devTmpfs(sizeBytes: number): Step {
  return filesystemStep("tmpfs", "dev", MS_NOSUID + MS_STRICTATIME, `size=${sizeBytes},mode=755`, "dir");
}

/** What the tighter profiles hide, as far as /proc and /sys are there. */
export function maskSteps(proc: boolean, sys: boolean): Step[] {
  const steps: Step[] = [];
  const shown = (path: string): boolean => (path.startsWith("proc/") ? proc : sys);
  for (const path of MASKED) {
    if (!shown(path)) continue;
    const s = step("mask");
    s.target = path;
    steps.push(s);
  }
  for (const path of READ_ONLY) if (shown(path)) steps.push(bindInsideStep(path, path, MS_BIND + MS_RDONLY));
  return steps;
}

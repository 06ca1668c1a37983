/**
 * Mounts the cgroup hierarchies that hierarchies.ts planned, and takes them
 * down again. Decides nothing.
 */
import { MS_NODEV, MS_NOEXEC, MS_NOSUID } from "../sys/constants.ts";
import { EEXIST } from "../sys/errno.ts";
import { reason, SysError } from "../sys/error.ts";
import { makeDirectories, readTextOr, statPath, tryMakeDirectory, tryRemoveDirectory, trySymlink } from "../sys/files.ts";
import { tryMount, tryUnmount } from "../sys/mounts.ts";
import type { HierarchyStep } from "./hierarchies.ts";
import { CGROUP_ROOT, planHierarchies } from "./hierarchies.ts";

const FLAGS = MS_NOSUID + MS_NODEV + MS_NOEXEC;

/** Performs the steps; returns refusals that are no failures. What was mounted before a failure stays: PID 1 goes on with it. */
export function mountHierarchies(steps: HierarchyStep[]): string[] {
  const warnings: string[] = [];
  for (const s of steps) {
    if (s.kind === "link") {
      const r = trySymlink(s.target, s.path);
      if (r < 0 && r !== -EEXIST) warnings.push(new SysError("symlink", s.path, -r).message);
      continue;
    }
    const made = tryMakeDirectory(s.target, 0o755);
    if (made < 0 && made !== -EEXIST) makeDirectories(s.target);
    let r = tryMount(s.fstype, s.target, s.fstype, FLAGS, s.data);
    // nsdelegate is younger than cgroup2 (kernel 4.13)
    if (r < 0 && s.data === "nsdelegate") r = tryMount(s.fstype, s.target, s.fstype, FLAGS);
    if (r >= 0) continue;
    // a plain folder would look like a hierarchy
    tryRemoveDirectory(s.target);
    const e = new SysError(`mount ${s.fstype}`, s.data === "" ? s.target : `${s.data} on ${s.target}`, -r);
    if (s.fatal) throw e;
    warnings.push(e.message);
  }
  return warnings;
}

/** Undoes mountHierarchies as far as the kernel lets it. */
export function unmountHierarchies(steps: HierarchyStep[]): void {
  for (let i = steps.length - 1; i >= 0; i--) {
    const s = steps[i]!;
    if (s.kind === "mount") tryUnmount(s.target, 0);
  }
}

/**
 * For PID 1: plans from this kernel and mounts, unless an earlier manager has.
 * kind: as planHierarchies takes it; cgroup2 alone serves where the kernel has
 * no v1 at all (cgroup_no_v1=all,named). Returns warnings.
 */
export function setUpHierarchies(kind: string): string[] {
  const there = statPath(CGROUP_ROOT);
  if (there !== null && there.isMountRoot) return [];
  const steps = planHierarchies(kind, readTextOr("/proc/cgroups", ""));
  try {
    return mountHierarchies(steps);
  } catch (e) {
    if (kind === "unified") throw e;
    unmountHierarchies(steps);
    return [`${reason(e)}: cgroup2 alone instead`, ...setUpHierarchies("unified")];
  }
}

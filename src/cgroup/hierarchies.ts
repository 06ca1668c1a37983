/**
 * The cgroup mounts that PID 1 makes: hybrid as Pantavisor always has it, v1
 * or cgroup2 alone. Decides from the text of /proc/cgroups; setup.ts
 * carries it out. Rules: runtime spec §9.
 */

/** One thing to do below /sys/fs/cgroup. fatal: the manager can't do without. */
export type HierarchyStep =
  | { kind: "mount"; fstype: string; target: string; data: string; fatal: boolean }
  | { kind: "link"; target: string; path: string };

export const CGROUP_ROOT = "/sys/fs/cgroup";

/** v1 directories in the order of the spec; a name with a comma is one hierarchy of several controllers, reachable by each of its names. */
const V1 = [
  "blkio", "cpu,cpuacct", "cpuset", "devices", "freezer", "hugetlb", "memory", "net_cls,net_prio", "perf_event", "pids", "rdma",
];

/** Controllers of /proc/cgroups that are enabled: "name hierarchy count enabled" lines. */
export function enabledControllers(procCgroups: string): string[] {
  const out: string[] = [];
  for (const line of procCgroups.split("\n")) {
    const fields = line.split("\t");
    if (fields.length >= 4 && !line.startsWith("#") && fields[3] === "1") out.push(fields[0]!);
  }
  return out;
}

/** kind: what is wanted, "hybrid", "legacy" or "unified"; v1 controllers that this kernel lacks are left out, and stay with cgroup2 if that has them. */
export function planHierarchies(kind: string, procCgroups: string): HierarchyStep[] {
  if (kind === "unified") return [{ kind: "mount", fstype: "cgroup2", target: CGROUP_ROOT, data: "nsdelegate", fatal: true }];
  const enabled = enabledControllers(procCgroups);
  const steps: HierarchyStep[] = [{ kind: "mount", fstype: "tmpfs", target: CGROUP_ROOT, data: "mode=755,size=64k", fatal: true }];
  for (const name of ["systemd", "pantavisor"]) {
    steps.push({ kind: "mount", fstype: "cgroup", target: `${CGROUP_ROOT}/${name}`, data: `none,name=${name}`, fatal: true });
  }
  for (const row of V1) {
    const controllers = row.split(",").filter((c) => enabled.includes(c));
    if (controllers.length === 0) continue;
    const together = controllers.join(",");
    steps.push({ kind: "mount", fstype: "cgroup", target: `${CGROUP_ROOT}/${together}`, data: together, fatal: false });
    if (controllers.length > 1) for (const c of controllers) steps.push({ kind: "link", target: together, path: `${CGROUP_ROOT}/${c}` });
  }
  if (kind === "hybrid") steps.push({ kind: "mount", fstype: "cgroup2", target: `${CGROUP_ROOT}/unified`, data: "nsdelegate", fatal: false });
  return steps;
}

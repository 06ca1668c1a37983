/**
 * What planContainer must know of the machine, read once. Nothing here
 * changes while the machine runs, but for the layout of the cgroups.
 */
import type { Layout } from "../cgroup/layout.ts";
import { readNumber } from "../sys/files.ts";
import { environment } from "../sys/processes.ts";
import type { HostFacts } from "./plan.ts";

/** CAP_CHECKPOINT_RESTORE; older kernels have no file that says theirs and refuse the rest with EINVAL, which is accepted. */
const NEWEST_KNOWN = 40;

/** layout: readLayout()'s. */
export function readHostFacts(layout: Layout): HostFacts {
  const last = readNumber("/proc/sys/kernel/cap_last_cap");
  return { lastCapability: last < 0 ? NEWEST_KNOWN : last, layout, environment: environment() };
}

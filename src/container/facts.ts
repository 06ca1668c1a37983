/**
 * What planContainer must know of the machine, read once. Nothing here
 * changes while the machine runs, but for the layout of the cgroups.
 */
import type { Layout } from "../cgroup/layout.ts";
import { environment } from "../sys/processes.ts";
import type { HostFacts } from "./plan.ts";

/** layout: readLayout()'s. */
export function readHostFacts(layout: Layout): HostFacts {
  return { layout, environment: environment() };
}

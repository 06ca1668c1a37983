/**
 * What planContainer must know of the machine, read once. Nothing here
 * changes while the machine runs, but for the layout of the cgroups.
 */
import type { Layout } from "../cgroup/layout.ts";
import type { ContainerDescription } from "../lxc/description.ts";
import { environment } from "../sys/processes.ts";
import type { HostFacts } from "./plan.ts";

/** layout: readLayout()'s. */
export function readHostFacts(layout: Layout): HostFacts {
  return { layout, environment: environment() };
}

/** The same for one container: without the environment where it takes nothing of it. */
export function readHostFactsFor(layout: Layout, d: ContainerDescription): HostFacts {
  return d.hooks.length > 0 || d.environment.some((e) => e.inherit) ? readHostFacts(layout) : { layout, environment: [] };
}

/** Requests that the tests of this room start from. */
import "../../fakes/sys.ts";
import type { ContainerDescription } from "../../../src/lxc/description.ts";
import { emptyDescription } from "../../../src/lxc/description.ts";
import { parseLxcConfig } from "../../../src/lxc/parser.ts";
import { NoIncludes } from "../../../src/lxc/reader.ts";
import type { Layout } from "../../../src/cgroup/layout.ts";
import { planContainer, type ContainerPlan, type ContainerRequest, type HostFacts } from "../../../src/container/plan.ts";

export const HYBRID: Layout = {
  kind: "hybrid",
  hierarchies: [
    { version: 1, controllers: ["memory"], mount: "/sys/fs/cgroup/memory", own: "" },
    { version: 1, controllers: ["name=systemd"], mount: "/sys/fs/cgroup/systemd", own: "" },
    { version: 2, controllers: [], mount: "/sys/fs/cgroup/unified", own: "" },
  ],
};
export const UNIFIED: Layout = { kind: "unified", hierarchies: [{ version: 2, controllers: ["memory", "pids"], mount: "/sys/fs/cgroup", own: "" }] };

export const FACTS: HostFacts = { layout: HYBRID, environment: ["HOME=/manager", "TERM=vt100"] };

/** A description from lines of a configuration; one that is refused throws. */
export function described(...lines: string[]): ContainerDescription {
  const c = parseLxcConfig(lines.join("\n"), "c", new NoIncludes());
  if (c.problems.length > 0) throw new Error(JSON.stringify(c.problems));
  return c.description;
}

export function requested(d: ContainerDescription = emptyDescription(), changes: Partial<ContainerRequest> = {}): ContainerRequest {
  return {
    name: "web", description: d, profile: "lxc", hostname: "web", mountpoint: "/mnt", scratchBytes: -1, configOverlay: "", readOnlyRoot: false, mounts: [], fstab: [],
    environment: [], console: "pty", controllingTerminal: false, diesWithParent: false, cgroup: null, filter: new Uint8Array(0), net: null, peers: [],
    configFile: "/trails/0/web/lxc.container.conf", consoleLog: "", bootId: false, exports: [], remount: [], given: [], ...changes,
  };
}

export function planned(d: ContainerDescription, changes: Partial<ContainerRequest> = {}, facts: HostFacts = FACTS): ContainerPlan {
  const p = planContainer(requested(d, changes), facts);
  if (p.problems.length > 0) throw new Error(JSON.stringify(p.problems));
  return p.plan;
}

/** A step as one line: kind and what matters of it. */
export function lines(plan: ContainerPlan): string[] {
  return plan.steps.map((s) => [s.kind, s.source === s.fstype ? "" : s.source, s.fstype, s.target, s.data].filter((x) => x !== "").join(" "));
}

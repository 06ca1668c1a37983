/**
 * Kernel modules that networking needs, by names and aliases for the module
 * loader: on a device without modprobe the kernel can't fetch them itself.
 * What is built in or unknown to the loader is no obstacle: the kernel's own
 * answer counts. Source: kernel MODULE_ALIAS_RTNL_LINK, MODULE_ALIAS_NFT_CHAIN.
 */
import type { NetPlan } from "./actions.ts";
import { NAT_MODULES } from "./nat.ts";
import type { HostNetwork } from "./pools.ts";

/** For the bridges and the NAT of a host. */
export function modulesOfHost(network: HostNetwork): string[] {
  const bridges = network.actions.some((a) => a.kind === "bridge") ? ["bridge"] : [];
  return network.nat.length > 0 ? [...bridges, ...NAT_MODULES] : bridges;
}

/** For the links of one container. */
export function modulesOfPlan(plan: NetPlan): string[] {
  const out: string[] = [];
  for (const a of plan.afterClone) {
    const alias = a.kind === "veth" ? "veth" : a.over !== "" ? `rtnl-link-${a.kind}` : "";
    if (alias !== "" && !out.includes(alias)) out.push(alias);
  }
  return out;
}

/**
 * Address pools of a revision: what is wrong with one, its usable range, and
 * what the host needs for all of them. Decides only; a bad pool is dropped,
 * never the revision. Rules: state format "Network pools".
 */
import type { Pool } from "../state/model.ts";
import type { HostAction } from "./actions.ts";
import { broadcastOf, networkOf, parseCidr, parseIpv4, prefixOfMask, formatIpv4 } from "./ipv4.ts";
import type { NatRule } from "./nat.ts";
import type { NetProblem } from "./plan.ts";

/** A checked pool. Numbers are addresses; first and last are those for containers, the gateway among or before them. */
export type PoolRange = { name: string; bridge: string; network: number; prefix: number; gateway: number; first: number; last: number; nat: boolean };

export type CheckedPools = { pools: PoolRange[]; problems: NetProblem[] };

/** Of a subnet at least the gateway and one container must fit, and one network must not be the whole Internet. */
const MIN_PREFIX = 8;
const MAX_PREFIX = 30;

/** The usable pools; each other one is a problem. */
export function checkPools(pools: Pool[]): CheckedPools {
  const out: CheckedPools = { pools: [], problems: [] };
  for (const p of pools) {
    const at = `device.json .network.pools["${p.name}"]`;
    const why = reasonAgainst(p, out.pools);
    const range = rangeOf(p);
    if (why !== "" || range === null) out.problems.push({ at, why });
    else out.pools.push(range);
  }
  return out;
}

function rangeOf(p: Pool): PoolRange | null {
  const cidr = parseCidr(p.subnet);
  if (cidr === null) return null;
  const network = networkOf(cidr.address, cidr.prefix);
  return {
    name: p.name, bridge: p.bridge, network, prefix: cidr.prefix, gateway: parseIpv4(p.gateway),
    first: network + 1, last: broadcastOf(network, cidr.prefix) - 1, nat: p.nat,
  };
}

function reasonAgainst(p: Pool, before: PoolRange[]): string {
  if (p.type !== "bridge") return `type ${p.type} is not supported, only bridge`;
  if (p.bridge === "" || p.bridge.length > 15 || p.bridge.includes("/")) return `"${p.bridge}" is no name for a bridge (1 to 15 characters, no /)`;
  const range = rangeOf(p);
  if (range === null) return `subnet "${p.subnet}" is not A.B.C.D/prefix`;
  if (range.prefix < MIN_PREFIX || range.prefix > MAX_PREFIX) return `prefix ${range.prefix} of the subnet is not ${MIN_PREFIX} to ${MAX_PREFIX}`;
  if (range.gateway < range.first || range.gateway > range.last) return `gateway "${p.gateway}" is no address of ${p.subnet}`;
  for (const b of before) {
    const end = broadcastOf(range.network, range.prefix);
    if (range.network <= broadcastOf(b.network, b.prefix) && end >= b.network) return `its subnet overlaps pool "${b.name}"`;
  }
  return "";
}

/** Bridges with their addresses, and the NAT of those that ask for it. forward: packets must pass from link to link. */
export type HostNetwork = { actions: HostAction[]; nat: NatRule[]; forward: boolean };

/** What the host must have for the pools. */
export function planHost(pools: PoolRange[]): HostNetwork {
  const actions: HostAction[] = pools.map((p) => bridgeAction(p.bridge, formatIpv4(p.gateway), p.prefix));
  const nat: NatRule[] = [];
  for (const p of pools) if (p.nat) nat.push({ bridge: p.bridge, address: p.network, prefix: p.prefix });
  return { actions, nat, forward: nat.length > 0 };
}

function bridgeAction(name: string, address: string, prefix: number): HostAction {
  return { kind: "bridge", name, address, prefix };
}

/** The bridge every device has (PV_NET_BRDEV, PV_NET_BRADDRESS4, PV_NET_BRMASK4); no name: none. */
export function planDefaultBridge(name: string, address: string, mask: string): { actions: HostAction[]; problems: NetProblem[] } {
  if (name === "") return { actions: [], problems: [] };
  const prefix = prefixOfMask(mask);
  const problems: NetProblem[] = [];
  if (parseIpv4(address) < 0) problems.push({ at: "PV_NET_BRADDRESS4", why: `"${address}" is no IPv4 address` });
  if (prefix < 0) problems.push({ at: "PV_NET_BRMASK4", why: `"${mask}" is no network mask` });
  return problems.length > 0 ? { actions: [], problems } : { actions: [bridgeAction(name, address, prefix)], problems };
}

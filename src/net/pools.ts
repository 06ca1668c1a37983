/**
 * Address pools of a revision: what is wrong with one, its usable range, and
 * what the host needs for all of them. Decides only; a bad pool is dropped,
 * never the revision. Rules: state format "Network pools".
 */
import type { Pool } from "../state/model.ts";
import { addressAction, type NetAction, type NetProblem } from "./actions.ts";
import { broadcastOf, formatIpv4, networkOf, parseCidr, parseIpv4, prefixOfMask } from "./ipv4.ts";
import type { NatRule } from "./nat.ts";

/** A checked pool. Numbers are addresses; first and last are those for containers, the gateway among them. */
export type PoolRange = { name: string; bridge: string; network: number; prefix: number; gateway: number; first: number; last: number; nat: boolean };

export type CheckedPools = { pools: PoolRange[]; problems: NetProblem[] };

/** Of a subnet at least the gateway and one container must fit, and one network must not be the whole Internet. */
const MIN_PREFIX = 8;
const MAX_PREFIX = 30;
const MAX_BRIDGE_NAME = 15;

/** The usable pools; each other one is a problem. */
export function checkPools(pools: Pool[]): CheckedPools {
  const out: CheckedPools = { pools: [], problems: [] };
  for (const p of pools) {
    const cidr = parseCidr(p.subnet);
    const address = cidr === null ? 0 : cidr.address;
    const prefix = cidr === null ? 32 : cidr.prefix;
    const network = networkOf(address, prefix);
    const range: PoolRange = {
      name: p.name, bridge: p.bridge, network, prefix, gateway: parseIpv4(p.gateway), first: network + 1, last: broadcastOf(network, prefix) - 1, nat: p.nat,
    };
    const why = reasonAgainst(p, range, out.pools);
    if (why === "") out.pools.push(range);
    else out.problems.push({ at: `device.json .network.pools["${p.name}"]`, why });
  }
  return out;
}

function reasonAgainst(p: Pool, r: PoolRange, before: PoolRange[]): string {
  if (p.type !== "bridge") return "only type bridge is supported";
  if (p.bridge === "" || p.bridge.length > MAX_BRIDGE_NAME || p.bridge.includes("/")) return "bridge has no name of 1 to 15 characters without /";
  if (r.prefix < MIN_PREFIX || r.prefix > MAX_PREFIX) return `subnet "${p.subnet}" is not A.B.C.D/prefix with a prefix of 8 to 30`;
  if (r.gateway < r.first || r.gateway > r.last) return `gateway "${p.gateway}" is no address of ${p.subnet}`;
  for (const b of before) if (r.first <= b.last && r.last >= b.first) return `its subnet overlaps that of pool "${b.name}"`;
  return "";
}

/** Bridges with their addresses, and the NAT of those that ask for it. */
export type HostNetwork = { actions: NetAction[]; nat: NatRule[] };

/** What the host must have for the pools. */
export function planHost(pools: PoolRange[]): HostNetwork {
  const out: HostNetwork = { actions: [], nat: [] };
  for (const p of pools) {
    out.actions.push(addressAction("bridge", p.bridge, formatIpv4(p.gateway), p.prefix, ""));
    if (p.nat) out.nat.push({ bridge: p.bridge, address: p.network, prefix: p.prefix });
  }
  return out;
}

/** The bridge every device has (PV_NET_BRDEV, PV_NET_BRADDRESS4, PV_NET_BRMASK4); no name: none. */
export function planDefaultBridge(name: string, address: string, mask: string): { actions: NetAction[]; problems: NetProblem[] } {
  const actions: NetAction[] = [];
  const problems: NetProblem[] = [];
  const prefix = prefixOfMask(mask);
  if (name === "") return { actions, problems };
  if (parseIpv4(address) < 0) problems.push({ at: "PV_NET_BRADDRESS4", why: "no IPv4 address" });
  if (prefix < 0) problems.push({ at: "PV_NET_BRMASK4", why: "no network mask" });
  if (problems.length === 0) actions.push(addressAction("bridge", name, address, prefix, ""));
  return { actions, problems };
}

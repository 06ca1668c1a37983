/**
 * The steps networking is made of, as data: what the manager does in the
 * host's network, what the container's process does inside its own, and what
 * is undone at the end. Holds the record and its constructors; plan.ts makes
 * the lists, apply.ts carries them out.
 */

/**
 * Where fields are named, the others say nothing; "" and 0 leave it to the kernel.
 * In the host's network:
 * - veth: host end `link` (hostMac, mtu), up, in bridge `over`; the other end
 *   inside as `name` (mac, mtu). A stale link of a `derived` name is replaced
 * - macvlan, ipvlan, vlan: `name` inside (mac, mtu) on top of `over`; mode is
 *   the kernel's number of the mode, or the VLAN; flags are ipvlan's
 * - move: `link` goes inside as `name` (mac, mtu); give-back: it comes home
 * - delete: `link`; gone already is fine
 * - bridge: `link` with `address`/`prefix`, up; there already is fine
 * - untag: bridge port `link` leaves the VLAN every new port is in
 * - tag: bridge port `link` gets VLAN `mode`, untagged when `flags` is 1
 * - host-route: to `address`/`prefix` over `link`
 * - proxy: `link` answers for `address`
 * - setting: `name` is the kernel's file, `address` its text
 * Inside:
 * - up: `link`
 * - address: `address`/`prefix` (broadcast `via`) on `link`
 * - route: to `address`/`prefix` over `link`, by gateway `via`
 */
export type NetKind =
  | "veth" | "macvlan" | "ipvlan" | "vlan" | "move" | "give-back" | "delete" | "bridge" | "untag" | "tag" | "host-route" | "proxy" | "setting"
  | "up" | "address" | "route";

export type NetAction = {
  kind: NetKind;
  link: string;
  name: string;
  over: string;
  mac: string;
  hostMac: string;
  mtu: number;
  mode: number;
  flags: number;
  address: string;
  prefix: number;
  via: string;
  derived: boolean;
};

export function netAction(kind: NetKind, link: string): NetAction {
  return { kind, link, name: "", over: "", mac: "", hostMac: "", mtu: 0, mode: 0, flags: 0, address: "", prefix: 0, via: "", derived: false };
}

/** An action that is about an address. */
export function addressAction(kind: NetKind, link: string, address: string, prefix: number, via: string): NetAction {
  const a = netAction(kind, link);
  a.address = address;
  a.prefix = prefix;
  a.via = via;
  return a;
}

/** A configured script of a link: run by whoever runs hooks, with LXC's arguments. */
export type LinkScript = { command: string; args: string[] };

/**
 * All of one container's networking. Order: beforeClone, clone, afterClone
 * (with the child's pid; the child waits), inside (by the child), …, afterExit.
 * afterExit may run again after a crash: what is gone already is fine.
 */
export type NetPlan = {
  beforeClone: NetAction[];
  afterClone: NetAction[];
  inside: NetAction[];
  afterExit: NetAction[];
  scriptsUp: LinkScript[];
  scriptsDown: LinkScript[];
  /** Set by a pool; "" leaves the configuration's. */
  hostname: string;
};

/** A plan of a network with nothing but loopback, which is up when asked for. */
export function bareNetwork(loopback: boolean): NetPlan {
  return { beforeClone: [], afterClone: [], inside: loopback ? [netAction("up", "lo")] : [], afterExit: [], scriptsUp: [], scriptsDown: [], hostname: "" };
}

/** What a pool's address manager gives one container. */
export type PoolGrant = { pool: string; bridge: string; address: string; prefix: number; gateway: string; mac: string; hostname: string };

/** What is known of a host link that a configuration names. Addresses "" when it has none; mtu 0 when it doesn't exist. */
export type LinkFact = { link: string; mtu: number; address4: string; address6: string };

export type NetProblem = { at: string; why: string };

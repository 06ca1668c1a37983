/**
 * The steps networking is made of, as data: what the manager does in the
 * host's network, what the container's process does inside its own, and what
 * is undone at the end. Texts and numbers only; apply.ts carries them out.
 */

/**
 * Done by the manager in its own network namespace.
 * veth: one pair, the end `name` made inside; host end up, in `bridge` unless "".
 * stacked: a link made inside on top of a host link.
 * move: a host link goes inside as `name`. giveBack: and comes home as `link`.
 * bridgeVlans: VLANs of a bridge's port; 0 is none.
 * derived: `host` is our own name, a stale link of that name is replaced.
 */
export type HostAction =
  | { kind: "veth"; host: string; hostMac: string; bridge: string; mtu: number; name: string; mac: string; derived: boolean }
  | { kind: "stacked"; type: "macvlan" | "ipvlan" | "vlan"; parent: string; mode: number; flags: number; name: string; mac: string; mtu: number }
  | { kind: "move"; link: string; name: string; mac: string; mtu: number }
  | { kind: "giveBack"; link: string; name: string }
  | { kind: "delete"; link: string }
  | { kind: "bridge"; name: string; address: string; prefix: number }
  | { kind: "bridgeVlans"; link: string; vlan: number; tagged: number[] }
  | { kind: "hostRoute"; link: string; destination: string; prefix: number }
  | { kind: "proxy"; link: string; address: string }
  | { kind: "setting"; path: string; value: string };

/** Done by the container's process inside its network namespace. gateway "" in a route: straight to the link. prefix 0 with an unspecified destination is the default route. */
export type InsideAction =
  | { kind: "up"; link: string }
  | { kind: "address"; link: string; address: string; prefix: number; broadcast: string }
  | { kind: "route"; link: string; destination: string; prefix: number; gateway: string };

/** A configured script of a link: run by whoever runs hooks, with LXC's arguments. */
export type LinkScript = { command: string; args: string[] };

/**
 * All of one container's networking. Order: beforeClone, clone, afterClone
 * (with the child's pid; the child waits), inside (by the child), …, afterExit.
 * afterExit may run again after a crash: what is gone already is fine.
 */
export type NetPlan = {
  beforeClone: HostAction[];
  afterClone: HostAction[];
  inside: InsideAction[];
  afterExit: HostAction[];
  scriptsUp: LinkScript[];
  scriptsDown: LinkScript[];
  /** Set by a pool; "" leaves the configuration's. */
  hostname: string;
};

/** What a pool's address manager gives one container. bridgeMtu 0: the kernel's default. */
export type PoolGrant = { pool: string; bridge: string; address: string; prefix: number; gateway: string; mac: string; hostname: string };

/** What is known of a host link that a configuration names. Addresses "" when it has none; mtu 0 when it doesn't exist. */
export type LinkFact = { link: string; mtu: number; address4: string; address6: string };

/**
 * Who has which address of a pool. The table is data: the manager keeps it
 * and stores its text, so that a container finds its address again after a
 * restart of either. Decides only. Rules: runtime specification "Network,
 * IPAM"; other than upstream a static lease may be asked for again, and the
 * search starts over at the end of the pool.
 */
import type { NetDevice } from "../lxc/description.ts";
import type { NetProblem, PoolGrant } from "./actions.ts";
import { formatIpv4, macOfIpv4, parseIpv4 } from "./ipv4.ts";
import type { PoolRange } from "./pools.ts";

export type Lease = { pool: string; container: string; address: number; isStatic: boolean };

/** next: where the search in a pool goes on. */
export type LeaseCursor = { pool: string; next: number };
export type LeaseTable = { leases: Lease[]; cursors: LeaseCursor[] };

/** An address a configuration or another container's state names, so that no one else is given it. */
export type Reserved = { container: string; address: number };

/** What one container's run.json asks for: ip "" is any, mac "" follows the address. */
export type GrantWish = { container: string; pool: string; ip: string; mac: string; hostname: string };

/** grant null: refused, see problems. The table is a new one. */
export type Granted = { grant: PoolGrant | null; table: LeaseTable; problems: NetProblem[] };

export function emptyLeases(): LeaseTable {
  return { leases: [], cursors: [] };
}

/** The addresses one container's lxc.net devices name. */
export function reservedBy(container: string, devices: NetDevice[]): Reserved[] {
  const out: Reserved[] = [];
  for (const d of devices) for (const a of d.ipv4) out.push({ container, address: parseIpv4(a.address) });
  return out;
}

/** Gives a container its address of a pool: the one it has, the one it asks for, or the next that nobody has. */
export function grantAddress(table: LeaseTable, pools: PoolRange[], w: GrantWish, reserved: Reserved[]): Granted {
  const out: Granted = { grant: null, table: { leases: table.leases.slice(), cursors: table.cursors.slice() }, problems: [] };
  const place = pools.findIndex((p) => p.name === w.pool);
  let why = `there is no usable pool "${w.pool}"`;
  if (place >= 0) {
    const search = new Search(out.table, pools[place]!, w.container, reserved);
    const address = w.ip === "" ? search.any() : search.one(w.ip);
    why = search.why;
    if (why === "") out.grant = search.grant(address, w);
  }
  if (why !== "") out.problems.push({ at: `${w.container}/run.json .network`, why });
  return out;
}

/** Forgets what a container has: when a revision no longer holds it. */
export function releaseLeases(table: LeaseTable, container: string): LeaseTable {
  return { leases: table.leases.filter((l) => l.container !== container), cursors: table.cursors };
}

/** Looks for one container's address in a pool; why: "" until it is refused. */
class Search {
  why = "";
  private readonly table: LeaseTable;
  private readonly pool: PoolRange;
  private readonly container: string;
  private readonly reserved: Reserved[];
  /** Places of its lease and of the pool's cursor in the table, -1 for none. */
  private readonly own: number;
  private readonly cursor: number;

  constructor(table: LeaseTable, pool: PoolRange, container: string, reserved: Reserved[]) {
    this.table = table;
    this.pool = pool;
    this.container = container;
    this.reserved = reserved;
    this.own = table.leases.findIndex((l) => l.pool === pool.name && l.container === container);
    this.cursor = table.cursors.findIndex((c) => c.pool === pool.name);
  }

  /** A static address. */
  one(ip: string): number {
    const address = parseIpv4(ip);
    const holder = this.holderOf(address);
    if (address < this.pool.first || address > this.pool.last) this.why = `ip "${ip}" is no address for a container in pool "${this.pool.name}"`;
    else if (holder !== "") this.why = `ip ${ip} belongs to ${holder}`;
    return address;
  }

  /** The one it has; else from where the last search ended, then from behind the gateway, then before it. */
  any(): number {
    const p = this.pool;
    const had = this.own < 0 ? -1 : this.table.leases[this.own]!.address;
    if (had >= p.first && had <= p.last && this.holderOf(had) === "") return had;
    const next = this.cursor < 0 ? 0 : this.table.cursors[this.cursor]!.next;
    let found = this.firstFree(Math.max(next, p.gateway + 1), p.last);
    if (found < 0) found = this.firstFree(p.gateway + 1, p.last);
    if (found < 0) found = this.firstFree(p.first, p.gateway - 1);
    if (found < 0) this.why = `no address is left in pool "${p.name}"`;
    else this.setCursor(found + 1);
    return found;
  }

  private setCursor(next: number): void {
    const c: LeaseCursor = { pool: this.pool.name, next };
    if (this.cursor < 0) this.table.cursors.push(c);
    else this.table.cursors[this.cursor] = c;
  }

  /** Who has an address, "" when nobody but the container itself has. */
  private holderOf(address: number): string {
    if (address === this.pool.gateway) return "its gateway";
    for (const r of this.reserved) if (r.address === address && r.container !== this.container) return r.container;
    for (const l of this.table.leases) if (l.address === address && l.container !== this.container && l.pool === this.pool.name) return l.container;
    return "";
  }

  /** At most as many looks as addresses are taken, and one; -1 when all are. */
  private firstFree(from: number, to: number): number {
    for (let n = from; n <= to; n++) if (this.holderOf(n) === "") return n;
    return -1;
  }

  /** Enters the lease. */
  grant(address: number, w: GrantWish): PoolGrant {
    const p = this.pool;
    const lease: Lease = { pool: p.name, container: w.container, address, isStatic: w.ip !== "" };
    if (this.own < 0) this.table.leases.push(lease);
    else this.table.leases[this.own] = lease;
    return {
      pool: p.name, bridge: p.bridge, address: formatIpv4(address), prefix: p.prefix, gateway: formatIpv4(p.gateway),
      mac: w.mac === "" ? macOfIpv4(address) : w.mac, hostname: w.hostname,
    };
  }
}

const HEAD = "wherry leases 1";
const MAX_LEASES = 4096;

/** The table as text: a head line, then one lease or cursor a line, fields between tabs. */
export function formatLeases(table: LeaseTable): string {
  const lines = [HEAD];
  for (const c of table.cursors) lines.push(["next", c.pool, formatIpv4(c.next)].join("\t"));
  for (const l of table.leases) lines.push([l.isStatic ? "static" : "dynamic", l.pool, l.container, formatIpv4(l.address)].join("\t"));
  return `${lines.join("\n")}\n`;
}

/** The table of a text; lines that say nothing usable are problems and left out. An empty text is an empty table. */
export function parseLeases(text: string): { table: LeaseTable; problems: NetProblem[] } {
  const table = emptyLeases();
  const problems: NetProblem[] = [];
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line === "" || (i === 0 ? line === HEAD : lines[0] === HEAD && parseLine(line.split("\t"), table))) continue;
    problems.push({ at: `leases:${i + 1}`, why: "no lease, and ignored" });
  }
  return { table, problems };
}

function parseLine(fields: string[], table: LeaseTable): boolean {
  const address = parseIpv4(fields[fields.length - 1]!);
  const isStatic = fields[0] === "static";
  if (address < 0) return false;
  if (fields[0] === "next" && fields.length === 3) table.cursors.push({ pool: fields[1]!, next: address });
  else if ((isStatic || fields[0] === "dynamic") && fields.length === 4 && table.leases.length < MAX_LEASES) {
    table.leases.push({ pool: fields[1]!, container: fields[2]!, address, isStatic });
  } else return false;
  return true;
}

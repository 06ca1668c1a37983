/**
 * Who has which address of a pool. The table is data: the manager keeps it
 * and stores its text, so that a container finds its address again after a
 * restart of either. Decides only. Rules: runtime specification "Network,
 * IPAM"; other than upstream a static lease may be asked for again, and the
 * search starts over at the end of the pool.
 */
import type { NetDevice } from "../lxc/description.ts";
import type { PoolGrant } from "./actions.ts";
import { formatIpv4, macOfIpv4, parseIpv4 } from "./ipv4.ts";
import type { NetProblem } from "./plan.ts";
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
  const at = `${w.container}/run.json .network`;
  const refuse = (key: string, why: string): Granted => ({ grant: null, table, problems: [{ at: `${at}.${key}`, why }] });
  const pool = pools.find((p) => p.name === w.pool);
  if (pool === undefined) return refuse("pool", `there is no usable pool "${w.pool}"`);
  const taken = addressesTaken(table, pool, w.container, reserved);
  const cursor = cursorOf(table, pool);
  let address = 0;
  let next = cursor;
  if (w.ip !== "") {
    address = parseIpv4(w.ip);
    const why = reasonAgainst(address, w.ip, pool, taken);
    if (why !== "") return refuse("ip", why);
  } else {
    const own = table.leases.find((l) => l.pool === pool.name && l.container === w.container);
    address = own !== undefined && isUsable(own.address, pool, taken) ? own.address : freeAddress(pool, cursor, taken);
    if (address < 0) return refuse("pool", `no address is left in pool "${pool.name}"`);
    if (own === undefined || own.address !== address) next = address + 1;
  }
  const leases = table.leases.filter((l) => l.pool !== pool.name || l.container !== w.container);
  leases.push({ pool: pool.name, container: w.container, address, isStatic: w.ip !== "" });
  const cursors = table.cursors.filter((c) => c.pool !== pool.name);
  cursors.push({ pool: pool.name, next });
  const grant: PoolGrant = {
    pool: pool.name, bridge: pool.bridge, address: formatIpv4(address), prefix: pool.prefix, gateway: formatIpv4(pool.gateway),
    mac: w.mac === "" ? macOfIpv4(address) : w.mac, hostname: w.hostname,
  };
  return { grant, table: { leases, cursors }, problems: [] };
}

/** Forgets what a container has: when a revision no longer holds it. */
export function releaseLeases(table: LeaseTable, container: string): LeaseTable {
  return { leases: table.leases.filter((l) => l.container !== container), cursors: table.cursors };
}

function addressesTaken(table: LeaseTable, pool: PoolRange, container: string, reserved: Reserved[]): Reserved[] {
  const out: Reserved[] = [{ container: "its gateway", address: pool.gateway }];
  for (const r of reserved) if (r.container !== container) out.push(r);
  for (const l of table.leases) {
    if (l.pool === pool.name && l.container !== container) out.push({ container: l.container, address: l.address });
  }
  return out;
}

function reasonAgainst(address: number, text: string, pool: PoolRange, taken: Reserved[]): string {
  if (address < 0) return `"${text}" is no IPv4 address`;
  if (address < pool.first || address > pool.last) return `${text} is no address for a container in pool "${pool.name}"`;
  const holder = taken.find((t) => t.address === address);
  return holder === undefined ? "" : `${text} belongs to ${holder.container}`;
}

function isUsable(address: number, pool: PoolRange, taken: Reserved[]): boolean {
  return address >= pool.first && address <= pool.last && !taken.some((t) => t.address === address);
}

function cursorOf(table: LeaseTable, pool: PoolRange): number {
  const c = table.cursors.find((k) => k.pool === pool.name);
  return c !== undefined && c.next > pool.gateway && c.next <= pool.last ? c.next : pool.gateway + 1;
}

/** From the cursor to the end, from behind the gateway, then before it; -1 when all are taken. At most as many looks as addresses are taken, and one. */
function freeAddress(pool: PoolRange, cursor: number, taken: Reserved[]): number {
  const behind = firstFree(cursor, pool.last, taken);
  if (behind >= 0) return behind;
  const again = firstFree(pool.gateway + 1, pool.last, taken);
  return again >= 0 ? again : firstFree(pool.first, pool.gateway - 1, taken);
}

function firstFree(from: number, to: number, taken: Reserved[]): number {
  for (let n = from; n <= to; n++) {
    if (!taken.some((t) => t.address === n)) return n;
  }
  return -1;
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
  if (text !== "" && lines[0] !== HEAD) return { table, problems: [{ at: "leases:1", why: `it doesn't begin with "${HEAD}"` }] };
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    if (line !== "" && !parseLine(line.split("\t"), table)) problems.push({ at: `leases:${i + 1}`, why: "no lease, and ignored" });
  }
  return { table, problems };
}

function parseLine(fields: string[], table: LeaseTable): boolean {
  const address = parseIpv4(fields[fields.length - 1]!);
  if (address < 0) return false;
  if (fields[0] === "next" && fields.length === 3) {
    table.cursors.push({ pool: fields[1]!, next: address });
    return true;
  }
  const isStatic = fields[0] === "static";
  if ((!isStatic && fields[0] !== "dynamic") || fields.length !== 4 || table.leases.length >= MAX_LEASES) return false;
  table.leases.push({ pool: fields[1]!, container: fields[2]!, address, isStatic });
  return true;
}

/**
 * Address pools of the device, and which network a container asks for.
 * Rules: state format spec, "Network pools", "network". A bad pool is left
 * out with a warning; a container that asks for it is refused.
 */
import { noNetwork } from "./empty.ts";
import type { Fields } from "./fields.ts";
import type { Network, Pool } from "./model.ts";

/** The four bytes of an address as one number, or -1. */
export function addressNumber(text: string): number {
  const parts = text.split(".");
  if (parts.length !== 4) return -1;
  let n = 0;
  for (const p of parts) {
    const value = Number(p);
    if (p === "" || p.length > 3 || !isDigits(p) || value > 255) return -1;
    n = n * 256 + value;
  }
  return n;
}

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return text !== "";
}

/** First address and size of "10.0.5.0/24"; size 0 for what is none. */
export function subnetOf(text: string): { first: number; size: number } {
  const slash = text.indexOf("/");
  const address = slash < 0 ? -1 : addressNumber(text.slice(0, slash));
  const prefix = slash < 0 ? "" : text.slice(slash + 1);
  if (address < 0 || !isDigits(prefix) || prefix.length > 2 || Number(prefix) > 32) return { first: 0, size: 0 };
  let size = 1;
  for (let i = Number(prefix); i < 32; i++) size = size * 2;
  return { first: address - address % size, size };
}

function isInside(address: number, subnet: string): boolean {
  const s = subnetOf(subnet);
  return address >= s.first && address < s.first + s.size;
}

/** Why a pool can't be used; "" when it can. */
function wrongPool(p: Pool): string {
  if (p.type === "bridge" && p.bridge === "") return "a bridge pool needs \"bridge\"";
  if (p.type === "macvlan" && p.parent === "") return "a macvlan pool needs \"parent\"";
  if (subnetOf(p.subnet).size < 4) return `subnet "${p.subnet}" is no CIDR with room for a container`;
  const gateway = addressNumber(p.gateway);
  if (gateway < 0) return `gateway "${p.gateway}" is no address`;
  return isInside(gateway, p.subnet) ? "" : `gateway ${p.gateway} is outside ${p.subnet}`;
}

/** Pools of device.json's `network`. */
export function readPools(device: Fields): Pool[] {
  const pools: Pool[] = [];
  const r = device.reader;
  const network = device.inner("network", "network");
  for (const k of network.keys("pools")) {
    const name = r.text(k);
    if (!r.isObject(k + 1)) {
      r.check.warn(k + 1, `pool left out: must be an object, is ${r.kindWords(k + 1)}`);
      continue;
    }
    const problems = r.check.problems.length;
    const f = r.fields("pool", k + 1);
    const pool: Pool = {
      name, type: f.word("type") === "macvlan" ? "macvlan" : "bridge", bridge: f.text("bridge"), parent: f.text("parent"),
      subnet: f.text("subnet"), gateway: f.text("gateway"), nat: f.flag("nat"),
    };
    const refused = r.check.problems.splice(problems);
    const why = refused.length > 0 ? refused[0]!.why : wrongPool(pool);
    if (why === "") pools.push(pool);
    else r.check.warn(k, `pool left out: ${why}`);
  }
  return pools;
}

function isMac(text: string): boolean {
  const parts = text.split(":");
  if (parts.length !== 6) return false;
  for (const p of parts) {
    if (p.length !== 2) return false;
    for (let i = 0; i < 2; i++) if (!"0123456789abcdefABCDEF".includes(p.charAt(i))) return false;
  }
  return true;
}

/** `network` of run.json. */
export function readNetwork(run: Fields, pools: Pool[]): Network {
  if (!run.has("network")) return noNetwork();
  const check = run.reader.check;
  const f = run.inner("network", "net");
  const pool = f.text("pool");
  const mode = pool !== "" ? "pool" : f.text("mode") === "host" ? "host" : "none";
  if (f.text("mode") === "pool" && pool === "") check.refuse(f.at, "mode pool needs \"pool\"");
  const n: Network = { mode, pool, hostname: f.text("hostname"), ip: f.text("ip"), mac: f.text("mac") };
  if (mode !== "pool") return n;
  const found = pools.find((p) => p.name === pool);
  if (found === undefined) check.refuse(f.placeOf("pool"), `there is no usable pool "${pool}"`);
  if (n.ip !== "" && addressNumber(n.ip) < 0) check.refuse(f.placeOf("ip"), `"${n.ip}" is no address`);
  else if (n.ip !== "" && found !== undefined && !isInside(addressNumber(n.ip), found.subnet)) check.refuse(f.placeOf("ip"), `${n.ip} is outside ${found.subnet}`);
  if (n.mac !== "" && !isMac(n.mac)) check.refuse(f.placeOf("mac"), `"${n.mac}" is no hardware address`);
  return n;
}

/**
 * IPv4 addresses as numbers 0 .. 2^32-1, subnets, and the hardware address
 * that goes with an address. Only arithmetic, no bit operations (they would
 * be signed). Source: RFC 4632; runtime specification "Network, IPAM" (MAC).
 */
import { parseDecimal } from "../sys/text.ts";

/** The number of "A.B.C.D", -1 for anything else. */
export function parseIpv4(text: string): number {
  const parts = text.split(".");
  if (parts.length !== 4) return -1;
  let n = 0;
  for (const p of parts) {
    const byte = p.length > 3 || (p.length > 1 && p.startsWith("0")) ? -1 : parseDecimal(p);
    if (byte < 0 || byte > 255) return -1;
    n = n * 256 + byte;
  }
  return n;
}

/** The four bytes of an address, first one first. */
export function ipv4Bytes(address: number): number[] {
  return [Math.floor(address / 16777216), Math.floor(address / 65536) % 256, Math.floor(address / 256) % 256, address % 256];
}

export function formatIpv4(address: number): string {
  return ipv4Bytes(address).join(".");
}

/** How many addresses a prefix covers. */
export function subnetSize(prefix: number): number {
  return 2 ** (32 - prefix);
}

/** Lowest address of the subnet that `address` lies in. */
export function networkOf(address: number, prefix: number): number {
  return address - address % subnetSize(prefix);
}

/** Highest address of that subnet. */
export function broadcastOf(address: number, prefix: number): number {
  return networkOf(address, prefix) + subnetSize(prefix) - 1;
}

/** Prefix of an address of the old classes: 8, 16 or 24. */
export function classPrefix(address: number): number {
  return address < 128 * 16777216 ? 8 : address < 192 * 16777216 ? 16 : 24;
}

/** The prefix of "255.255.255.0"; -1 when the ones are not in front. */
export function prefixOfMask(mask: string): number {
  const n = parseIpv4(mask);
  for (let prefix = 0; n >= 0 && prefix <= 32; prefix++) {
    if (n === 4294967296 - subnetSize(prefix)) return prefix;
  }
  return -1;
}

/** A subnet with one address in it. */
export type Cidr = { address: number; prefix: number };

/** "10.9.0.0/24"; null for anything else. The address is not cut to the network. */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf("/");
  const address = slash < 0 ? -1 : parseIpv4(text.slice(0, slash));
  const prefix = slash < 0 ? -1 : parseDecimal(text.slice(slash + 1));
  return address < 0 || prefix < 0 || prefix > 32 ? null : { address, prefix };
}

/** The MAC a pool gives with an address: 02:00: and the address in hexadecimal. */
export function macOfIpv4(address: number): string {
  const digits = "0123456789abcdef";
  return ["02", "00", ...ipv4Bytes(address).map((b) => digits.charAt(Math.floor(b / 16)) + digits.charAt(b % 16))].join(":");
}

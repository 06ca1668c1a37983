/**
 * Texts of addresses → the bytes that netlink carries. Never throws; what is
 * no address is an empty list. Source: RFC 4291 (IPv6 text), IEEE 802 (MAC).
 */
import { ipv4Bytes, parseIpv4 } from "./ipv4.ts";

function hexNumber(text: string): number {
  if (text === "" || text.length > 4) return -1;
  let n = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const digit = c >= 48 && c <= 57 ? c - 48 : c >= 97 && c <= 102 ? c - 87 : c >= 65 && c <= 70 ? c - 55 : -1;
    if (digit < 0) return -1;
    n = n * 16 + digit;
  }
  return n;
}

/** Six bytes of "02:00:0a:09:00:02". */
export function macBytes(text: string): number[] {
  const out: number[] = [];
  for (const pair of text.split(":")) {
    const n = pair.length === 2 ? hexNumber(pair) : -1;
    if (n < 0) return [];
    out.push(n);
  }
  return out.length === 6 ? out : [];
}

/** Groups of one side of "::" as bytes; null when one is malformed. */
function sideBytes(text: string): number[] | null {
  const out: number[] = [];
  if (text === "") return out;
  const groups = text.split(":");
  for (let i = 0; i < groups.length; i++) {
    const g = groups[i]!;
    const v4 = i === groups.length - 1 && g.includes(".") ? parseIpv4(g) : -1;
    const n = hexNumber(g);
    if (v4 >= 0) out.push(...ipv4Bytes(v4));
    else if (n >= 0) out.push(Math.floor(n / 256), n % 256);
    else return null;
  }
  return out;
}

function ipv6Bytes(text: string): number[] {
  const gap = text.indexOf("::");
  const left = sideBytes(gap < 0 ? text : text.slice(0, gap));
  const right = sideBytes(gap < 0 ? "" : text.slice(gap + 2));
  if (left === null || right === null) return [];
  const missing = 16 - left.length - right.length;
  if (gap < 0 ? missing !== 0 : missing < 2) return [];
  const out = left.slice();
  for (let i = 0; i < missing; i++) out.push(0);
  for (const b of right) out.push(b);
  return out;
}

/** Four bytes of an IPv4 or sixteen of an IPv6 address. */
export function addressBytes(text: string): number[] {
  if (text.includes(":")) return ipv6Bytes(text);
  const n = parseIpv4(text);
  return n < 0 ? [] : ipv4Bytes(n);
}

/** Do the first `prefix` bits of two addresses of one family agree? */
export function samePrefix(a: number[], b: number[], prefix: number): boolean {
  if (a.length !== b.length || prefix > a.length * 8) return false;
  const whole = Math.floor(prefix / 8);
  for (let i = 0; i < whole; i++) if (a[i]! !== b[i]!) return false;
  const rest = 2 ** (8 - prefix % 8);
  return prefix % 8 === 0 || Math.floor(a[whole]! / rest) === Math.floor(b[whole]! / rest);
}

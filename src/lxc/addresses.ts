/**
 * IPv4 and IPv6 addresses as text: checked for shape, never turned into
 * bytes; that is for whoever talks to the kernel.
 */
import { parseUnsigned } from "./numbers.ts";

/** Is it four decimal numbers 0..255 with dots? */
export function isIpv4(text: string): boolean {
  const parts = text.split(".");
  for (let i = 0; i < parts.length; i++) {
    const p = parts[i]!;
    if (p.length > 3 || (p.length > 1 && p.startsWith("0")) || parseUnsigned(p, 255) < 0) return false;
  }
  return parts.length === 4;
}

/** Groups of one side of "::"; -1 when one is malformed. An IPv4 tail counts as two. */
function ipv6Groups(text: string): number {
  if (text === "") return 0;
  const parts = text.split(":");
  let n = 0;
  for (let i = 0; i < parts.length; i++) {
    const p = parts[i]!;
    if (p.length <= 4 && parseUnsigned(`0x${p}`, 65535) >= 0) n += 1;
    else if (i === parts.length - 1 && isIpv4(p)) n += 2;
    else return -1;
  }
  return n;
}

/** Is it an IPv6 address, with at most one "::"? */
export function isIpv6(text: string): boolean {
  const gap = text.indexOf("::");
  if (gap < 0) return ipv6Groups(text) === 8;
  const left = text.slice(0, gap);
  const leftGroups = left.includes(".") ? -1 : ipv6Groups(left);
  const rightGroups = ipv6Groups(text.slice(gap + 2));
  return leftGroups >= 0 && rightGroups >= 0 && leftGroups + rightGroups <= 7;
}

/** "A/p" in two; prefix -1 without a slash. broken: no such address or prefix. */
export type Prefixed = { address: string; prefix: number; broken: boolean };

/** Splits and checks "A/p" of a family. */
export function parsePrefixed(text: string, v6: boolean): Prefixed {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const prefix = slash < 0 ? -1 : parseUnsigned(text.slice(slash + 1), v6 ? 128 : 32);
  return { address, prefix, broken: !(v6 ? isIpv6(address) : isIpv4(address)) || (slash >= 0 && prefix < 0) };
}

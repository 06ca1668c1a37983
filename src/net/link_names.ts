/**
 * Names and hardware addresses of links: inside the container, and of the
 * host ends, which follow from the container's name alone. Pure.
 * Source: LXC's network documentation (eth%d, veth pairs, the fe of a host
 * end that keeps a bridge from taking its address).
 */
import type { NetDevice } from "../lxc/description.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
/** A prime below 2^31: products with small numbers stay exact. */
const MODULUS = 2147483647;

/** A number 0 .. 2^31-2 that a text gives; two seeds give two. */
function mixed(text: string, seed: number): number {
  let h = seed;
  for (let i = 0; i < text.length; i++) h = (h * 65599 + text.charCodeAt(i)) % MODULUS;
  for (let i = 0; i < 3; i++) h = (h * 48271 + seed) % MODULUS;
  return h;
}

/** Host end of device `index` of a container: "veth", six letters, at most fifteen characters in all. */
export function hostName(container: string, index: number): string {
  let rest = mixed(`${container}/${index}`, 7919);
  const out: string[] = ["veth"];
  for (let i = 0; i < 6; i++) {
    out.push(LETTERS.charAt(rest % LETTERS.length));
    rest = Math.floor(rest / LETTERS.length);
  }
  return out.join("");
}

/** Hardware address of a host end: fe first, so that a bridge keeps its own. */
export function hostMac(container: string, index: number): string {
  const text = `${container}/${index}`;
  const a = mixed(text, 104729);
  const b = mixed(text, 1299709);
  return ["fe", pair(a), pair(a / 256), pair(a / 65536), pair(b), pair(b / 256)].join(":");
}

const DIGITS = "0123456789abcdef";

function pair(n: number): string {
  const byte = Math.floor(n) % 256;
  return DIGITS.charAt(Math.floor(byte / 16)) + DIGITS.charAt(byte % 16);
}

/** A configured hardware address; each x becomes a random digit, taken from random[at…]. The result is never a group address through an x. */
export function hwaddrOf(hwaddr: string, random: Uint8Array, at: number): string {
  if (!hwaddr.includes("x")) return hwaddr;
  const out: string[] = [];
  for (let i = 0; i < hwaddr.length; i++) {
    const c = hwaddr.charAt(i);
    const place = at + Math.floor(i / 3);
    const byte = place < random.length ? random[place]! : 0;
    const digit = i % 3 === 0 ? Math.floor(byte / 16) : byte % 16;
    out.push(c === "x" ? DIGITS.charAt(i === 1 ? digit - digit % 2 : digit) : c);
  }
  return out.join("");
}

/** Names inside, in the devices' order: as configured, a phys keeps its own, the others get the free eth0, eth1, …; "" for those without a link. */
export function insideNames(devices: NetDevice[]): string[] {
  const taken: string[] = [];
  for (const d of devices) {
    if (d.name !== "") taken.push(d.name);
    else if (d.type === "phys") taken.push(d.link);
  }
  return devices.map((d) => {
    if (d.type === "none" || d.type === "empty") return "";
    if (d.name !== "") return d.name;
    return d.type === "phys" ? d.link : freeName(taken);
  });
}

function freeName(taken: string[]): string {
  let n = 0;
  while (taken.includes(`eth${n}`)) n += 1;
  taken.push(`eth${n}`);
  return `eth${n}`;
}

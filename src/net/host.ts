/**
 * The host's network for containers: bridges, forwarding, NAT; and what the
 * host knows of a link. Each part that fails is told, the others still hold:
 * a device must come up without its NAT.
 */
import { AF_INET, SOCK_DGRAM } from "../sys/constants.ts";
import { u32At } from "../sys/bytes.ts";
import { tryIoctlBuffer } from "../sys/devices.ts";
import { reason, SysError } from "../sys/error.ts";
import { closeFd, putText, readTextOr } from "../sys/files.ts";
import { openSocket } from "../sys/sockets.ts";
import { words } from "../sys/text.ts";
import type { LinkFact, NetProblem } from "./actions.ts";
import { applyHost } from "./apply.ts";
import { linkRequest, NETLINK_NETFILTER, NetChannel } from "./channel.ts";
import { natBatch, type NatRule } from "./nat.ts";
import type { HostNetwork } from "./pools.ts";

const SIOCGIFADDR = 0x8915;
const SIOCGIFMTU = 0x8921;
const REQUEST_VALUE = 16;
const SOCKADDR_ADDRESS = 20;

/** Brings everything up that is planned; result: what failed. Forwarding is turned on for NAT alone. */
export function setUpHost(network: HostNetwork): NetProblem[] {
  const problems: NetProblem[] = [];
  for (const a of network.actions) {
    try {
      applyHost([a]);
    } catch (e) {
      problems.push({ at: `bridge ${a.link}`, why: reason(e) });
    }
  }
  try {
    if (network.nat.length > 0) putText("/proc/sys/net/ipv4/ip_forward", "1");
    setNat(network.nat);
  } catch (e) {
    problems.push({ at: "nat", why: reason(e) });
  }
  return problems;
}

/** Makes Wherry's nftables table hold exactly these rules, in one transaction. */
export function setNat(rules: NatRule[]): void {
  const channel = new NetChannel(NETLINK_NETFILTER);
  const b = natBatch(rules);
  // the last message ends the transaction and is not answered
  const bad = channel.exchange(b, b.count - 1, 0);
  channel.close();
  if (bad.errno > 0) throw new SysError("network", "nftables table wherry", bad.errno, bad.why);
}

/** Asks about links, in the order given. */
export function askLinks(links: string[]): LinkFact[] {
  if (links.length === 0) return [];
  const fd = openSocket(AF_INET, SOCK_DGRAM, 0, false);
  try {
    return links.map((link) => factOf(fd, link));
  } finally {
    closeFd(fd);
  }
}

function factOf(fd: number, link: string): LinkFact {
  const asked = linkRequest(link);
  const mtu = tryIoctlBuffer(fd, SIOCGIFMTU, asked) < 0 ? 0 : u32At(asked, REQUEST_VALUE);
  const again = linkRequest(link);
  const hasAddress = tryIoctlBuffer(fd, SIOCGIFADDR, again) >= 0;
  const address4 = hasAddress ? dotted(again) : "";
  return { link, mtu, address4, address6: mtu > 0 ? address6Of(link) : "" };
}

/** The address of a struct sockaddr_in inside a request. */
function dotted(request: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < 4; i++) parts.push(String(request[SOCKADDR_ADDRESS + i]!));
  return parts.join(".");
}

/** First global IPv6 address of a link. Source: kernel net/ipv6/addrconf.c, if6_seq_show. */
function address6Of(link: string): string {
  for (const line of readTextOr("/proc/net/if_inet6", "").split("\n")) {
    const w = words(line);
    if (w.length < 6 || w[5] !== link || w[3] !== "00") continue;
    const groups: string[] = [];
    for (let i = 0; i < 32; i += 4) groups.push(w[0]!.slice(i, i + 4));
    return groups.join(":");
  }
  return "";
}

/**
 * The NAT of pools as one nftables batch: Wherry's own table `wherry` is
 * replaced whole, so that applying it again changes nothing and rules of
 * others are never touched. Bytes only. Source: kernel
 * include/uapi/linux/netfilter/nf_tables.h, nft(8).
 */
import { ipv4Bytes, networkOf, subnetSize } from "./ipv4.ts";
import { NetlinkBatch, NLM_F_CREATE, NLM_F_APPEND } from "./netlink.ts";

/** Masquerade what comes from the subnet and doesn't leave through its own bridge. */
export type NatRule = { bridge: string; address: number; prefix: number };

const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;
const NFTABLES = 10;
const NFT_MSG_NEWTABLE = 0;
const NFT_MSG_DELTABLE = 2;
const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_NEWRULE = 6;
const NFPROTO_IPV4 = 2;

const TABLE = "wherry";
const CHAIN = "postrouting";
const NF_INET_POST_ROUTING = 4;
/** NF_IP_PRI_NAT_SRC: where source NAT belongs. */
const PRIORITY = 100;
const REGISTER = 1;

/** The kernel's modules a NAT needs, where they aren't built in: their names for the module loader. */
export const NAT_MODULES: string[] = ["nf_tables", "nft_chain_nat", "nft_masq"];

/** The batch that makes the table hold exactly these rules; without any it is removed. */
export function natBatch(rules: NatRule[]): NetlinkBatch {
  const b = new NetlinkBatch();
  edge(b, NFNL_MSG_BATCH_BEGIN);
  // made first, so that removing what an earlier run left can't fail
  table(b, NFT_MSG_NEWTABLE);
  table(b, NFT_MSG_DELTABLE);
  if (rules.length > 0) {
    table(b, NFT_MSG_NEWTABLE);
    chain(b);
    for (const r of rules) rule(b, r);
  }
  edge(b, NFNL_MSG_BATCH_END);
  return b;
}

function edge(b: NetlinkBatch, type: number): void {
  b.begin(type, 0);
  b.u8s([0, 0, 0, NFTABLES]);
  b.end();
}

function begin(b: NetlinkBatch, message: number, flags: number): void {
  b.begin(NFTABLES * 256 + message, flags);
  b.u8s([NFPROTO_IPV4, 0, 0, 0]);
}

function table(b: NetlinkBatch, message: number): void {
  begin(b, message, message === NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0);
  b.attributeText(1, TABLE);
  b.end();
  b.acknowledge();
}

function chain(b: NetlinkBatch): void {
  begin(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
  b.attributeText(1, TABLE);
  b.attributeText(3, CHAIN);
  const hook = b.nest(4);
  b.attributeBig(1, NF_INET_POST_ROUTING);
  b.attributeBig(2, PRIORITY);
  b.unnest(hook);
  b.attributeText(7, "nat");
  b.end();
  b.acknowledge();
}

function rule(b: NetlinkBatch, r: NatRule): void {
  begin(b, NFT_MSG_NEWRULE, NLM_F_CREATE + NLM_F_APPEND);
  b.attributeText(1, TABLE);
  b.attributeText(2, CHAIN);
  const list = b.nest(4);
  sourceAddress(b);
  mask(b, ipv4Bytes(4294967296 - subnetSize(r.prefix)));
  compare(b, 0, ipv4Bytes(networkOf(r.address, r.prefix)));
  outgoingLink(b);
  compare(b, 1, linkName(r.bridge));
  expression(b, "masq", -1);
  b.unnest(list);
  b.end();
  b.acknowledge();
}

/** Opens one expression; close it with endExpression, or at once when `data` is -1. Returns the two nests. */
function expression(b: NetlinkBatch, name: string, data: number): number[] {
  const element = b.nest(1);
  b.attributeText(1, name);
  const inner = b.nest(2);
  if (data < 0) endExpression(b, [element, inner]);
  return [element, inner];
}

function endExpression(b: NetlinkBatch, nests: number[]): void {
  b.unnest(nests[1]!);
  b.unnest(nests[0]!);
}

/** The four bytes of the source address, at 12 of the network header, into the register. */
function sourceAddress(b: NetlinkBatch): void {
  const e = expression(b, "payload", 0);
  b.attributeBig(1, REGISTER);
  b.attributeBig(2, 1);
  b.attributeBig(3, 12);
  b.attributeBig(4, 4);
  endExpression(b, e);
}

function mask(b: NetlinkBatch, bytes: number[]): void {
  const e = expression(b, "bitwise", 0);
  b.attributeBig(1, REGISTER);
  b.attributeBig(2, REGISTER);
  b.attributeBig(3, bytes.length);
  value(b, 4, bytes);
  value(b, 5, bytes.map(() => 0));
  endExpression(b, e);
}

/** operation: 0 equal, 1 not equal. */
function compare(b: NetlinkBatch, operation: number, bytes: number[]): void {
  const e = expression(b, "cmp", 0);
  b.attributeBig(1, REGISTER);
  b.attributeBig(2, operation);
  value(b, 3, bytes);
  endExpression(b, e);
}

function outgoingLink(b: NetlinkBatch): void {
  const e = expression(b, "meta", 0);
  b.attributeBig(1, REGISTER);
  b.attributeBig(2, 7);
  endExpression(b, e);
}

function value(b: NetlinkBatch, type: number, bytes: number[]): void {
  const data = b.nest(type);
  b.attributeU8s(1, bytes);
  b.unnest(data);
}

/** The name as its fixed field of sixteen bytes. */
function linkName(name: string): number[] {
  const out: number[] = [];
  for (let i = 0; i < 16; i++) out.push(i < name.length ? name.charCodeAt(i) : 0);
  return out;
}

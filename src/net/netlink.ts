/**
 * Netlink messages as bytes: several, one after the other in one buffer, with
 * nested attributes; and the answers read back. Knows no kind of message.
 * Never talks to the kernel. Source: netlink(7), kernel
 * include/uapi/linux/netlink.h.
 */
import { i32At, putU16, putU32, u16At, u32At } from "../sys/bytes.ts";
import { fromUtf8, toUtf8 } from "../sys/text.ts";

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;

const NLMSG_ERROR = 2;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const NLA_F_NESTED = 0x8000;
const HEADER_BYTES = 16;

/** A growing run of messages. begin(), fields and attributes, end(); sequence numbers count from 1. */
export class NetlinkBatch {
  private buffer: Uint8Array = new Uint8Array(512);
  private used = 0;
  private start = 0;
  /** How many messages were begun: the sequence number of the last. */
  count = 0;

  /** The finished messages. */
  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.used);
  }

  begin(type: number, flags: number): void {
    this.start = this.room(HEADER_BYTES);
    this.count = this.count + 1;
    putU16(this.buffer, this.start + 4, type);
    putU16(this.buffer, this.start + 6, flags | NLM_F_REQUEST);
    putU32(this.buffer, this.start + 8, this.count);
  }

  end(): void {
    putU32(this.buffer, this.start, this.used - this.start);
  }

  /** Asks for an answer to the message that was ended last, also when it succeeds. */
  acknowledgeLast(): void {
    putU16(this.buffer, this.start + 6, u16At(this.buffer, this.start + 6) | NLM_F_ACK);
  }

  u8s(values: number[]): void {
    const at = this.room(values.length);
    for (let i = 0; i < values.length; i++) this.buffer[at + i] = values[i]!;
  }

  u32(value: number): void {
    const at = this.room(4);
    putU32(this.buffer, at, value);
  }

  attributeU8s(type: number, values: number[]): void {
    this.attributeHead(type, values.length);
    this.u8s(values);
    this.pad();
  }

  attributeU16(type: number, value: number): void {
    this.attributeU8s(type, [value % 256, Math.floor(value / 256) % 256]);
  }

  attributeU32(type: number, value: number): void {
    this.attributeHead(type, 4);
    this.u32(value);
  }

  /** Most significant byte first, as nftables wants its numbers. */
  attributeBigU32(type: number, value: number): void {
    this.attributeU8s(type, [Math.floor(value / 16777216) % 256, Math.floor(value / 65536) % 256, Math.floor(value / 256) % 256, value % 256]);
  }

  /** Ended by NUL. */
  attributeText(type: number, text: string): void {
    const bytes = toUtf8(text);
    this.attributeHead(type, bytes.length + 1);
    const at = this.room(bytes.length + 1);
    this.buffer.set(bytes, at);
    this.pad();
  }

  /** Opens an attribute that holds attributes; what it returns closes it. */
  nest(type: number): number {
    const at = this.used;
    this.attributeHead(type | NLA_F_NESTED, 0);
    return at;
  }

  unnest(at: number): void {
    putU16(this.buffer, at, this.used - at);
  }

  private attributeHead(type: number, size: number): void {
    const at = this.room(4);
    putU16(this.buffer, at, 4 + size);
    putU16(this.buffer, at + 2, type);
  }

  private pad(): void {
    const over = this.used % 4;
    if (over > 0) this.room(4 - over);
  }

  /** Place of `size` further bytes, all zero. */
  private room(size: number): number {
    const at = this.used;
    if (at + size > this.buffer.length) {
      const larger = new Uint8Array(this.buffer.length * 2 + size);
      larger.set(this.buffer.subarray(0, at), 0);
      this.buffer = larger;
    }
    this.used = at + size;
    return at;
  }
}

/** An answer to message `sequence`: errno 0 is success; `why` is the kernel's own sentence where it gives one. Others than errors have errno -1. */
export type NetlinkAnswer = { sequence: number; errno: number; why: string };

/** The answers in one received datagram; what is cut short ends the list. */
export function parseAnswers(data: Uint8Array): NetlinkAnswer[] {
  const out: NetlinkAnswer[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= data.length) {
    const size = u32At(data, at);
    if (size < HEADER_BYTES || at + size > data.length) break;
    const sequence = u32At(data, at + 8);
    if (u16At(data, at + 4) === NLMSG_ERROR && size >= HEADER_BYTES + 4) {
      out.push({ sequence, errno: -i32At(data, at + HEADER_BYTES), why: sentenceOf(data.subarray(at, at + size)) });
    } else out.push({ sequence, errno: -1, why: "" });
    at += size + (4 - size % 4) % 4;
  }
  return out;
}

/** NLMSGERR_ATTR_MSG of one error message: behind the request it answers, of which it holds all or only the header. */
function sentenceOf(message: Uint8Array): string {
  const flags = u16At(message, 6);
  if ((flags & NLM_F_ACK_TLVS) === 0 || message.length < HEADER_BYTES + 4 + HEADER_BYTES) return "";
  const request = (flags & NLM_F_CAPPED) !== 0 ? HEADER_BYTES : u32At(message, HEADER_BYTES + 4);
  let at = HEADER_BYTES + 4 + request + (4 - request % 4) % 4;
  while (at + 4 <= message.length) {
    const size = u16At(message, at);
    if (size < 4 || at + size > message.length) break;
    if (u16At(message, at + 2) === NLMSGERR_ATTR_MSG) return fromUtf8(message.subarray(at + 4, at + size - 1));
    at += size + (4 - size % 4) % 4;
  }
  return "";
}

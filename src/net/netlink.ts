/**
 * Netlink messages as bytes: several, one after the other in one buffer, with
 * nested attributes; and the answers read back. Knows no kind of message.
 * Never talks to the kernel. Source: netlink(7), kernel
 * include/uapi/linux/netlink.h.
 */
import { i32At, u16At, u32At } from "../sys/bytes.ts";
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

/**
 * A growing run of messages: begin(), fields and attributes, end(). Sequence
 * numbers count from 1. What it writes always fits, so nothing here throws.
 */
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

  /** flags beside NLM_F_REQUEST. */
  begin(type: number, flags: number): void {
    this.start = this.room(HEADER_BYTES);
    this.count = this.count + 1;
    this.put(this.start + 4, type, 2);
    this.put(this.start + 6, flags + NLM_F_REQUEST, 2);
    this.put(this.start + 8, this.count, 4);
  }

  end(): void {
    this.put(this.start, this.used - this.start, 4);
  }

  /** Asks for an answer to the message that was ended last, also when it succeeds. */
  acknowledge(): void {
    const at = this.start + 6;
    this.buffer[at] = this.buffer[at]! + NLM_F_ACK;
  }

  u8s(values: number[]): void {
    let at = this.room(values.length);
    for (const v of values) {
      this.buffer[at] = v;
      at += 1;
    }
  }

  u32(value: number): void {
    this.put(this.room(4), value, 4);
  }

  attributeU8s(type: number, values: number[]): void {
    this.head(type, values.length);
    this.u8s(values);
    this.room((4 - values.length % 4) % 4);
  }

  attributeU16(type: number, value: number): void {
    this.head(type, 2);
    this.put(this.room(4), value, 2);
  }

  attributeU32(type: number, value: number): void {
    this.head(type, 4);
    this.u32(value);
  }

  /** One byte, as the last of four: how nftables wants its small numbers. */
  attributeBig(type: number, value: number): void {
    this.attributeU8s(type, [0, 0, 0, value]);
  }

  /** Ended by NUL. */
  attributeText(type: number, text: string): void {
    const bytes = toUtf8(text);
    this.head(type, bytes.length + 1);
    const at = this.room(bytes.length + 4 - bytes.length % 4);
    this.buffer.set(bytes, at);
  }

  /** Opens an attribute that holds attributes; what it returns closes it. */
  nest(type: number): number {
    const at = this.used;
    this.head(type + NLA_F_NESTED, 0);
    return at;
  }

  unnest(at: number): void {
    this.put(at, this.used - at, 2);
  }

  private head(type: number, size: number): void {
    const at = this.room(4);
    this.put(at, 4 + size, 2);
    this.put(at + 2, type, 2);
  }

  private put(at: number, value: number, bytes: number): void {
    let rest = value;
    for (let i = 0; i < bytes; i++) {
      const low = rest % 256;
      this.buffer[at + i] = low;
      rest = (rest - low) / 256;
    }
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
    const answer: NetlinkAnswer = { sequence: u32At(data, at + 8), errno: -1, why: "" };
    if (u16At(data, at + 4) === NLMSG_ERROR && size >= HEADER_BYTES + 4) {
      answer.errno = -i32At(data, at + HEADER_BYTES);
      answer.why = sentenceOf(data.subarray(at, at + size));
    }
    out.push(answer);
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

/**
 * A conversation with the kernel's network side: one netlink socket, batches
 * sent whole and answered at once, indexes of links by ioctl on the same
 * socket. Refusals become SysErrors that name the step and carry the kernel's
 * own sentence. Source: netlink(7), netdevice(7).
 */
import { i32At, putBytes, putU32, u32At } from "../sys/bytes.ts";
import { AF_NETLINK, SOCK_RAW } from "../sys/constants.ts";
import { tryIoctlBuffer } from "../sys/devices.ts";
import { EAGAIN, EPROTO } from "../sys/errno.ts";
import { checked, SysError } from "../sys/error.ts";
import { closeFd } from "../sys/files.ts";
import { openSocket, receive, trySend, trySetOption } from "../sys/sockets.ts";
import { toUtf8 } from "../sys/text.ts";
import { parseAnswers, type NetlinkBatch } from "./netlink.ts";

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;
const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;

const SIOCGIFINDEX = 0x8933;
const SIOCSIFFLAGS = 0x8914;
/** struct ifreq of 64-bit machines; 32-bit ones use 32 of it. */
const IFREQ_BYTES = 40;
const IFREQ_VALUE = 16;
const IFF_UP = 1;

/** A struct ifreq that names a link; too long a name becomes none. */
export function linkRequest(link: string): Uint8Array {
  const request = new Uint8Array(IFREQ_BYTES);
  const name = toUtf8(link);
  if (name.length < IFREQ_VALUE) putBytes(request, 0, name);
  return request;
}

/** Brings one link up with the least work: for loopback, where nothing else is to be said. Any socket will do. */
export function raiseLink(fd: number, link: string): void {
  const request = linkRequest(link);
  putU32(request, IFREQ_VALUE, IFF_UP);
  checked(tryIoctlBuffer(fd, SIOCSIFFLAGS, request), "network up", link);
}

export class NetChannel {
  readonly fd: number;

  /** protocol: NETLINK_ROUTE or NETLINK_NETFILTER. The socket stays in the namespace it is opened in. */
  constructor(protocol: number) {
    this.fd = openSocket(AF_NETLINK, SOCK_RAW, protocol, true);
    trySetOption(this.fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
  }

  close(): void {
    closeFd(this.fd);
  }

  /** The kernel's number of a link; throws ENODEV where there is none. */
  index(link: string): number {
    const request = linkRequest(link);
    checked(tryIoctlBuffer(this.fd, SIOCGIFINDEX, request), "network link", link);
    return i32At(request, IFREQ_VALUE);
  }

  /** The index, or 0 where there is no such link. */
  indexOrNone(link: string): number {
    const request = linkRequest(link);
    return tryIoctlBuffer(this.fd, SIOCGIFINDEX, request) < 0 ? 0 : u32At(request, IFREQ_VALUE);
  }

  /**
   * Sends a batch of rtnetlink; says[i] names message i+1 in errors. Throws at
   * the first message refused with an errno other than `accepted`; those after
   * it have been tried nevertheless.
   */
  run(batch: NetlinkBatch, says: string[], accepted: number = 0): void {
    if (batch.count === 0) return;
    batch.acknowledgeLast();
    this.exchange(batch, batch.count, says, accepted);
  }

  /** As run, of a batch of nfnetlink: its last message is the end mark and not answered. */
  runTransaction(batch: NetlinkBatch, says: string): void {
    const all: string[] = [];
    for (let i = 0; i < batch.count; i++) all.push(says);
    this.exchange(batch, batch.count - 1, all, 0);
  }

  private exchange(batch: NetlinkBatch, last: number, says: string[], accepted: number): void {
    const data = batch.bytes();
    checked(trySend(this.fd, data, 0, data.length), "network", says[0]!);
    const buffer = new Uint8Array(4096);
    let refused = false;
    let errno = 0;
    let why = "";
    let what = "";
    let isAnswered = false;
    while (!isAnswered) {
      // the kernel has done the work inside send: what isn't there now won't come
      const size = receive(this.fd, buffer).size;
      if (size < 0 && size !== -EAGAIN) checked(size, "network", says[0]!);
      if (size <= 0) break;
      for (const a of parseAnswers(buffer.subarray(0, Math.min(size, buffer.length)))) {
        if (a.sequence >= last) isAnswered = true;
        if (a.errno > 0 && a.errno !== accepted && !refused) {
          refused = true;
          errno = a.errno;
          why = a.why;
          what = a.sequence > 0 && a.sequence <= says.length ? says[a.sequence - 1]! : says[0]!;
        }
      }
    }
    if (refused) throw new SysError("network", what, errno, why);
    if (!isAnswered) throw new SysError("network", says[0]!, EPROTO, "the kernel gave no answer");
  }
}

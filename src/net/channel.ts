/**
 * A conversation with the kernel's network side: one netlink socket, batches
 * sent whole and answered at once, indexes of links by ioctl on the same
 * socket. Source: netlink(7), netdevice(7).
 */
import { i32At, putBytes, putU32 } from "../sys/bytes.ts";
import { AF_NETLINK, SOCK_RAW } from "../sys/constants.ts";
import { tryIoctlBuffer } from "../sys/devices.ts";
import { EAGAIN, EPROTO } from "../sys/errno.ts";
import { checked } from "../sys/error.ts";
import { closeFd } from "../sys/files.ts";
import { openSocket, receive, trySend, trySetOption } from "../sys/sockets.ts";
import { toUtf8 } from "../sys/text.ts";
import { parseAnswers, type NetlinkAnswer, type NetlinkBatch } from "./netlink.ts";

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
const ANSWER_BYTES = 4096;

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

  /** The kernel's number of a link, or -errno. */
  index(link: string): number {
    const request = linkRequest(link);
    const r = tryIoctlBuffer(this.fd, SIOCGIFINDEX, request);
    return r < 0 ? r : i32At(request, IFREQ_VALUE);
  }

  /**
   * Sends a batch, of which message `last` and no later one asks for an
   * answer. The first message refused with an errno other than `accepted`, or
   * errno 0 when there is none; the messages behind it have been tried
   * nevertheless.
   */
  exchange(batch: NetlinkBatch, last: number, accepted: number): NetlinkAnswer {
    const data = batch.bytes();
    const bad: NetlinkAnswer = { sequence: 1, errno: 0, why: "" };
    const sent = trySend(this.fd, data, 0, data.length);
    if (sent < 0) {
      bad.errno = -sent;
      return bad;
    }
    const buffer = new Uint8Array(ANSWER_BYTES);
    for (;;) {
      // the kernel has done the work inside send: what isn't there now won't come
      const size = receive(this.fd, buffer).size;
      if (size <= 0) {
        if (bad.errno === 0) bad.errno = size === 0 || size === -EAGAIN ? EPROTO : -size;
        return bad;
      }
      for (const a of parseAnswers(buffer.subarray(0, Math.min(size, ANSWER_BYTES)))) {
        if (a.errno > 0 && a.errno !== accepted && bad.errno === 0) {
          bad.sequence = a.sequence;
          bad.errno = a.errno;
          bad.why = a.why;
        }
        if (a.sequence >= last) return bad;
      }
    }
  }
}

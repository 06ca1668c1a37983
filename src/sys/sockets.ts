/// <reference path="./sys.d.ts" />
/**
 * Unix sockets with descriptors and credentials, pipes, netlink sockets.
 * Source: unix(7), netlink(7).
 */
import { i32At, putU16, putU32, u32At, u32List } from "./bytes.ts";
import { AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, SO_ERROR, SO_PEERCRED, SO_PEERPIDFD, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW, SOL_SOCKET } from "./constants.ts";
import { ENOENT } from "./errno.ts";
import { checked, SysError } from "./error.ts";
import { tryUnlink } from "./files.ts";
import { toUtf8 } from "./text.ts";

/** Address of a unix socket: a path, or "@name" in the abstract namespace. */
function unixAddress(path: string): Uint8Array {
  const name = toUtf8(path);
  if (name.length > 107) throw new SysError("bind", path, 36, "a socket's path has at most 107 bytes");
  const a = new Uint8Array(2 + name.length + (path.startsWith("@") ? 0 : 1));
  putU16(a, 0, AF_UNIX);
  a.set(name, 2);
  if (path.startsWith("@")) a[2] = 0;
  return a;
}

/** A socket bound to a path, in place of what is there, and, unless a datagram one, listening. Non-blocking. */
export function listenUnix(path: string, type: number, backlog: number): number {
  const gone = tryUnlink(path);
  if (gone < 0 && gone !== -ENOENT) throw new SysError("unlink", path, -gone);
  const fd = checked(sys_socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket", path);
  let r = sys_bind(fd, unixAddress(path));
  if (r === 0 && backlog > 0) r = sys_listen(fd, backlog);
  if (r < 0) {
    sys_close(fd);
    throw new SysError("bind", path, -r);
  }
  return fd;
}

/** A socket connected to a path (blocking unless flags hold SOCK_NONBLOCK), or -errno. */
export function tryConnectUnix(path: string, type: number): number {
  const fd = sys_socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  const r = sys_connect(fd, unixAddress(path));
  if (r < 0) {
    sys_close(fd);
    return r;
  }
  return fd;
}

/** Connects a socket to an address (4 bytes of IPv4, 16 of IPv6) and a port: 0 or -errno, EINPROGRESS when it is non-blocking. */
export function tryConnectInet(fd: number, address: number[], port: number): number {
  const six = address.length === 16;
  const a = new Uint8Array(six ? 28 : 16);
  putU16(a, 0, six ? AF_INET6 : AF_INET);
  for (let i = 0; i < address.length; i++) a[(six ? 8 : 4) + i] = address[i]!;
  a[2] = Math.floor(port / 256);
  a[3] = port % 256;
  return sys_connect(fd, a);
}

/** How a connection that was under way has come out: 0 or an errno. */
export function connectError(fd: number): number {
  const b = new Uint8Array(4);
  const r = sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, b);
  return r < 0 ? -r : i32At(b, 0);
}

/** The next connection, non-blocking, or -errno (EAGAIN when there is none). */
export function tryAccept(fd: number): number {
  return sys_accept4(fd, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

export function socketPair(type: number): number[] {
  const out = new Uint8Array(8);
  checked(sys_socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, out), "socketpair", "");
  return [i32At(out, 0), i32At(out, 4)];
}

/** Reading and writing end of a pipe; flags: O_CLOEXEC is added. */
export function makePipe(flags: number): number[] {
  const out = new Uint8Array(8);
  checked(sys_pipe2(out, flags | SOCK_CLOEXEC), "pipe2", "");
  return [i32At(out, 0), i32At(out, 4)];
}

/** Who is on the other side of a connected unix socket. */
export type Peer = { pid: number; uid: number; gid: number };

export function peerOf(fd: number): Peer {
  const b = new Uint8Array(12);
  checked(sys_getsockopt(fd, SOL_SOCKET, SO_PEERCRED, b), "getsockopt SO_PEERCRED", "");
  return { pid: i32At(b, 0), uid: u32At(b, 4), gid: u32At(b, 8) };
}

/** A pidfd of the peer (kernel 6.5), or -errno. */
export function tryPeerPidfd(fd: number): number {
  const b = new Uint8Array(4);
  const r = sys_getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, b);
  return r < 0 ? r : i32At(b, 0);
}

export function setSocketNumber(fd: number, option: number, value: number): void {
  checked(sys_setsockopt(fd, SOL_SOCKET, option, u32List([value])), "setsockopt", String(option));
}

/** Sends bytes and descriptors in one message; result or -errno. */
export function trySend(fd: number, data: Uint8Array, offset: number, length: number, fds: number[] = []): number {
  return sys_sendmsg(fd, data, offset, length, u32List(fds), new Uint8Array(0), 0);
}

/** As trySend to the socket at a path (datagram sockets that are not connected). */
export function trySendTo(fd: number, data: Uint8Array, path: string, fds: number[] = []): number {
  return sys_sendmsg(fd, data, 0, data.length, u32List(fds), unixAddress(path), 0);
}

/** A received message: size is -errno when there was none, 0 at the end. The descriptors are the caller's to close. */
export type Received = { size: number; fds: number[]; truncated: boolean };

export function receive(fd: number, into: Uint8Array): Received {
  const out = new Uint8Array(8 + 4 * 32);
  const size = sys_recvmsg(fd, into, out, 0);
  const fds: number[] = [];
  if (size >= 0) for (let i = 0; i < u32At(out, 0); i++) fds.push(i32At(out, 8 + 4 * i));
  return { size, fds, truncated: size >= 0 && Math.floor(u32At(out, 4) / 0x20) % 2 === 1 };
}

export function shutdownSocket(fd: number, how: number): number {
  return sys_shutdown(fd, how);
}

/** A netlink socket of a protocol (0 routes, 12 netfilter, 15 uevents), bound, subscribed to a mask of groups. */
export function openNetlink(protocol: number, groups: number, nonblocking: boolean): number {
  const fd = checked(sys_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0), protocol), "socket", `netlink ${protocol}`);
  const address = new Uint8Array(12);
  putU16(address, 0, AF_NETLINK);
  putU32(address, 8, groups);
  const r = sys_bind(fd, address);
  if (r < 0) {
    sys_close(fd);
    throw new SysError("bind", `netlink ${protocol}`, -r);
  }
  return fd;
}

/** A plain close-on-exec socket; non-blocking when asked. */
export function openSocket(domain: number, type: number, protocol: number, nonblocking: boolean): number {
  return checked(sys_socket(domain, type | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0), protocol), "socket", `${domain} ${protocol}`);
}

/** setsockopt with a 32-bit number at any level: 0 or -errno. */
export function trySetOption(fd: number, level: number, option: number, value: number): number {
  return sys_setsockopt(fd, level, option, u32List([value]));
}

/// <reference path="../../src/sys/sys.d.ts" />
/** Rows of waiting and of sockets. */
import { i32At, putU16, u32At, u32List } from "../../src/sys/bytes.ts";
import { CLOCK_BOOTTIME, CLOCK_MONOTONIC, O_NONBLOCK } from "../../src/sys/constants.ts";
import { EADDRINUSE, EAGAIN, EBADF, ECONNREFUSED, EINVAL, ENOENT, EOPNOTSUPP } from "../../src/sys/errno.ts";
import { fromUtf8, toUtf8 } from "../../src/sys/text.ts";
import { EAFNOSUPPORT, ENOPROTOOPT, ENOTSOCK } from "./errnos.ts";
import { inChild, infallible, refused, works } from "./tally.ts";

export function eventRows(): void {
  const pipe = new Uint8Array(8);
  works("sys_pipe2", sys_pipe2(pipe, O_NONBLOCK), i32At(pipe, 4) > i32At(pipe, 0));
  refused("sys_pipe2", sys_pipe2(pipe.subarray(0, 7), 0), EINVAL);
  const readEnd = i32At(pipe, 0);
  const writeEnd = i32At(pipe, 4);
  epoll(readEnd, writeEnd);
  timers();
  signals();
  clocks();
  const counter = works("sys_eventfd", sys_eventfd(3, O_NONBLOCK));
  refused("sys_eventfd", sys_eventfd(0, 2), EINVAL);
  for (const fd of [readEnd, writeEnd, counter]) sys_close(fd);
}

function epoll(readEnd: number, writeEnd: number): void {
  const out = new Uint8Array(16);
  const e = works("sys_epoll_create1", sys_epoll_create1(0));
  refused("sys_epoll_create1", sys_epoll_create1(1), EINVAL);
  works("sys_epoll_ctl", sys_epoll_ctl(e, 1, readEnd, 1, 0xfedcba98));
  refused("sys_epoll_ctl", sys_epoll_ctl(e, 3, writeEnd, 1, 0), ENOENT);
  sys_write_text(writeEnd, "x");
  const n = sys_epoll_wait(e, out, 0);
  works("sys_epoll_wait", n, n === 1 && u32At(out, 0) === 1 && u32At(out, 4) === 0xfedcba98);
  refused("sys_epoll_wait", sys_epoll_wait(e, new Uint8Array(7), 0), EINVAL);
  infallible("sys_poll", sys_poll(readEnd, 1, 0) === 1 && sys_poll(-1, 1, 0) === 0);
  sys_close(e);
}

function timers(): void {
  const b = new Uint8Array(8);
  for (const clock of [CLOCK_MONOTONIC, CLOCK_BOOTTIME]) {
    const fd = works("sys_timerfd_create", sys_timerfd_create(clock, 0));
    works("sys_timerfd_settime", sys_timerfd_settime(fd, 0, 0.5, 0), sys_read(fd, b, 0, 8) === 8 && b[0] === 1);
    refused("sys_timerfd_settime", sys_timerfd_settime(fd, 99, 1, 0), EINVAL);
    sys_close(fd);
  }
  refused("sys_timerfd_create", sys_timerfd_create(99, 0), EINVAL);
}

function signals(): void {
  inChild(() => {
    const b = new Uint8Array(128);
    works("sys_sigprocmask", sys_sigprocmask(0, 0x200, 0x10));
    refused("sys_sigprocmask", sys_sigprocmask(9, 0, 0), EINVAL);
    const fd = works("sys_signalfd", sys_signalfd(-1, 0x200, 0x10, O_NONBLOCK));
    refused("sys_signalfd", sys_signalfd(-1, 0, 0, 1), EINVAL);
    sys_kill(sys_getpid(), 10);
    works("sys_signalfd", sys_read(fd, b, 0, 128), u32At(b, 0) === 10);
    sys_kill(sys_getpid(), 37);
    works("sys_signalfd", sys_read(fd, b, 0, 128), u32At(b, 0) === 37);
    works("sys_signal", sys_signal(12, 1), sys_kill(sys_getpid(), 12) === 0);
    refused("sys_signal", sys_signal(9, 1), EINVAL);
  });
}

function clocks(): void {
  const before = sys_clock_us(CLOCK_MONOTONIC);
  infallible("sys_sleep_ms", sys_sleep_ms(2) === 0);
  const after = sys_clock_us(CLOCK_MONOTONIC);
  works("sys_clock_us", after, after >= before + 2000);
  refused("sys_clock_us", sys_clock_us(99), EINVAL);
  works("sys_clock_settime", sys_clock_settime(0, sys_clock_us(0)));
  refused("sys_clock_settime", sys_clock_settime(CLOCK_MONOTONIC, 1), EINVAL);
}

/** Address in the abstract namespace. */
function abstract(name: string): Uint8Array {
  const a = new Uint8Array(3 + name.length);
  putU16(a, 0, 1);
  a.set(toUtf8(name), 3);
  return a;
}

export function socketRows(): void {
  const address = abstract(`wherry-arch-${sys_getpid()}`);
  const server = works("sys_socket", sys_socket(1, 1 + O_NONBLOCK, 0));
  refused("sys_socket", sys_socket(99, 1, 0), EAFNOSUPPORT);
  works("sys_bind", sys_bind(server, address));
  const other = sys_socket(1, 1, 0);
  refused("sys_bind", sys_bind(other, address), EADDRINUSE);
  refused("sys_connect", sys_connect(other, address), ECONNREFUSED);
  works("sys_listen", sys_listen(server, 4));
  const datagram = sys_socket(1, 2, 0);
  refused("sys_listen", sys_listen(datagram, 4), EOPNOTSUPP);
  refused("sys_accept4", sys_accept4(server, 0), EAGAIN);
  works("sys_connect", sys_connect(other, address));
  const accepted = works("sys_accept4", sys_accept4(server, O_NONBLOCK));
  const b = new Uint8Array(128);
  works("sys_getsockname", sys_getsockname(server, b), b[0] === 1 && fromUtf8(b.subarray(3, 9)) === "wherry");
  refused("sys_getsockname", sys_getsockname(-1, b), EBADF);
  works("sys_getsockopt", sys_getsockopt(accepted, 1, 17, b), i32At(b, 0) === sys_getpid());
  refused("sys_getsockopt", sys_getsockopt(accepted, 1, 9999, b), ENOPROTOOPT);
  works("sys_setsockopt", sys_setsockopt(accepted, 1, 16, u32List([1])));
  refused("sys_setsockopt", sys_setsockopt(accepted, 1, 9999, u32List([1])), ENOPROTOOPT);
  works("sys_shutdown", sys_shutdown(accepted, 2));
  refused("sys_shutdown", sys_shutdown(-1, 2), EBADF);
  messages();
  for (const fd of [server, other, datagram, accepted]) sys_close(fd);
}

/** A descriptor travels with its message. */
function messages(): void {
  const pair = new Uint8Array(8);
  works("sys_socketpair", sys_socketpair(1, 5 + O_NONBLOCK, 0, pair));
  refused("sys_socketpair", sys_socketpair(2, 1, 0, pair), EOPNOTSUPP);
  const a = i32At(pair, 0);
  const z = i32At(pair, 4);
  const pipe = new Uint8Array(8);
  sys_pipe2(pipe, O_NONBLOCK);
  works("sys_sendmsg", sys_sendmsg(a, toUtf8("-word"), 1, 4, u32List([i32At(pipe, 0)]), new Uint8Array(0), 0));
  refused("sys_sendmsg", sys_sendmsg(a, toUtf8("word"), 3, 2, new Uint8Array(0), new Uint8Array(0), 0), EINVAL);
  refused("sys_sendmsg", sys_sendmsg(1000, toUtf8("word"), 0, 4, new Uint8Array(0), new Uint8Array(0), 0), EBADF);
  const data = new Uint8Array(16);
  const fds = new Uint8Array(24);
  const n = sys_recvmsg(z, data, fds, 0);
  sys_write_text(i32At(pipe, 4), "through");
  const got = new Uint8Array(16);
  const read = u32At(fds, 0) === 1 ? sys_read(i32At(fds, 8), got, 0, 16) : -1;
  works("sys_recvmsg", n, n === 4 && fromUtf8(data.subarray(0, 4)) === "word" && read === 7 && fromUtf8(got.subarray(0, 7)) === "through");
  refused("sys_recvmsg", sys_recvmsg(z, data, fds, 0), EAGAIN);
  refused("sys_recvmsg", sys_recvmsg(i32At(pipe, 0), data, fds, 0), ENOTSOCK);
  for (const fd of [a, z, i32At(pipe, 0), i32At(pipe, 4), i32At(fds, 8)]) sys_close(fd);
}

/** With which errno a system call is refused in the fault tests. */
export type Errno = { name: string; number: number };

const EPERM: Errno = { name: "EPERM", number: 1 };
const EIO: Errno = { name: "EIO", number: 5 };
const EAGAIN: Errno = { name: "EAGAIN", number: 11 };
const ENOMEM: Errno = { name: "ENOMEM", number: 12 };
const EBUSY: Errno = { name: "EBUSY", number: 16 };
const EMFILE: Errno = { name: "EMFILE", number: 24 };
const ENOSPC: Errno = { name: "ENOSPC", number: 28 };
const ENOBUFS: Errno = { name: "ENOBUFS", number: 105 };

/** What each call is refused with first; EIO where nothing is said. */
const LIKELY: { [call: string]: Errno } = {
  clone: EAGAIN, clone3: EAGAIN, openat: EMFILE, openat2: EMFILE, socket: EMFILE, socketpair: EMFILE, pipe2: EMFILE, mkdirat: ENOSPC, mknodat: ENOSPC, symlinkat: ENOSPC,
  renameat2: ENOSPC, mount: EPERM, umount2: EBUSY, unlinkat: EBUSY, setns: EPERM, unshare: EPERM, prctl: EPERM, seccomp: EPERM, capset: EPERM, prlimit64: EPERM, setgroups: EPERM,
  setresuid: EPERM, setresgid: EPERM, sethostname: EPERM, sendto: ENOBUFS, sendmsg: ENOBUFS, execve: ENOMEM, mmap: ENOMEM, bpf: EPERM, keyctl: EPERM, epoll_ctl: ENOMEM, ioctl: EBUSY,
};

/** The likely one, and ENOMEM. */
export function errnosOf(call: string): Errno[] {
  const first = LIKELY[call] ?? EIO;
  return first === ENOMEM ? [ENOMEM] : [first, ENOMEM];
}

/** The same as lines "CALL NUMBER…", "*" for all others. */
export function errnoLines(): string {
  return [...Object.keys(LIKELY), "*"].map((c) => `${c} ${errnosOf(c).map((e) => e.number).join(" ")}\n`).join("");
}

export function errnoNamed(number: number): string {
  return [EPERM, EIO, EAGAIN, ENOMEM, EBUSY, EMFILE, ENOSPC, ENOBUFS].find((e) => e.number === number)?.name ?? "";
}

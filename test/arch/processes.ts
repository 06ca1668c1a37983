/// <reference path="../../src/sys/sys.d.ts" />
/** Rows of processes, identities and limits; what can't be taken back happens in children. */
import { tryCloneBorrowing } from "../../src/sys/borrowing.ts";
import { f64At, i32At, u32At, u32List } from "../../src/sys/bytes.ts";
import { AT_FDCWD, ARCHITECTURE, CLONE_NEWPID, CLONE_NEWUTS, CLONE_PIDFD, O_RDONLY, SIGCHLD, SIGKILL, SIGSEGV } from "../../src/sys/constants.ts";
import { EBADF, ECHILD, EINVAL, ENAMETOOLONG, ENODEV, ENOENT, EOPNOTSUPP, EPERM, ESRCH } from "../../src/sys/errno.ts";
import { fromUtf8, packed } from "../../src/sys/text.ts";
import { awaitChild, emulated, inChild, infallible, refused, works } from "./tally.ts";

/** No kernel gives this pid: PID_MAX_LIMIT. */
const NOBODY = 4194304;
/** What this program exits with when it is run with the word "exit". */
export const EXIT_STATUS = 42;

/** A program that ends with `status`: this one again, or one of the machine's own where an emulator can't run us a second time. */
type Program = { path: string; argv: Uint8Array; status: number };

function another(): Program {
  return emulated() ? { path: "/bin/false", argv: packed(["false"]), status: 1 } : { path: "/proc/self/exe", argv: packed(["table", "exit"]), status: EXIT_STATUS };
}

export function processRows(): void {
  cloning();
  running();
  pidfds();
  ending();
  naming();
  namespaces();
  identities();
  limits();
  keys();
  traps();
}

function cloning(): void {
  for (const name of ["sys_clone3", "sys_clone"]) {
    const out = new Uint8Array(4);
    const pid = name === "sys_clone3" ? sys_clone3(CLONE_PIDFD, SIGCHLD, -1, out) : sys_clone(emulated() ? 0 : CLONE_PIDFD, SIGCHLD, out);
    if (pid === 0) sys_exit(sys_getpid() > 1 ? 7 : 8);
    works(name, pid, pid < 0 || awaitChild(pid) === 7);
    if (pid > 0 && i32At(out, 0) > 2) sys_close(i32At(out, 0));
  }
  refused("sys_clone3", sys_clone3(0x800, SIGCHLD, -1, new Uint8Array(4)), EINVAL);
  refused("sys_clone3", sys_clone3(0, SIGCHLD, -1, new Uint8Array(3)), EINVAL);
  refused("sys_clone", sys_clone(0x800, SIGCHLD, new Uint8Array(4)), EINVAL);
  borrowing();
}

/** The child's work is seen when the call returns, also the one that becomes another program. */
function borrowing(): void {
  const seen: number[] = [];
  const p = another();
  const ends = tryCloneBorrowing(CLONE_NEWPID, -1, () => {
    seen.push(sys_getpid());
    sys_exit(7);
  });
  const becomes = tryCloneBorrowing(0, -1, () => {
    seen.push(2);
    sys_exit(-sys_execveat(AT_FDCWD, p.path, p.argv, packed([]), 0));
  });
  works("sys_clone3_borrowing", ends.pid, ends.pid < 0 || awaitChild(ends.pid) === 7);
  works("sys_clone3_borrowing", becomes.pid, becomes.pid < 0 || (awaitChild(becomes.pid) === p.status && seen.join(" ") === "1 2"));
  for (const fd of [ends.pidfd, becomes.pidfd]) if (fd > 2) sys_close(fd);
  refused("sys_clone3_borrowing", tryCloneBorrowing(0x10000, -1, () => sys_exit(9)).pid, EINVAL);
}

function running(): void {
  const p = another();
  const environment = packed(["NAME=value"]);
  const status = inChild(() => {
    sys_exit(-sys_execveat(AT_FDCWD, p.path, p.argv, environment, 0));
  });
  works("sys_execveat", status === p.status ? 0 : -status);
  refused("sys_execveat", sys_execveat(AT_FDCWD, "/none", p.argv, environment, 0), ENOENT);
  refused("sys_execveat", sys_execveat(AT_FDCWD, p.path, new Uint8Array([65]), environment, 0), EINVAL);
  infallible("sys_exit", inChild(() => sys_exit(9)) === 9);
  const size = sys_environment(new Uint8Array(0));
  infallible("sys_environment", size >= 0 && sys_environment(new Uint8Array(size)) === size);
  infallible("sys_architecture", sys_architecture() === ARCHITECTURE && ARCHITECTURE <= 2);
}

function pidfds(): void {
  const out = new Uint8Array(12);
  const pid = sys_clone(0, SIGCHLD, new Uint8Array(4));
  if (pid === 0) for (;;) sys_sleep_ms(60000);
  const pidfd = works("sys_pidfd_open", sys_pidfd_open(pid, 0));
  refused("sys_pidfd_open", sys_pidfd_open(0, 0), EINVAL);
  const copy = works("sys_pidfd_getfd", sys_pidfd_getfd(pidfd, 1), true);
  if (copy >= 0) sys_close(copy);
  refused("sys_pidfd_getfd", sys_pidfd_getfd(-1, 1), EBADF);
  const sent = works("sys_pidfd_send_signal", sys_pidfd_send_signal(pidfd, SIGKILL));
  refused("sys_pidfd_send_signal", sys_pidfd_send_signal(-1, SIGKILL), EBADF);
  if (sent < 0) sys_kill(pid, SIGKILL);
  works("sys_waitid", sys_waitid(1, pid, 4, out), i32At(out, 0) === pid && i32At(out, 4) === 2 && i32At(out, 8) === SIGKILL);
  refused("sys_waitid", sys_waitid(1, pid, 4, out), ECHILD);
  refused("sys_waitid", sys_waitid(1, pid, 4, new Uint8Array(11)), EINVAL);
  if (pidfd >= 0) sys_close(pidfd);
}

function ending(): void {
  works("sys_kill", sys_kill(sys_getpid(), 0));
  refused("sys_kill", sys_kill(NOBODY, 0), ESRCH);
  infallible("sys_getpid", sys_getpid() > 0);
  infallible("sys_settle", sys_settle() === 0);
  const parent = sys_getpid();
  infallible("sys_getppid", inChild(() => sys_exit(sys_getppid() === parent ? 0 : 1)) === 0);
  infallible("sys_getuid", sys_getuid() === 0);
  infallible("sys_geteuid", sys_geteuid() === 0);
  const status = inChild(() => {
    works("sys_setsid", sys_setsid());
    refused("sys_setsid", sys_setsid(), EPERM);
  });
  works("sys_setsid", status === 0 ? 0 : -1);
  inChild(() => {
    works("sys_setpgid", sys_setpgid(0, 0));
  });
  refused("sys_setpgid", sys_setpgid(NOBODY, 0), ESRCH);
}

function naming(): void {
  const b = new Uint8Array(65);
  works("sys_uname", sys_uname(0, b), fromUtf8(b.subarray(0, 5)) === "Linux");
  refused("sys_uname", sys_uname(5, b), EINVAL);
  works("sys_set_name", sys_set_name("arch-table"));
  refused("sys_set_name", sys_set_name("x".repeat(64)), ENAMETOOLONG);
  works("sys_prctl", sys_prctl(1, 9, 0, 0, 0));
  refused("sys_prctl", sys_prctl(9999, 0, 0, 0, 0), EINVAL);
  const found = new Uint8Array(24);
  works("sys_syscall_numbers", sys_syscall_numbers(0, packed(["nonesuch", "pidfd_open"]), found), i32At(found, 0) === 1 && i32At(found, 4) === 434 && i32At(found, 16) === 1);
  refused("sys_syscall_numbers", sys_syscall_numbers(0, packed(["read", "write", "open"]), found), EINVAL);
  const filter = new Uint8Array(4096);
  const filterBytes = sys_default_filter(filter);
  works("sys_default_filter", filterBytes, filterBytes > 800 && filterBytes % 8 === 0 && filter[filterBytes - 8] === 6);
  refused("sys_default_filter", sys_default_filter(found), EINVAL);
}

function namespaces(): void {
  inChild(() => {
    const own = sys_openat(AT_FDCWD, "/proc/self/ns/uts", O_RDONLY, 0);
    const b = new Uint8Array(65);
    works("sys_unshare", sys_unshare(CLONE_NEWUTS));
    works("sys_sethostname", sys_sethostname("arch"), sys_uname(1, b) === 4 && fromUtf8(b.subarray(0, 4)) === "arch");
    refused("sys_sethostname", sys_sethostname("x".repeat(65)), EINVAL);
    works("sys_setns", sys_setns(own, CLONE_NEWUTS), sys_uname(1, b) !== 4 || fromUtf8(b.subarray(0, 4)) !== "arch");
  });
  refused("sys_unshare", sys_unshare(CLONE_PIDFD), EINVAL);
  refused("sys_setns", sys_setns(-1, 0), EBADF);
  rebooting();
}

/** In a pid namespace reboot(2) ends that namespace's init by SIGHUP. */
function rebooting(): void {
  const status = inChild(() => {
    if (sys_unshare(CLONE_NEWPID) !== 0) sys_exit(200);
    sys_exit(inChild(() => sys_exit(-sys_reboot(0x01234567))) === 1001 ? 0 : 201);
  });
  works("sys_reboot", status === 0 ? 0 : -status);
  refused("sys_reboot", sys_reboot(0x12345), EINVAL);
}

function identities(): void {
  const b = new Uint8Array(24);
  works("sys_capget", sys_capget(0, b), u32At(b, 0) > 0);
  refused("sys_capget", sys_capget(NOBODY, b), ESRCH);
  refused("sys_capget", sys_capget(0, new Uint8Array(23)), EINVAL);
  inChild(() => {
    works("sys_capset", sys_capset(0, 0, 0, 0, 0, 0));
    refused("sys_capset", sys_capset(1, 0, 1, 0, 0, 0), EPERM);
    refused("sys_setgroups", sys_setgroups(u32List([5])), EPERM);
  });
  inChild(() => {
    works("sys_setgroups", sys_setgroups(u32List([70001, 70002])));
    works("sys_setresgid", sys_setresgid(70000, 70000, 70000));
    works("sys_setresuid", sys_setresuid(70000, 70000, 70000), sys_getuid() === 70000 && sys_geteuid() === 70000);
    refused("sys_setresgid", sys_setresgid(0, 0, 0), EPERM);
    refused("sys_setresuid", sys_setresuid(0, 0, 0), EPERM);
  });
  const allow = new Uint8Array([6, 0, 0, 0, 0, 0, 0xff, 0x7f]);
  inChild(() => {
    works("sys_seccomp", sys_seccomp(1, 0, allow));
  });
  refused("sys_seccomp", sys_seccomp(1, 0, new Uint8Array(7)), EINVAL);
  refused("sys_seccomp", sys_seccomp(99, 0, new Uint8Array(0)), EINVAL);
}

function limits(): void {
  const b = new Uint8Array(16);
  works("sys_prlimit", sys_prlimit(0, 4, 0, 12288), sys_getrlimit(0, 4, b) === 0 && f64At(b, 0) === 0 && f64At(b, 8) === 12288);
  refused("sys_prlimit", sys_prlimit(0, 99, 0, 0), EINVAL);
  works("sys_getrlimit", sys_getrlimit(0, 4, b));
  refused("sys_getrlimit", sys_getrlimit(0, 4, new Uint8Array(15)), EINVAL);
  refused("sys_getrlimit", sys_getrlimit(NOBODY, 4, b), ESRCH);
  works("sys_sched_setscheduler", sys_sched_setscheduler(0, 3, 0));
  refused("sys_sched_setscheduler", sys_sched_setscheduler(0, 99, 0), EINVAL);
  works("sys_sched_setaffinity", sys_sched_setaffinity(0, new Uint8Array([255, 255, 255, 255, 255, 255, 255, 255])));
  refused("sys_sched_setaffinity", sys_sched_setaffinity(0, new Uint8Array(8)), EINVAL);
  works("sys_setpriority", sys_setpriority(0, 0, 5));
  refused("sys_setpriority", sys_setpriority(9, 0, 5), EINVAL);
  works("sys_ioprio_set", sys_ioprio_set(1, 0, 3 * 8192));
  refused("sys_ioprio_set", sys_ioprio_set(9, 0, 0), EINVAL);
  infallible("sys_personality", sys_personality(0xffffffff) >= 0);
}

function keys(): void {
  inChild(() => {
    works("sys_keyctl", sys_keyctl(1, "arch", 0, 0));
    works("sys_add_key", sys_add_key("user", "arch", new Uint8Array([1, 2]), -3));
  });
  refused("sys_keyctl", sys_keyctl(9999, "", 0, 0), EOPNOTSUPP);
  refused("sys_add_key", sys_add_key("nonesuch", "arch", new Uint8Array([1]), -3), ENODEV);
}

function traps(): void {
  const p = another();
  const status = inChild(() => {
    if (sys_reexec_on_trap(p.path, p.argv) !== 0) sys_exit(200);
    sys_kill(sys_getpid(), SIGSEGV);
    sys_exit(201);
  });
  works("sys_reexec_on_trap", status === p.status ? 0 : -status);
  refused("sys_reexec_on_trap", sys_reexec_on_trap(p.path, new Uint8Array(0)), EINVAL);
}

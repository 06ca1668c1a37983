/**
 * The system calls that the profiles `standard` and `strict` refuse. Pure.
 *
 * Written as what is denied, yet with the meaning of an allow list: numbers
 * above the last call this file was written for answer ENOSYS, so that a
 * call that a later kernel adds is refused until somebody has looked at it.
 * That way the list is a sixth of an allow list's, in text and in program.
 * Denied is what needs more power than the short capability list gives (it
 * would fail anyway: the filter closes the way to bugs behind it), what
 * reaches around namespaces, and what ordinary programs do not use but
 * exploits do. Kept: everything a libc, a shell, a language runtime or a
 * server calls. clone3 hides its flags in memory, so it answers ENOSYS and
 * every libc falls back to clone.
 * Sources: Linux man-pages; the default lists of Docker and crun for breadth.
 */
import type { SeccompCondition } from "../lxc/seccomp.ts";
import { resultOf, type CallRule } from "./seccomp_program.ts";

const DENIED =
  // the kernel itself, the machine, its clock
  "kexec_load kexec_file_load init_module finit_module delete_module create_module get_kernel_syms query_module reboot swapon swapoff acct " +
  "settimeofday clock_settime clock_settime64 clock_adjtime clock_adjtime64 stime iopl ioperm vm86 vm86old syslog _sysctl " +
  "uselib nfsservctl lookup_dcookie quotactl quotactl_fd vhangup sethostname setdomainname bdflush sysfs ustat " +
  // mounts and namespaces
  "mount umount umount2 pivot_root fsopen fsconfig fsmount fspick open_tree open_tree_attr move_mount mount_setattr setns unshare " +
  // what reaches other processes and around permissions
  "ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd open_by_handle_at fanotify_init " +
  // large and often broken surfaces
  "bpf perf_event_open userfaultfd add_key request_key keyctl io_uring_setup io_uring_enter io_uring_register " +
  "move_pages mbind set_mempolicy migrate_pages set_mempolicy_home_node";

const UNKNOWN = "clone3";

/** CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET: a namespace of one's own is new attack surface. */
const NEW_NAMESPACE_FLAGS = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000];

/** Personalities that change nothing for security: LINUX, LINUX32, UNAME26, both, and asking. */
const PERSONALITIES = [0, 8, 0x20000, 0x20008, 0xffffffff];

/** Putting words into a terminal that others read. TIOCSTI, TIOCLINUX. */
const TERMINAL_REQUESTS = [0x5412, 0x541c];

/** AF_ALG, AF_VSOCK: around the network namespace, or into the kernel's cryptography. */
const SOCKET_FAMILIES = [38, 40];

const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

function bits(index: number, value: number, mask: number): SeccompCondition {
  return { index, op: "&=", valueHigh: 0, valueLow: value, maskHigh: 0, maskLow: mask };
}

/** One rule for each value of an argument's low half. */
function forEach(values: number[], index: number, result: number, isFlag: boolean): CallRule[] {
  return values.map((v) => ({ conditions: [bits(index, v, isFlag ? v : 0xffffffff)], result }));
}

/** Calls and their answers in parallel lists, as in ArchRules; every other call that is known is allowed. */
export type NamedRules = { names: string[]; answers: number[]; rules: CallRule[][] };

export function defaultRules(): NamedRules {
  const refused = resultOf({ kind: "errno", errno: EPERM });
  const names = DENIED.split(" ");
  const answers: number[] = [];
  for (let i = 0; i < names.length; i++) answers.push(refused);
  const other: SeccompCondition[] = [];
  for (const p of PERSONALITIES) other.push({ index: 0, op: "!=", valueHigh: 0, valueLow: p, maskHigh: 0, maskLow: 0 });
  names.push(UNKNOWN, "clone", "ioctl", "socket", "personality");
  answers.push(resultOf({ kind: "errno", errno: ENOSYS }), -1, -2, -3, -4);
  const rules = [
    forEach(NEW_NAMESPACE_FLAGS, 0, refused, true),
    forEach(TERMINAL_REQUESTS, 1, refused, false),
    forEach(SOCKET_FAMILIES, 0, resultOf({ kind: "errno", errno: EAFNOSUPPORT }), false),
    [{ conditions: other, result: refused }],
  ];
  return { names, answers, rules };
}

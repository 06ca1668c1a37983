/**
 * The system calls that the profiles `standard` and `strict` refuse. Pure. A
 * start would spend a third of its instructions on this filter, which is the
 * same for every container: the build compiles it for each machine
 * (toolchain/default_filter.ts), and the binary has only the result.
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
import { resultOf, seccompProgram, type ArchRules, type CallRule } from "./seccomp_program.ts";

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

/** The calls that are not simply allowed, and their answers as in ArchRules, in parallel lists. */
export type DefaultRules = { names: string[]; answers: number[]; rules: CallRule[][] };

export function defaultRules(): DefaultRules {
  const refused = resultOf({ kind: "errno", errno: EPERM });
  const names = DENIED.split(" ");
  const answers = names.map(() => refused);
  const other: SeccompCondition[] = PERSONALITIES.map((p) => ({ index: 0, op: "!=", valueHigh: 0, valueLow: p, maskHigh: 0, maskLow: 0 }));
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

/** ARM's private calls (cache, thread pointer) lie outside the table; every program there needs them. */
const ARM_PRIVATE = [0xf0001, 0xf0002, 0xf0003, 0xf0004, 0xf0005, 0xf0006];

/** The calls of an architecture: the name of each number, "" or "-" where there is none. */
export type CallTable = { audit: number; names: string[]; isArm: boolean };

function rulesFor(t: CallTable): ArchRules {
  const d = defaultRules();
  const allowed = resultOf({ kind: "allow", errno: 0 });
  const numbers: number[] = [];
  const answers: number[] = [];
  for (let n = 0; n < t.names.length; n++) {
    const place = d.names.indexOf(t.names[n]!);
    if (place < 0) continue;
    numbers.push(n);
    answers.push(d.answers[place]!);
  }
  for (const n of t.isArm ? ARM_PRIVATE : []) {
    numbers.push(n);
    answers.push(allowed);
  }
  return { audit: t.audit, numbers, answers, rules: d.rules, fallback: allowed, end: t.names.length, beyond: resultOf({ kind: "errno", errno: ENOSYS }) };
}

/** The filter of a machine that runs programs of these architectures; others are killed. */
export function defaultProgram(tables: CallTable[]): Uint8Array {
  return seccompProgram(tables.map((t) => rulesFor(t)), resultOf({ kind: "kill", errno: 0 }));
}

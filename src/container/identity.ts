/**
 * What a container's first process makes of itself once the root is its own:
 * capabilities, filter, label, streams, ids, and the program that replaces
 * it. Rules: runtime spec §15; capabilities(7), seccomp(2), execve(2).
 */
import { EACCES, EINVAL, ENOENT, ENOEXEC, ENOSYS, ENOTDIR } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import {
  PR_CAPBSET_DROP, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, setGroup, setGroups, setUser, tryExec, tryPrctl, trySeccompFilter, trySetLimit,
} from "../sys/processes.ts";
import { tryDuplicateTo } from "../sys/relative.ts";
import { valueIn } from "./environment.ts";
import { MAX_CAPABILITY } from "./profile.ts";
import { EXEC_STEP } from "./report.ts";
import type { Step } from "./step.ts";

/**
 * Until exec we are the host's program in the container's pid namespace: its
 * processes must not open our /proc/<pid>/exe, or anything else there.
 */
export function hideFromContainer(): void {
  tryPrctl(PR_SET_DUMPABLE, 0);
}

/** Takes every capability that is not kept out of the bounding set: exec gives the program no others. */
export function dropCapabilities(kept: number[]): void {
  for (let c = 0; c <= MAX_CAPABILITY; c++) {
    if (kept.includes(c)) continue;
    const r = tryPrctl(PR_CAPBSET_DROP, c);
    // this kernel's last one was before
    if (r === -EINVAL) return;
    if (r < 0) throw new SysError("drop capability", String(c), -r);
  }
}

export function setNoNewPrivileges(): void {
  const r = tryPrctl(PR_SET_NO_NEW_PRIVS, 1);
  if (r < 0) throw new SysError("prctl", "PR_SET_NO_NEW_PRIVS", -r);
}

export function installFilter(filter: Uint8Array): void {
  const r = trySeccompFilter(filter, 0);
  if (r < 0) throw new SysError("seccomp", "", -r, r === -ENOSYS ? "this kernel has no seccomp filters" : `${filter.length / 8} instructions`);
}

/** The descriptor becomes stdin, stdout and stderr. */
export function setStreams(fd: number): void {
  for (let stream = 0; stream < 3; stream++) {
    const r = tryDuplicateTo(fd, stream);
    if (r < 0) throw new SysError("dup3", `stream ${stream}`, -r);
  }
}

export function applyLimit(s: Step): void {
  const r = trySetLimit(0, s.flags, s.soft, s.hard);
  if (r < 0) throw new SysError("prlimit", s.data, -r);
}

export function becomeUser(uid: number, gid: number, groups: number[]): void {
  setGroups(groups);
  setGroup(gid);
  setUser(uid);
}

/** Where a bare command is looked for when the container's environment has no PATH. Source: execvp(3) of glibc. */
const DEFAULT_PATH = "/bin:/usr/bin";

/** Replaces the process; what comes back is why that could not be. */
export function execProgram(argv: string[], environment: string[]): SysError {
  const command = argv[0]!;
  if (command.includes("/")) return execError(command, -execOne(command, argv, environment), "");
  const path = valueIn(environment, "PATH") ?? DEFAULT_PATH;
  let refused = -ENOENT;
  for (const folder of path.split(":")) {
    const r = execOne(folder === "" ? `./${command}` : `${folder}/${command}`, argv, environment);
    if (r !== -ENOENT && r !== -ENOTDIR) refused = r;
    if (refused !== -ENOENT && refused !== -EACCES) break;
  }
  return execError(command, -refused, refused === -ENOENT ? `not found in PATH=${path}` : "");
}

/** As execvp(3): a text without interpreter line is the shell's. */
function execOne(path: string, argv: string[], environment: string[]): number {
  const r = tryExec(path, argv, environment);
  if (r !== -ENOEXEC) return r;
  const shell = tryExec("/bin/sh", ["sh", path, ...argv.slice(1)], environment);
  return shell === -ENOENT ? r : shell;
}

function execError(command: string, errno: number, hint: string): SysError {
  const more = errno === ENOENT && hint === "" ? "the program or the interpreter it names is not in the container" : errno === ENOEXEC ? "not a program for this machine" : hint;
  return new SysError(EXEC_STEP, command, errno, more);
}

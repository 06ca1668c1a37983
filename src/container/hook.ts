/**
 * Runs one hook of a container and waits for it. Only where waiting is
 * allowed: in the container's own first process or in a worker.
 */
import { SysError } from "../sys/error.ts";
import { resetSignals } from "../sys/loop.ts";
import { cloneProcess, exitNow, tryExec, waitPid } from "../sys/processes.ts";
import { closeOnExecFrom } from "../sys/relative.ts";
import type { HookCommand } from "./environment.ts";

const NO_SHELL = 127;

/** Throws with errno 0 when the hook ends other than with status 0. type and text are for the message. */
export function runHook(command: HookCommand, type: string, text: string): void {
  const child = cloneProcess(0);
  if (child.pid === 0) {
    resetSignals();
    closeOnExecFrom(3);
    tryExec(command.argv[0]!, command.argv, command.environment);
    exitNow(NO_SHELL);
  }
  const end = waitPid(child.pid);
  if (end.exited && end.status === 0) return;
  const how = end.exited ? (end.status === NO_SHELL ? `status ${NO_SHELL}: not found, or no /bin/sh` : `status ${end.status}`) : `signal ${end.status}`;
  throw new SysError(`hook ${type}`, text, 0, `ended with ${how}`);
}

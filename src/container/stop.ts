/**
 * How a container is asked to end: which signal its init will listen to.
 * Pure. Rules: runtime spec §4; proc_pid_status(5); pid_namespaces(7): an
 * init never gets a signal that it neither catches nor blocks.
 */
import { SIG_SYSTEMD_HALT, SIGPWR, SIGTERM } from "../sys/constants.ts";

/** Whether a mask of /proc/<pid>/status ("SigCgt:\t0000000180004003") has a signal. */
function maskHas(status: string, field: string, signal: number): boolean {
  const at = status.indexOf(`${field}:`);
  if (at < 0) return false;
  const end = status.indexOf("\n", at);
  const digits = status.slice(at + field.length + 1, end < 0 ? status.length : end).trim();
  const place = digits.length - 1 - Math.floor((signal - 1) / 4);
  if (place < 0) return false;
  const digit = "0123456789abcdef".indexOf(digits.charAt(place));
  return Math.floor(digit / 2 ** ((signal - 1) % 4)) % 2 === 1;
}

/** Whether a process of that status has a handler for the signal, or waits for it with the signal blocked. */
export function catches(status: string, signal: number): boolean {
  return maskHas(status, "SigCgt", signal) || maskHas(status, "SigBlk", signal);
}

/** heard: the init will get it. Else only SIGKILL ends the container, and waiting for anything else is in vain. */
export type HaltSignal = { signal: number; heard: boolean };

/**
 * status: text of /proc/<init>/status. configured: lxc.signal.halt, -1 when it
 * is not set; then systemd's own (by what it blocks), else SIGPWR, or SIGTERM
 * where only that is listened to.
 */
export function haltSignal(status: string, configured: number): HaltSignal {
  if (configured > 0) return { signal: configured, heard: catches(status, configured) };
  if (maskHas(status, "SigBlk", SIG_SYSTEMD_HALT)) return { signal: SIG_SYSTEMD_HALT, heard: true };
  const plain = catches(status, SIGPWR) || !catches(status, SIGTERM) ? SIGPWR : SIGTERM;
  return { signal: plain, heard: catches(status, plain) };
}

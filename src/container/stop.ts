/**
 * How a container is asked to end: which signal its init will listen to, by
 * the text of its /proc/<pid>/status. Pure. Rules: runtime spec §4; proc_pid_status(5); pid_namespaces(7): an
 * init never gets a signal that it neither catches nor blocks.
 */
import { SIG_SYSTEMD_HALT, SIGPWR, SIGTERM } from "../sys/constants.ts";

/** A field of /proc/<pid>/status ("Seccomp" is "2" in "Seccomp:\t2"); "" when it is not there. */
export function fieldOf(status: string, field: string): string {
  const lines = `\n${status}`;
  const at = lines.indexOf(`\n${field}:`);
  if (at < 0) return "";
  const end = lines.indexOf("\n", at + 1);
  return lines.slice(at + field.length + 2, end < 0 ? lines.length : end).trim();
}

const HEX_DIGITS = "0123456789abcdef";

/** Whether a hexadecimal mask has bit `n`. */
function hasBit(mask: string, n: number): boolean {
  const place = mask.length - 1 - Math.floor(n / 4);
  return place >= 0 && Math.floor(HEX_DIGITS.indexOf(mask.charAt(place)) / 2 ** (n % 4)) % 2 === 1;
}

/** The bits of a hexadecimal mask, as numbers. */
export function maskNumbers(mask: string): number[] {
  const out: number[] = [];
  for (let n = 0; n < 4 * mask.length; n++) if (hasBit(mask, n)) out.push(n);
  return out;
}

/** Whether a mask of signals ("SigCgt:\t0000000180004003") has one. */
function maskHas(status: string, field: string, signal: number): boolean {
  return hasBit(fieldOf(status, field), signal - 1);
}

/** Whether a process of that status has a handler for the signal, or waits for it with the signal blocked. */
export function catches(status: string, signal: number): boolean {
  return maskHas(status, "SigCgt", signal) || maskHas(status, "SigBlk", signal);
}

/**
 * rt_sigtimedwait on x86_64, aarch64 and the 32-bit machines (with 32 and 64
 * bit times). Mistaking another machine's call for it costs waiting only.
 */
const SIGNAL_WAITS = ["128", "137", "177", "421"];

/**
 * Whether a process waits for signals as busybox init does: while it does so,
 * its status shows them neither caught nor blocked. call: text of
 * /proc/<pid>/syscall, "" when that can't be read.
 */
function waitsForSignals(call: string): boolean {
  return SIGNAL_WAITS.includes(call.split(" ")[0]!);
}

/** heard: the init will get it. Else only SIGKILL ends the container, and waiting for anything else is in vain. */
export type HaltSignal = { signal: number; heard: boolean };

/**
 * status, call: texts of /proc/<init>/status and syscall. configured: lxc.signal.halt, -1 when it
 * is not set; then systemd's own (by what it blocks), else SIGPWR, or SIGTERM
 * where only that is listened to.
 */
export function haltSignal(status: string, call: string, configured: number): HaltSignal {
  const waits = waitsForSignals(call);
  if (configured > 0) return { signal: configured, heard: waits || catches(status, configured) };
  if (maskHas(status, "SigBlk", SIG_SYSTEMD_HALT)) return { signal: SIG_SYSTEMD_HALT, heard: true };
  const plain = catches(status, SIGPWR) || !catches(status, SIGTERM) ? SIGPWR : SIGTERM;
  return { signal: plain, heard: waits || catches(status, plain) };
}

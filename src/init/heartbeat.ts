/**
 * How often PID 1 asks the manager for a sign of life, and how long it may be
 * silent. Pure: seconds in, seconds out.
 * Rules: configuration key WHERRY_MANAGER_TIMEOUT; lifecycle spec §12.
 */

/** Questions within the time that counts. */
const QUESTIONS = 3;

/** watchdog: the hardware's timeout, 0 without one: then the manager's silence alone counts. At least 1. */
export function pingSeconds(silence: number, watchdog: number): number {
  const allowed = watchdog > 0 ? Math.min(silence, watchdog) : silence;
  return Math.max(1, Math.floor(allowed / QUESTIONS));
}

/** After so many seconds the manager is started again: with a watchdog early enough for the next one to feed it. */
export function silenceSeconds(silence: number, watchdog: number): number {
  return watchdog > 0 ? Math.max(1, Math.min(silence, Math.floor(watchdog * 2 / 3))) : silence;
}

/**
 * Whether certificates' dates count, and which time they are compared with. A
 * device without a battery wakes up in 1970: its clock is no reason to refuse
 * a revision, so dates count only where someone asked for that.
 * Rules: state format, "Key and trust"; docs/signatures.md, "Dates".
 */

/** WHERRY_SECUREBOOT_DATES. off: as Pantavisor does. plausible: when the clock has been set. always: a clock that is not set refuses everything. */
export type DatePolicy = "off" | "plausible" | "always";

/** No clock that is right shows an earlier time: 2025-01-01, before the first release. */
export const CLOCK_IS_SET_FROM = 1735689600;

/** Dates don't count. */
export const ANY_TIME = -1;

/** Seconds since 1970 to compare dates with, or ANY_TIME. */
export function timeForDates(policy: DatePolicy, now: number): number {
  if (policy === "off" || (policy === "plausible" && now < CLOCK_IS_SET_FROM)) return ANY_TIME;
  return now < 0 ? 0 : now;
}

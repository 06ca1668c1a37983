/**
 * What a device shares with its boot loader, wherever that is kept: which
 * revision is committed, which one is to be tried. Rules: lifecycle spec §7.
 */
import { isRevisionName } from "../storage/places.ts";
import { valueOf, type Entry } from "./format.ts";

/**
 * What the boot loader's own marks say of this boot, where it has any.
 * restored: the environment was lost and is written again. switched: it boots
 * the tried revision from now on, only the rest of the commit is missing.
 * astray: it has booted what is neither to be tried nor committed. elsewhere:
 * the committed revision is in the partition that it does not boot.
 */
export type Standing = "" | "restored" | "switched" | "astray" | "elsewhere";

/** committed: pv_rev; tried: pv_try; "" when there is none. why: what is wrong with the environment, which then says nothing. */
export type Revisions = { committed: string; tried: string; why: string; standing: Standing };

/** An environment that says nothing. why: "" when there is none at all. */
export function nothing(why: string): Revisions {
  return { committed: "", tried: "", why, standing: "" };
}

export function revisionsOf(entries: Entry[]): Revisions {
  const committed = valueOf(entries, "pv_rev");
  const tried = valueOf(entries, "pv_try");
  for (const name of [committed, tried]) if (name !== "" && !isRevisionName(name)) return nothing(`"${name}" is not a name of a revision`);
  return { committed, tried, why: "", standing: "" };
}

export abstract class BootEnvironment {
  /** Where it is, for people. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** What it says now. Throws SysError when it can't be read. */
  abstract read(): Revisions;

  /**
   * Makes this the committed revision ("" leaves the one that is) and clears pv_try, on the storage when it returns. Result: what could not be
   * tidied up, "" when all was. Throws Error when the environment is damaged or full, SysError when it is not there or can't be written: then
   * nothing was changed, or all of it may have been.
   */
  abstract settle(committed: string): string;

  /** The revision to run. named: the one of the kernel's command line. Throws SysError. */
  choose(named: string): string {
    return named;
  }
}

/**
 * What a boot is by the boot loader's environment and the progress on disk: a
 * trial, what a trial has left, or nothing of that; and what is to be written
 * when a trial is committed or has failed. Decides only; steps.ts writes.
 * Order survives every cut: the environment first, it alone decides what boots
 * next; what is missing of the rest is made up for at the next boot.
 * Rules: lifecycle spec §6.4, §6.5, §9.
 */
import { COMMITTED, FACTORY, TRYING, UNEXPECTED } from "./progress.ts";
import type { Standing } from "../boot/environment.ts";
import type { Step } from "./steps.ts";

/**
 * committed, tried: pv_rev and pv_try of the environment, "" for none. bootedStatus, triedStatus: of their progress, "" for none. done: .pv/done
 * of the booted one. again: a manager of this boot has been here before.
 */
export type BootFacts = { booted: string; committed: string; tried: string; standing: Standing; bootedStatus: string; triedStatus: string; done: boolean; again: boolean };

/**
 * verdict: refuse must not run and reboots at once. now: steps before anything else. loaded: once the revision has turned out to be whole it is
 * a committed one, or the factory's. why: for people, "" when there is nothing to say.
 */
export type Resume = { verdict: "run" | "trial" | "refuse"; why: string; now: Step[]; loaded: "" | "committed" | "factory" };

const CLEAR: Step = { kind: "environment", committed: "" };

function hasFailed(status: string): boolean {
  return status === "ERROR" || status === "WONTGO";
}

function runs(why: string, now: Step[], loaded: Resume["loaded"]): Resume {
  return { verdict: "run", why, now, loaded };
}

function refuses(why: string, now: Step[]): Resume {
  return { verdict: "refuse", why, now, loaded: "" };
}

export function planResume(f: BootFacts): Resume {
  if (f.standing === "restored" && f.booted !== f.committed && f.booted !== f.tried) return refuses("the boot environment was lost and is restored, starting again", []);
  if (f.standing === "astray") return refuses("booted from a partition that is not on trial, going back", []);
  if (f.standing === "elsewhere") return refuses(`the boot loader is to boot the partition of ${f.committed}`, [{ kind: "environment", committed: f.committed }]);
  if (f.standing === "switched") return runs("the commit was cut short", [], "committed");
  if (f.tried === "") {
    if (f.booted === "0") return runs("", [], f.bootedStatus === "DONE" && f.done ? "" : "factory");
    const cut = f.bootedStatus === "INPROGRESS" || f.bootedStatus === "TESTING" || (f.bootedStatus === "DONE" && !f.done);
    return runs("", [], cut && f.booted === f.committed ? "committed" : "");
  }
  if (f.tried === f.booted) {
    if (f.tried === f.committed) return runs("pv_try names the committed revision", [CLEAR], hasFailed(f.triedStatus) ? "" : "committed");
    // a boot loader that can't keep its latch would try it for ever
    if (hasFailed(f.triedStatus)) return refuses("has failed before, going back", [CLEAR]);
    if (f.triedStatus === "DONE") return runs("", [], "committed");
    return { verdict: "trial", why: "on trial", now: [{ kind: "progress", revision: f.tried, progress: { status: "INPROGRESS", message: TRYING, logs: "" } }], loaded: "" };
  }
  if (f.again) return runs("", [], ""); // it is to be tried at the next boot
  if (f.tried === f.committed || hasFailed(f.triedStatus)) return runs(`back from ${f.tried}`, [CLEAR], "");
  return runs(`back from ${f.tried}: ${UNEXPECTED}`, [...planFailure(f.tried, UNEXPECTED, ""), CLEAR], "");
}

/** The trial is over and the revision stays. index: its rollback index. */
export function planCommit(revision: string, index: number): Step[] {
  return [{ kind: "environment", committed: revision }, { kind: "progress", revision, progress: { status: "DONE", message: COMMITTED, logs: "" } }, { kind: "done", revision, index }];
}

export function planFactory(revision: string, index: number): Step[] {
  return [{ kind: "progress", revision, progress: { status: "DONE", message: FACTORY, logs: "" } }, { kind: "done", revision, index }];
}

/** The trial is over and the boot loader goes back: pv_try stays, so that it knows what was tried. */
export function planFailure(revision: string, message: string, logs: string): Step[] {
  return [{ kind: "progress", revision, progress: { status: "ERROR", message, logs } }];
}

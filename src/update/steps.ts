/**
 * Carries out what trial.ts has planned, one durable write a step. Each may be
 * done again: a boot after a cut plans what is still missing.
 */
import { BootEnvironment } from "../boot/environment.ts";
import { raiseCommittedIndex } from "../storage/rollback_index.ts";
import { StoragePlaces } from "../storage/places.ts";
import { markDone, writeProgress, type Progress } from "./progress.ts";

export type Step =
  /** pv_rev becomes this ("" leaves it), pv_try is cleared. */
  | { kind: "environment"; committed: string }
  | { kind: "progress"; revision: string; progress: Progress }
  /** .pv/done, then nothing below this rollback index runs any more. */
  | { kind: "done"; revision: string; index: number };

/** Throws at the first step that can't be done; those after it are not begun. Result: what could not be tidied up, "" when all was. */
export function applySteps(environment: BootEnvironment, places: StoragePlaces, steps: Step[]): string {
  let untidy = "";
  for (const s of steps) {
    switch (s.kind) {
      case "environment":
        untidy = environment.settle(s.committed);
        break;
      case "progress":
        writeProgress(places, s.revision, s.progress);
        break;
      case "done":
        markDone(places, s.revision);
        raiseCommittedIndex(places, s.index);
        break;
    }
  }  return untidy;
}

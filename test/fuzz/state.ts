/**
 * One fuzzed input for the state room: a state's bytes. Checking ends with a
 * model or problems that name a place; a good state differs from itself in
 * nothing, and can be printed.
 */
import { scanText } from "../../src/json/scanner.ts";
import { planTransition } from "../../src/state/difference.ts";
import { formatProblems, formatState, STATE_PARTS } from "../../src/state/format.ts";
import { parseState, STATE_LIMITS, usualOptions } from "../../src/state/parse.ts";

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`finding: ${what}`);
}

/** Runs one input; returns how many containers it has. */
export function fuzzState(input: Uint8Array): number {
  const checked = parseState(input, usualOptions());
  must(checked.ok === (checked.problems.length === 0), "refused without a problem");
  must(scanText(formatProblems(checked.problems), STATE_LIMITS).ok, "problems are no JSON");
  must(scanText(formatState(checked.state, STATE_PARTS), STATE_LIMITS).complete, "a printed state is no JSON");
  if (!checked.ok) return 0;
  for (const c of checked.state.containers) must(c.group >= 0 && c.group < checked.state.groups.length, "a container without group");
  must(planTransition(checked.state, checked.state).kind === "nothing", "a state differs from itself");
  return checked.state.containers.length;
}

/**
 * `wherry plan`: what an update from one revision to another would do, and
 * because of which items. Compares two states; changes nothing and needs no
 * daemon. Rules: state format spec §8.
 */
import { formatTransition, planTransition } from "../state/difference.ts";
import type { State } from "../state/model.ts";
import { parseState, usualOptions } from "../state/parse.ts";
import { formatFindings, formatPlan, stateFindings, type Finding } from "./check_report.ts";
import { Command, errorLine, output, type Status } from "./command.ts";
import type { CommandLine, Flags } from "./flags.ts";
import { openRevision } from "./revision_source.ts";

/** The state a word of the command line means; null when it has problems, which are told. */
function stateOf(word: string): State | null {
  const source = openRevision(word, "");
  const parsed = parseState(source.bytes, usualOptions());
  if (source.why === "" && parsed.ok) return parsed.state;
  const problems: Finding[] = source.why === "" ? stateFindings(parsed.problems) : [{ part: "state", at: "", line: 0, column: 0, why: source.why }];
  errorLine(`plan: ${formatFindings(source.name, problems, []).trim().split("\n").join("\nwherry: plan: ")}`, 1);
  return null;
}

export class PlanCommand extends Command {
  line(): CommandLine {
    return {
      name: "plan", positional: "OLD NEW",
      says: "Tells what an update between two revisions does: nothing, which containers restart, or a reboot, and why.",
      flags: [{ name: "json", short: "", value: "", says: "the transition as one JSON object" }],
      examples: ["wherry plan /storage/trails/7 /storage/trails/8", "wherry plan running.json next.json --json"],
    };
  }

  run(flags: Flags): Status {
    if (flags.words.length !== 2) return errorLine("plan: name two revisions, the running one and the next: folders or states", 2);
    const running = stateOf(flags.words[0]!);
    const next = stateOf(flags.words[1]!);
    if (running === null || next === null) return 1;
    const transition = planTransition(running, next);
    return output(flags.has("json") ? `${formatTransition(transition)}\n` : formatPlan(transition));
  }
}

/**
 * Vectors of the difference of two states. input: { running, next }, each as
 * in the vectors of state; answer: the transition.
 */
import { scanText, SMALL } from "../../src/json/scanner.ts";
import { type Node, rootOf } from "../../src/json/value.ts";
import { quoted } from "../../src/json/text.ts";
import { formatTransition, planTransition } from "../../src/state/difference.ts";
import { formatProblems } from "../../src/state/format.ts";
import { type Checked, parseState, usualOptions } from "../../src/state/parse.ts";
import { stateText } from "./state.ts";

function read(n: Node | null): Checked {
  return parseState(new TextEncoder().encode(n === null ? "" : stateText(n)), usualOptions());
}

/** One vector: JSON text in, JSON text out. */
export function runDifferenceVector(input: string): string {
  const asked = rootOf(scanText(input, SMALL).document);
  const running = read(asked.get("running"));
  const next = read(asked.get("next"));
  if (!running.ok || !next.ok) return `{${quoted("problems")}:${formatProblems(running.ok ? next.problems : running.problems)}}`;
  return formatTransition(planTransition(running.state, next.state));
}

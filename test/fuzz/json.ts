/**
 * One fuzzed input for the json room. Whatever the bytes are, reading ends
 * with a document or a place; what was read can be written and read again.
 */
import { scan, scanText, SMALL } from "../../src/json/scanner.ts";
import { quoted } from "../../src/json/text.ts";
import { childrenAt, integerAt } from "../../src/json/value.ts";
import { formatCompact } from "../../src/json/writer.ts";

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`finding: ${what}`);
}

/** Runs one input; returns how many values it has. */
export function fuzzJson(input: Uint8Array): number {
  const s = scan(input, SMALL);
  for (const p of s.problems) must(p.offset <= input.length && p.line > 0 && p.column > 0, "a place outside the text");
  if (!s.complete) {
    must(s.problems.length === 1, "a text that ends early has one problem");
    return 0;
  }
  const d = s.document;
  must(d.next(0) === d.count, "the root does not hold all values");
  const compact = formatCompact(d, 0);
  const again = scanText(compact, SMALL);
  must(again.ok === s.ok && again.document.count === d.count, "written text reads differently");
  must(formatCompact(again.document, 0) === compact, "compact text is not compact");
  for (const at of childrenAt(d, 0)) {
    must(d.start(at) < d.end(at) && d.end(at) <= input.length, "a value outside the text");
    const text = quoted(d.text(at));
    must(scanText(text, SMALL).document.text(0) === d.text(at), "a quoted text reads differently");
    must(Number.isNaN(integerAt(d, at)) || d.kind(at) === "number", "an integer that is no number");
  }
  return d.count;
}

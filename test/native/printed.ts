/**
 * Programs of this folder print "key=value" lines, one scenario a run. What
 * they must print stands apart from how they are run, so that booted devices
 * are held to the same.
 */
import * as assert from "uvu/assert";

/** The values of each key a run printed, in order. */
export type Printed = Map<string, string[]>;

export type Expectation = { scenario: string; says: string; check: (r: Printed) => void };

/** Reads a run's output; a fault it printed is a failure. */
export function printed(output: string): Printed {
  const out: Printed = new Map();
  for (const line of output.split("\n").filter((l) => l.includes("="))) {
    const at = line.indexOf("=");
    out.set(line.slice(0, at), [...(out.get(line.slice(0, at)) ?? []), line.slice(at + 1)]);
  }
  for (const key of ["fault", "undo", "problem"]) assert.is(out.get(key), undefined, `${key}: ${out.get(key)?.join()}`);
  return out;
}

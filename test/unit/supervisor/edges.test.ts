import { test } from "uvu";
import * as assert from "uvu/assert";
import { EDGES, edgeFor, IGNORED, isIgnored, type Event } from "../../../src/supervisor/edges.ts";
import type { Phase } from "../../../src/supervisor/status.ts";

const PHASES: Phase[] = ["NONE", "INSTALLED", "MOUNTING", "MOUNTED", "BLOCKED", "STARTING", "STARTED", "READY", "STOPPING", "CLEANING", "STOPPED", "RECOVERING"];
const EVENTS: Event[] = ["go", "hold", "mounted", "mount-only", "started", "failed", "ready", "exited", "cleaned", "stop", "kill", "recover", "retry", "start"];

test("every phase and event is an edge or ignored, never both", () => {
  for (const p of PHASES) {
    for (const e of EVENTS) {
      const decided = [edgeFor(p, e) !== null, isIgnored(p, e)].filter(Boolean).length;
      assert.is(decided, 1, `${p} × ${e}: decided ${decided} times`);
    }
  }
});

test("no pair stands twice in the table", () => {
  const seen = new Set<string>();
  for (const e of EDGES) {
    assert.not.ok(seen.has(`${e.from} ${e.on}`), `${e.from} ${e.on}`);
    seen.add(`${e.from} ${e.on}`);
  }
  assert.is(new Set(IGNORED.map((i) => i.from)).size, IGNORED.length);
});

test("every phase a container can be in leads to STOPPED", () => {
  for (const start of PHASES.filter((p) => p !== "NONE")) {
    const reached = new Set<Phase>([start]);
    for (let grew = true; grew;) {
      grew = false;
      for (const e of EDGES) {
        if (!reached.has(e.from) || reached.has(e.to)) continue;
        reached.add(e.to);
        grew = true;
      }
    }
    assert.ok(reached.has("STOPPED"), `${start} never gets to STOPPED`);
  }
});

test("whatever had mounts or a process is cleaned before it is STOPPED", () => {
  for (const e of EDGES.filter((edge) => edge.to === "STOPPED")) {
    assert.ok(["INSTALLED", "BLOCKED", "CLEANING", "RECOVERING"].includes(e.from), `${e.from} → STOPPED`);
  }
  for (const e of EDGES.filter((edge) => edge.to === "CLEANING")) assert.equal(e.effects, ["clean"]);
});

test.run();

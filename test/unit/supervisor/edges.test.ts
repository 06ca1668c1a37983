import { test } from "uvu";
import * as assert from "uvu/assert";
import { EDGES, edgeFor, IGNORED, isIgnored, type Edge, type Effect, type Event } from "../../../src/supervisor/edges.ts";
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

const EFFECTS: Effect[] = ["mount", "spawn", "signal", "kill", "clean", "decide", "arm-retry", "disarm-retry", "reset", "release"];

test("the tables hold nothing but phases, events and effects, and no pair twice", () => {
  const lines = EDGES.trim().split("\n").map((l) => l.split(" "));
  for (const [from, on, to, ...effects] of lines) {
    assert.ok(PHASES.includes(from as Phase) && EVENTS.includes(on as Event) && PHASES.includes(to as Phase), `${from} ${on} ${to}`);
    for (const e of effects) assert.ok(EFFECTS.includes(e as Effect), `${from} ${on}: ${e}`);
  }
  assert.is(new Set(lines.map((l) => `${l[0]} ${l[1]}`)).size, lines.length);
  const ignored = IGNORED.trim().split("\n").map((l) => l.split(" "));
  for (const [from, ...on] of ignored) assert.ok(PHASES.includes(from as Phase) && on.every((e) => EVENTS.includes(e as Event)), from);
  assert.is(new Set(ignored.map((l) => l[0])).size, ignored.length);
});

const ALL: Edge[] = PHASES.flatMap((p) => EVENTS.map((e) => edgeFor(p, e)).filter((e) => e !== null));

test("every phase a container can be in leads to STOPPED", () => {
  for (const start of PHASES.filter((p) => p !== "NONE")) {
    const reached = new Set<Phase>([start]);
    for (let grew = true; grew;) {
      grew = false;
      for (const e of ALL) {
        if (!reached.has(e.from) || reached.has(e.to)) continue;
        reached.add(e.to);
        grew = true;
      }
    }
    assert.ok(reached.has("STOPPED"), `${start} never gets to STOPPED`);
  }
});

test("whatever had mounts or a process is cleaned before it is STOPPED", () => {
  for (const e of ALL.filter((edge) => edge.to === "STOPPED")) {
    assert.ok(["INSTALLED", "BLOCKED", "CLEANING", "RECOVERING"].includes(e.from), `${e.from} → STOPPED`);
  }
  for (const e of ALL.filter((edge) => edge.to === "CLEANING")) assert.equal(e.effects, ["clean"]);
});

test.run();

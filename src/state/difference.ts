/**
 * Two revisions → what going from one to the other needs: nothing, some
 * containers replaced, or a reboot, and because of which items. Decides
 * only; stopping and starting come after. Pure.
 * Rules: state format spec, "Which transition an update needs".
 */
import { JsonWriter } from "../json/writer.ts";
import { type Artifact, type Container, NO_OWNER, type State } from "./model.ts";

export type Change = "changed" | "removed" | "added";

/** container: whose item it is, "" for none. why: what makes it need a reboot, "" for what only restarts. */
export type DifferentItem = { item: string; change: Change; container: string; reboot: boolean; why: string };

/**
 * stop: containers of the running state that end; start: containers of the
 * new state that begin. A replaced container is in both. With a reboot both
 * are empty: everything ends and begins.
 */
export type Transition = {
  kind: "nothing" | "restart" | "reboot";
  stop: string[];
  start: string[];
  items: DifferentItem[];
};

/** The transition from the running state to the next one; both were parsed without problems. */
export function planTransition(running: State, next: State): Transition {
  const items = differentItems(running, next);
  if (items.length === 0) return { kind: "nothing", stop: [], start: [], items };
  if (items.some((x) => x.reboot)) return { kind: "reboot", stop: [], start: [], items };
  const touched = new Set<string>();
  for (const x of items) touched.add(x.container);
  const named = (list: Container[]): string[] => list.map((c) => c.name).filter((n) => touched.has(n));
  return { kind: "restart", stop: named(running.containers), start: named(next.containers), items };
}

function indexOf(state: State): Map<string, number> {
  const places = new Map<string, number>();
  for (let i = 0; i < state.artifacts.length; i++) places.set(state.artifacts[i]!.name, i);
  return places;
}

/** Inline JSON first, then objects, as existing devices look at them. */
function differentItems(running: State, next: State): DifferentItem[] {
  const items: DifferentItem[] = [];
  const before = indexOf(running);
  const after = indexOf(next);
  for (const kind of ["json", "object"]) {
    for (const a of running.artifacts) {
      if (a.kind !== kind) continue;
      const place = after.get(a.name) ?? -1;
      if (place < 0) items.push(itemOf("removed", a, running, next));
      else if (!sameArtifact(a, running, next.artifacts[place]!, next)) items.push(itemOf("changed", a, running, next));
    }
    for (const a of next.artifacts) {
      if (a.kind === kind && !before.has(a.name)) items.push(addedItem(a, next));
    }
  }
  return items;
}

function sameArtifact(a: Artifact, inA: State, b: Artifact, inB: State): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === "object") return a.id === b.id;
  return sameBytes(inA.bytes, a.start, a.end, inB.bytes, b.start, b.end);
}

function sameBytes(a: Uint8Array, aStart: number, aEnd: number, b: Uint8Array, bStart: number, bEnd: number): boolean {
  const length = aEnd - aStart;
  if (bEnd - bStart !== length) return false;
  for (let i = 0; i < length; i++) {
    if (a[aStart + i] !== b[bStart + i]) return false;
  }
  return true;
}

function containerNamed(state: State, name: string): Container | null {
  for (const c of state.containers) if (c.name === name) return c;
  return null;
}

/** A changed or removed item: the container's policy must allow it before, and after if it is still there. */
function itemOf(change: Change, a: Artifact, running: State, next: State): DifferentItem {
  if (a.owner === NO_OWNER) return { item: a.name, change, container: "", reboot: true, why: "belongs to no container" };
  const owner = running.containers[a.owner]!;
  const later = containerNamed(next, owner.name);
  let why = "";
  if (owner.restartPolicy === "system") why = `container ${owner.name} has restart policy system`;
  else if (later !== null && later.restartPolicy === "system") why = `container ${owner.name} gets restart policy system`;
  else if (later === null && change === "changed") why = `container ${owner.name} is removed and its item stays`;
  return { item: a.name, change, container: owner.name, reboot: why !== "", why };
}

function addedItem(a: Artifact, next: State): DifferentItem {
  if (a.owner === NO_OWNER) return { item: a.name, change: "added", container: "", reboot: true, why: "belongs to no container" };
  const owner = next.containers[a.owner]!;
  const reboot = owner.restartPolicy === "system";
  return { item: a.name, change: "added", container: owner.name, reboot, why: reboot ? `container ${owner.name} has restart policy system` : "" };
}

/** A transition as JSON. */
export function formatTransition(t: Transition): string {
  const w = new JsonWriter();
  w.beginObject();
  w.stringMember("transition", t.kind);
  w.stringsMember("stop", t.stop);
  w.stringsMember("start", t.start);
  w.key("items");
  w.beginArray();
  for (const x of t.items) {
    w.beginObject();
    w.stringMember("item", x.item);
    w.stringMember("change", x.change);
    if (x.container !== "") w.stringMember("container", x.container);
    w.stringMember("needs", x.reboot ? "reboot" : "restart");
    if (x.why !== "") w.stringMember("why", x.why);
    w.endObject();
  }
  w.endArray();
  w.endObject();
  return w.text();
}

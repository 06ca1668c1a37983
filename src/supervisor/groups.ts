/**
 * Which containers may start now, and how groups and the whole device stand.
 * Groups start in order: one begins when none before it is unachieved; a
 * timed-out one does not hold others back. Decides only. Rules: state format
 * spec "Status, goals, startup", Wherry's own dependencies.
 */
import type { Goal } from "../state/model.ts";
import { goalState, rank, type GoalState, type Status } from "./status.ts";

/** What deciding needs to know of a container, in the order of the state. */
export type Member = {
  name: string; group: number; status: Status; goal: Goal; timedOut: boolean; mounting: boolean;
  /** Containers and the least status each must have first. */
  needs: { name: string; status: Status }[];
};

/** A group's members against their goals: the worst of them. An empty group is achieved. */
export function groupGoal(members: Member[], group: number): GoalState {
  let worst: GoalState = "achieved";
  for (const m of members) {
    if (m.group !== group) continue;
    const g = goalState(m.status, m.goal, m.timedOut);
    if (g === "timedout") return "timedout";
    if (g === "unachieved") worst = "unachieved";
  }
  return worst;
}

export function allGoals(members: Member[], groupCount: number): GoalState {
  let worst: GoalState = "achieved";
  for (let g = 0; g < groupCount; g++) {
    const one = groupGoal(members, g);
    if (one === "timedout") return "timedout";
    if (one === "unachieved") worst = "unachieved";
  }
  return worst;
}

/** READY, lowered to the lowest status among members that are below their goal. */
export function groupStatus(members: Member[], group: number): Status {
  let lowest: Status = "READY";
  for (const m of members) {
    if (m.group !== group || goalState(m.status, m.goal, m.timedOut) === "achieved") continue;
    if (rank(m.status) < rank(lowest)) lowest = m.status;
  }
  return lowest;
}

/** The verdict on one container that waits: go, or hold with what it waits for. */
export type StartVerdict = { index: number; go: boolean; waitsFor: string };

/** Verdicts on every container that is INSTALLED or BLOCKED, in order. */
export function planStarts(members: Member[], groupNames: string[]): StartVerdict[] {
  const goals: GoalState[] = [];
  for (let g = 0; g < groupNames.length; g++) goals.push(groupGoal(members, g));
  const verdicts: StartVerdict[] = [];
  for (let i = 0; i < members.length; i++) {
    const m = members[i]!;
    if (m.mounting || (m.status !== "INSTALLED" && m.status !== "BLOCKED")) continue;
    let waitsFor = "";
    for (let g = 0; g < m.group && waitsFor === ""; g++) if (goals[g] === "unachieved") waitsFor = `group ${groupNames[g]!}`;
    if (waitsFor === "") waitsFor = missingNeed(members, m);
    verdicts.push({ index: i, go: waitsFor === "", waitsFor });
  }
  return verdicts;
}

function missingNeed(members: Member[], m: Member): string {
  for (const need of m.needs) {
    const other = members.find((o) => o.name === need.name);
    const met = other !== undefined && rank(other.status) >= rank(need.status) && rank(other.status) <= rank("READY");
    if (!met) return `container ${need.name} to be ${need.status}`;
  }
  return "";
}

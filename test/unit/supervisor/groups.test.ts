import { test } from "uvu";
import * as assert from "uvu/assert";
import { allGoals, groupStatus, planStarts, type Member } from "../../../src/supervisor/groups.ts";
import { goalState, statusWord, type Status } from "../../../src/supervisor/status.ts";

function member(name: string, group: number, status: Status, change: Partial<Member> = {}): Member {
  return { name, group, status, goal: "STARTED", timedOut: false, mounting: false, needs: [], ...change };
}

const go = (members: Member[]): string[] => planStarts(members, ["data", "root", "app"]).filter((v) => v.go).map((v) => members[v.index]!.name);

test("containers of the first group start at once, later ones wait for it", () => {
  const m = [member("a", 0, "INSTALLED"), member("b", 1, "INSTALLED")];
  assert.equal(go(m), ["a"]);
  assert.is(planStarts(m, ["data", "root", "app"])[1]!.waitsFor, "group data");
});

test("a group that has reached its goal lets the next one begin", () => {
  assert.equal(go([member("a", 0, "STARTED"), member("b", 1, "BLOCKED")]), ["b"]);
});

test("a group that timed out does not hold others back", () => {
  assert.equal(go([member("a", 0, "STARTING", { goal: "READY", timedOut: true }), member("b", 1, "BLOCKED")]), ["b"]);
});

test("an empty group is passed over", () => {
  assert.equal(go([member("c", 2, "INSTALLED")]), ["c"]);
});

test("a stopped or recovering container does not hold others back", () => {
  assert.equal(go([member("a", 0, "RECOVERING"), member("b", 1, "BLOCKED")]), ["b"]);
});

test("a dependency waits for the status it names and is named itself", () => {
  const needs = [{ name: "db", status: "READY" as const }];
  const waiting = [member("db", 0, "STARTED", { goal: "READY" }), member("web", 0, "INSTALLED", { needs })];
  assert.equal(go(waiting), []);
  assert.is(planStarts(waiting, ["data"])[0]!.waitsFor, "container db to be READY");
  assert.equal(go([member("db", 0, "READY", { goal: "READY" }), member("web", 0, "BLOCKED", { needs })]), ["web"]);
});

test("a dependency that has stopped is not met", () => {
  assert.equal(go([member("db", 0, "STOPPED"), member("web", 0, "INSTALLED", { needs: [{ name: "db", status: "STARTED" }] })]), []);
});

test("the device stands where its worst container stands", () => {
  const m = [member("a", 0, "READY"), member("b", 1, "STARTING")];
  assert.is(groupStatus(m, 0), "READY");
  assert.is(groupStatus(m, 1), "STARTING");
  assert.is(allGoals(m, 3), "unachieved");
  assert.is(allGoals([member("a", 0, "STARTED", { goal: "READY", timedOut: true })], 3), "timedout");
});

test("a status above the goal achieves it", () => {
  assert.is(goalState("READY", "STARTED", false), "achieved");
  assert.is(goalState("MOUNTED", "MOUNTED", false), "achieved");
  assert.is(goalState("MOUNTED", "STARTED", true), "unachieved");
});

test("the log calls a status by its name", () => {
  const all: Status[] = ["NONE", "INSTALLED", "MOUNTED", "BLOCKED", "STARTING", "STARTED", "READY", "RECOVERING", "STOPPING", "STOPPED"];
  for (const s of all) assert.is(statusWord(s), s.toLowerCase());
});

test.run();

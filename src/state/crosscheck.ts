/**
 * What only shows when the whole state is known: files that manifests name
 * and nobody brings, services nobody exports, dependencies that never come
 * true. Existing devices find these out while starting; here they are told
 * before anything is stopped.
 */
import type { Check } from "./check.ts";
import { memberAt } from "../json/value.ts";
import type { Run } from "./container.ts";
import type { Container, Goal, State, Volume } from "./model.ts";

/** The name every container can require while the manager hosts the bus. */
const SYSTEM_BUS = "system-bus";

const GOAL_ORDER: Goal[] = ["MOUNTED", "STARTED", "READY"];

/** hostsBus: the manager offers "system-bus" itself. */
export function crosscheck(check: Check, state: State, runs: Run[], files: Map<string, number>, hostsBus: boolean): void {
  for (const run of runs) checkFiles(check, run, files);
  checkServices(check, runs, hostsBus);
  checkBusOwners(check, runs, hostsBus);
  checkDependencies(check, state, runs);
}

/** Whether the state brings what a volume is mounted from. A .data folder is made of other files, nothing to look for. */
export function bringsVolume(files: Map<string, number>, part: string, v: Volume): boolean {
  if (v.name === "" || v.kind === "data" || files.has(`${part}/${v.name}`)) return true;
  return v.handler !== "" && files.has(`${part}/_dm/${v.name}.json`);
}

function checkFiles(check: Check, run: Run, files: Map<string, number>): void {
  const c = run.container;
  const f = run.fields;
  if (c.statusGoal !== "MOUNTED" && !f.mentions("config")) check.refuse(f.at, `"config" is missing: a container with goal ${c.statusGoal} needs it`);
  if (c.statusGoal !== "MOUNTED" && !f.mentions("type")) check.warn(f.at, "has no type, taken as lxc");
  if (c.config !== "" && !files.has(`${c.name}/${c.config}`)) check.refuse(f.placeOf("config"), `the state has no ${c.name}/${c.config}`);
  if (!bringsVolume(files, c.name, c.rootVolume)) check.refuse(f.placeOf("root-volume"), `the state has no ${c.name}/${c.rootVolume.name}`);
  for (const v of c.volumes) {
    if (!bringsVolume(files, c.name, v)) check.refuse(f.placeOf("volumes"), `the state has no ${c.name}/${v.name}`);
  }
}

function checkServices(check: Check, runs: Run[], hostsBus: boolean): void {
  const offered = new Set<string>();
  if (hostsBus) offered.add(SYSTEM_BUS);
  for (const run of runs) {
    for (const e of run.container.serviceExports) {
      if (hostsBus && e.name === SYSTEM_BUS) check.refuse(run.servicesAt, `exports "${SYSTEM_BUS}", which the manager offers itself`);
      offered.add(e.name);
    }
  }
  for (const run of runs) {
    for (const need of run.container.services) {
      if (!need.required || need.name === "" || offered.has(need.name)) continue;
      check.refuse(inside(check, run, "services", "required"), `no container exports the service "${need.name}"`);
    }
  }
}

function checkBusOwners(check: Check, runs: Run[], hostsBus: boolean): void {
  if (!hostsBus) return;
  const owners = new Map<string, string>();
  for (const run of runs) {
    for (const o of run.container.busOwners) {
      const key = `${o.bus} ${o.owns}`;
      const first = owners.get(key);
      if (first === undefined) owners.set(key, run.container.name);
      else check.refuse(run.servicesAt, `"${o.owns}" on ${o.bus} is owned by ${first} already`);
    }
  }
}

function checkDependencies(check: Check, state: State, runs: Run[]): void {
  const places = new Map<string, number>();
  for (let i = 0; i < state.containers.length; i++) places.set(state.containers[i]!.name, i);
  let any = false;
  for (const run of runs) {
    const c = run.container;
    for (const d of c.dependencies) {
      any = true;
      const place = places.get(d.container) ?? -1;
      const why = place < 0 ? `there is no container "${d.container}"` : neverTrue(state, c, state.containers[place]!, d.status);
      if (why !== "") check.refuse(inside(check, run, "wherry", "depends"), why);
    }
  }
  if (any) checkCycles(check, state, runs, places);
}

/** Place of a member inside a member of run.json. */
function inside(check: Check, run: Run, member: string, inner: string): number {
  const outer = run.fields.placeOf(member);
  const at = memberAt(check.document, outer, inner);
  return at < 0 ? outer : at;
}

function neverTrue(state: State, c: Container, other: Container, status: Goal): string {
  if (other.name === c.name) return "a container can't depend on itself";
  if (GOAL_ORDER.indexOf(status) > GOAL_ORDER.indexOf(other.statusGoal)) return `"${other.name}" never becomes ${status}, its goal is ${other.statusGoal}`;
  if (other.group > c.group) return `"${other.name}" is in group "${state.groups[other.group]!.name}", which starts after "${state.groups[c.group]!.name}"`;
  return "";
}

/** Takes away containers that depend on none that is left; what stays is in or behind a circle. */
function checkCycles(check: Check, state: State, runs: Run[], places: Map<string, number>): void {
  const waiting: number[] = [];
  const dependents: number[][] = [];
  for (let i = 0; i < state.containers.length; i++) {
    waiting.push(0);
    dependents.push([]);
  }
  for (let i = 0; i < state.containers.length; i++) {
    for (const d of state.containers[i]!.dependencies) {
      const on = places.get(d.container) ?? -1;
      if (on < 0 || on === i) continue;
      waiting[i] = waiting[i]! + 1;
      dependents[on]!.push(i);
    }
  }
  const free: number[] = [];
  for (let i = 0; i < waiting.length; i++) if (waiting[i] === 0) free.push(i);
  for (let n = 0; n < free.length; n++) {
    const behind: number[] = dependents[free[n]!]!;
    for (let b = 0; b < behind.length; b++) {
      const i: number = behind[b]!;
      waiting[i] = waiting[i]! - 1;
      if (waiting[i] === 0) free.push(i);
    }
  }
  for (const run of runs) {
    const place = places.get(run.container.name) ?? -1;
    if (place >= 0 && waiting[place]! > 0) check.refuse(inside(check, run, "wherry", "depends"), "waits for itself through others");
  }
}

/**
 * One container's cgroups as data: directories, what is written before its
 * first process joins and after, device filter, warnings. Decides only;
 * apply.ts does it. Stopping needs nothing but the places of the same plan.
 * Rules: runtime spec §9, §13; kernel cgroup-v1 and cgroup-v2 guides.
 */
import type { CgroupWrite, DeviceRule } from "../lxc/description.ts";
import type { Limits } from "../state/model.ts";
import { deviceLines, devicePolicy, deviceProgram, restricts } from "./device_filter.ts";
import type { Hierarchy, Layout } from "./layout.ts";
import { unifiedHierarchy } from "./layout.ts";
import type { LimitWrite } from "./limits.ts";
import { limitRows1, limitRows2 } from "./limits.ts";

/** What is asked for one container. Device rules and I/O limits must hold numbers, not paths (resolveDeviceRules, resolveIoDevices). */
export type CgroupRequest = {
  container: string;
  /** Below our own cgroup instead of below the hierarchy's root. */
  relative: boolean;
  /** all: one cgroup in every hierarchy. needed: only where something is limited, or one that holds it together. */
  scope: "all" | "needed";
  limits: Limits;
  cgroup1: CgroupWrite[];
  cgroup2: CgroupWrite[];
  devices: DeviceRule[];
};

/** The container's cgroup in one hierarchy: `directory` is `base` + "/lxc/<c>". */
export type CgroupPlace = { version: 1 | 2; controllers: string[]; base: string; directory: string };

/** One line for one file. fatal: a refusal fails the start, else it is a warning. at: who asked, "" = our own limit. */
export type FileWrite = { path: string; controller: string; value: string; fatal: boolean; at: string };

export type CgroupPlan = {
  container: string;
  places: CgroupPlace[];
  /** Before the first process is inside. */
  before: FileWrite[];
  /** v1 device rules: once the set-up of the container no longer makes nodes. */
  after: FileWrite[];
  /** Program for the v2 cgroup; empty = every device. */
  deviceProgram: Uint8Array;
  /** Directory to clone into, "" without cgroup2. */
  unified: string;
  warnings: string[];
};

/** Where containers' cgroups lie in every hierarchy: control callers are known by it. */
export const CONTAINER_PARENT = "lxc";

/** Below what containers' cgroups of a hierarchy lie. */
function baseIn(h: Hierarchy, relative: boolean): string {
  return relative ? `${h.mount}${h.own}` : h.mount;
}

function placeIn(h: Hierarchy, base: string, container: string): CgroupPlace {
  return { version: h.version, controllers: h.controllers, base, directory: `${base}/${CONTAINER_PARENT}/${container}` };
}

/** The name of a v1 controller in v2 and the other way round. */
const RENAMED = [["blkio", "io"]];

function namesOf(controller: string): string[] {
  for (const pair of RENAMED) if (pair.includes(controller)) return pair;
  return [controller];
}

class Planner {
  readonly request: CgroupRequest;
  readonly places: CgroupPlace[] = [];
  readonly before: FileWrite[] = [];
  readonly after: FileWrite[] = [];
  readonly warnings: string[] = [];
  program: Uint8Array = new Uint8Array(0);
  private readonly layout: Layout;

  constructor(layout: Layout, request: CgroupRequest) {
    this.layout = layout;
    this.request = request;
  }

  /** The place of a hierarchy, made when it is first asked for. */
  place(h: Hierarchy): CgroupPlace {
    const base = baseIn(h, this.request.relative);
    for (const p of this.places) if (p.base === base) return p;
    const wanted = placeIn(h, base, this.request.container);
    this.places.push(wanted);
    return wanted;
  }

  /** The hierarchy of that version that has the controller, null when none is mounted. */
  find(version: number, controller: string): Hierarchy | null {
    for (const h of this.layout.hierarchies) if (h.version === version && h.controllers.indexOf(controller) >= 0) return h;
    return null;
  }

  private put(list: FileWrite[], h: Hierarchy, controller: string, file: string, value: string, fatal: boolean, at: string): void {
    list.push({ path: `${this.place(h).directory}/${file}`, controller, value, fatal, at });
  }

  /** One of our own limits: v1 rows where its controller is mounted there, v2 rows where v2 has it, else a warning. */
  limits(): void {
    const missing: string[] = [];
    this.limitRows(1, limitRows1(this.request.limits), missing);
    this.limitRows(2, limitRows2(this.request.limits), missing);
    for (const m of missing) this.warnings.push(`no cgroup controller ${m} on this machine, its limits are ignored`);
  }

  private limitRows(version: 1 | 2, rows: LimitWrite[], missing: string[]): void {
    for (const row of rows) {
      const h = this.find(version, row.controller);
      if (h !== null) {
        this.put(this.before, h, row.controller, row.file, row.value, !row.optional, "");
        continue;
      }
      const names = namesOf(row.controller);
      let elsewhere = false;
      for (const n of names) if (this.find(3 - version, n) !== null) elsewhere = true;
      if (!elsewhere && !missing.includes(names[0]!)) missing.push(names[0]!);
    }
  }

  /** Raw lines of the configuration. v1: warn where not mounted. v2: fatal where v2 has the controller, else warn, as LXC does outside pure v2. */
  raw(version: 1 | 2, writes: CgroupWrite[]): void {
    const ordered = version === 1 ? memoryFirst(writes) : writes;
    for (const w of ordered) {
      const core = version === 2 && w.controller === "cgroup";
      const h = core ? unifiedHierarchy(this.layout) : this.find(version, w.controller);
      if (h === null) this.warnings.push(`${w.at}: cgroup controller ${w.controller} is not mounted as v${version}, ${w.file} is ignored`);
      else this.put(this.before, h, w.controller, w.file, w.value, true, w.at);
    }
  }

  /** By v1 files where that controller is mounted, else by a filter on cgroup2; rules written for the other version serve when there are no own ones. */
  devices(): void {
    const h = this.find(1, "devices");
    const unified = unifiedHierarchy(this.layout);
    const own = h !== null ? 1 : 2;
    const mine = this.request.devices.filter((r) => r.version === own);
    const rules = mine.length > 0 ? mine : this.request.devices;
    if (rules.length === 0) return;
    const policy = devicePolicy(rules);
    if (h !== null) {
      for (const line of deviceLines(rules)) this.put(this.after, h, "devices", line[0]!, line[1]!, true, rules[0]!.at);
    } else if (!restricts(policy)) {
      return;
    } else if (unified !== null) {
      this.place(unified);
      this.program = deviceProgram(policy);
    } else {
      this.warnings.push(`${rules[0]!.at}: neither the devices controller nor cgroup2 is mounted, device rules are ignored`);
    }
  }

  /** All hierarchies. */
  everywhere(): void {
    for (const h of this.layout.hierarchies) this.place(h);
  }

  /** Where nothing is limited: the hierarchy that can end, freeze and watch it. */
  somewhere(): void {
    if (this.places.length > 0) return;
    const unified = unifiedHierarchy(this.layout);
    const tracking = unified ?? this.find(1, "freezer") ?? this.find(1, "name=pantavisor") ?? this.find(1, "name=systemd") ?? this.find(1, "pids");
    if (tracking !== null) this.place(tracking);
  }
}

/** The kernel refuses memory+swap below memory, whatever order the file has. */
function memoryFirst(writes: CgroupWrite[]): CgroupWrite[] {
  const isSwap = (w: CgroupWrite): boolean => w.file.startsWith("memory.memsw.");
  return [...writes.filter((w) => !isSwap(w)), ...writes.filter(isSwap)];
}

/** Plans one container's cgroups. Never refuses: what this machine can't do becomes a warning, what it should be able to do fails when it is tried. */
export function planCgroup(layout: Layout, request: CgroupRequest): CgroupPlan {
  const p = new Planner(layout, request);
  if (request.scope === "all") p.everywhere();
  p.limits();
  p.raw(1, request.cgroup1);
  p.raw(2, request.cgroup2);
  p.devices();
  p.somewhere();
  let unified = "";
  for (const place of p.places) if (place.version === 2) unified = place.directory;
  if (layout.kind === "none") p.warnings.push("no cgroup hierarchy is mounted: nothing is limited");
  return {
    container: request.container, places: p.places, before: p.before, after: p.after, deviceProgram: p.program, unified, warnings: p.warnings,
  };
}

/**
 * The files that put a process into every v1 place; v2 is entered by clone.
 * byItself: it has one thread and writes "0". Moving that takes no lock that
 * every fork on the machine shares, which cgroup.procs waits milliseconds for
 * (Linux 5.15).
 */
export function joinFiles(plan: CgroupPlan, byItself: boolean): string[] {
  return plan.places.filter((p) => p.version === 1).map((p) => `${p.directory}/${byItself ? "tasks" : "cgroup.procs"}`);
}

/** The place that has a controller, null when the plan has none. */
export function placeOf(plan: CgroupPlan, version: 1 | 2, controller: string): CgroupPlace | null {
  for (const p of plan.places) if (p.version === version && p.controllers.includes(controller)) return p;
  return null;
}

/** The container's cgroups from its name alone: what a new manager needs to watch, end and remove it. */
export function planCgroupPlaces(layout: Layout, container: string, relative: boolean): CgroupPlace[] {
  const places: CgroupPlace[] = [];
  for (const h of layout.hierarchies) places.push(placeIn(h, baseIn(h, relative), container));
  return places;
}

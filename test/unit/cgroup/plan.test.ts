import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Layout } from "../../../src/cgroup/layout.ts";
import { blkioOfWeight, noLimits, sharesOfWeight, weightOfShares } from "../../../src/cgroup/limits.ts";
import { joinFiles, planCgroup, planCgroupPlaces, type CgroupPlan, type CgroupRequest } from "../../../src/cgroup/plan.ts";
import type { Limits } from "../../../src/state/model.ts";
import { planHierarchies } from "../../../src/cgroup/hierarchies.ts";

const V1 = ["memory", "cpu", "pids", "devices", "freezer", "blkio"];
const HYBRID: Layout = {
  kind: "hybrid",
  hierarchies: [
    ...V1.map((c) => ({ version: 1 as const, controllers: [c], mount: `/cg/${c}`, own: c === "memory" ? "/job" : "" })),
    { version: 2, controllers: [], mount: "/cg/unified", own: "" },
  ],
};
const UNIFIED: Layout = { kind: "unified", hierarchies: [{ version: 2, controllers: ["cpu", "io", "memory", "pids"], mount: "/cg", own: "/w.service" }] };
const NONE: Layout = { kind: "none", hierarchies: [] };

function request(changes: Partial<CgroupRequest>, limits: Partial<Limits> = {}): CgroupRequest {
  return { container: "web", relative: false, scope: "all", limits: { ...noLimits(), ...limits }, cgroup1: [], cgroup2: [], devices: [], ...changes };
}

function lines(plan: CgroupPlan): string[] {
  return plan.before.map((w) => `${w.path}=${w.value}${w.fatal ? "" : "?"}`);
}

const ALL = { memoryMax: 1000, memorySwap: 500, cpuWeight: 200, cpuQuota: 50000, pidsMax: 64, ioWeight: 50 };

test("one set of limits becomes v1 files, memory before memory and swap", () => {
  assert.equal(lines(planCgroup(HYBRID, request({}, ALL))), [
    "/cg/memory/lxc/web/memory.limit_in_bytes=1000", "/cg/memory/lxc/web/memory.memsw.limit_in_bytes=1500?",
    "/cg/cpu/lxc/web/cpu.shares=2048", "/cg/cpu/lxc/web/cpu.cfs_quota_us=50000",
    "/cg/pids/lxc/web/pids.max=64", "/cg/blkio/lxc/web/blkio.weight=250?",
  ]);
  assert.equal(lines(planCgroup(HYBRID, request({}, { cpuQuota: 5000, cpuPeriod: 50000 }))), ["/cg/cpu/lxc/web/cpu.cfs_period_us=50000", "/cg/cpu/lxc/web/cpu.cfs_quota_us=5000"]);
});

test("the same limits become v2 files, below our own group when asked", () => {
  const plan = planCgroup(UNIFIED, request({ relative: true }, ALL));
  assert.equal(lines(plan), [
    "memory.max=1000", "memory.swap.max=500?", "cpu.weight=200", "cpu.max=50000 100000", "pids.max=64", "io.weight=default 50?",
  ].map((l) => `/cg/w.service/lxc/web/${l}`));
  assert.is(plan.unified, "/cg/w.service/lxc/web");
  assert.equal(joinFiles(plan, false), []);
});

test("limits of a device, and lifted ones, in the words of each version", () => {
  const limits = { memoryMax: -2, pidsMax: -2, io: [{ device: "8:0", readBytes: 1000, writeBytes: -1, readOps: -2, writeOps: -1 }] };
  assert.equal(lines(planCgroup(HYBRID, request({}, limits))), [
    "/cg/memory/lxc/web/memory.limit_in_bytes=-1", "/cg/pids/lxc/web/pids.max=max",
    "/cg/blkio/lxc/web/blkio.throttle.read_bps_device=8:0 1000", "/cg/blkio/lxc/web/blkio.throttle.read_iops_device=8:0 0",
  ]);
  assert.equal(lines(planCgroup(UNIFIED, request({}, limits))), [
    "/cg/lxc/web/memory.max=max", "/cg/lxc/web/pids.max=max", "/cg/lxc/web/io.max=8:0 rbps=1000 riops=max",
  ]);
});

test("a controller that is nowhere is one warning, not one a version", () => {
  const noMemory: Layout = { kind: "unified", hierarchies: [{ version: 2, controllers: ["io"], mount: "/cg", own: "" }] };
  assert.equal(planCgroup(noMemory, request({}, { memoryMax: 5 })).warnings, ["no cgroup controller memory on this machine, its limits are ignored"]);
  assert.is(planCgroup(NONE, request({}, ALL)).warnings.length, 5);
});

test("lines for a version that is not mounted are warned of and name their place", () => {
  const w = { controller: "memory", file: "memory.max", value: "1M", at: "lxc.container.conf:7" };
  assert.equal(planCgroup(HYBRID, request({ cgroup2: [w] })).warnings, [
    "lxc.container.conf:7: cgroup controller memory is not mounted as v2, memory.max is ignored",
  ]);
  assert.equal(lines(planCgroup(UNIFIED, request({ cgroup2: [w] }))), ["/cg/lxc/web/memory.max=1M"]);
});

test("cgroup.* lines go to cgroup2 wherever it is mounted", () => {
  const w = { controller: "cgroup", file: "cgroup.max.depth", value: "5", at: "c:1" };
  assert.equal(lines(planCgroup(HYBRID, request({ cgroup2: [w] }))), ["/cg/unified/lxc/web/cgroup.max.depth=5"]);
});

test("raw v1 lines are put in the order the kernel takes them", () => {
  const swap = { controller: "memory", file: "memory.memsw.limit_in_bytes", value: "2M", at: "c:1" };
  const memory = { controller: "memory", file: "memory.limit_in_bytes", value: "1M", at: "c:2" };
  assert.equal(planCgroup(HYBRID, request({ cgroup1: [swap, memory] })).before.map((w) => w.at), ["c:2", "c:1"]);
});

const DENY = { version: 1 as const, allow: false, type: "a" as const, major: -1, minor: -1, access: "rwm", path: "", at: "c:3" };

test("device rules: v1 files come after the join, v2 gets a program from v1 rules too", () => {
  const v1 = planCgroup(HYBRID, request({ devices: [DENY] }));
  assert.equal(v1.after.map((w) => `${w.path}=${w.value}`), ["/cg/devices/lxc/web/devices.deny=a"]);
  assert.is(v1.deviceProgram.length, 0);
  const v2 = planCgroup(UNIFIED, request({ devices: [DENY] }));
  assert.equal(v2.after, []);
  assert.ok(v2.deviceProgram.length > 0);
});

test("rules written for the mounted version replace those for the other", () => {
  const allow2 = { version: 2 as const, allow: true, type: "a" as const, major: -1, minor: -1, access: "rwm", path: "", at: "c:4" };
  assert.is(planCgroup(UNIFIED, request({ devices: [DENY, allow2] })).deviceProgram.length, 0);
});

test("scope needed keeps to the hierarchies that limit, or to one", () => {
  const plan = planCgroup(HYBRID, request({ scope: "needed" }, { pidsMax: 5 }));
  assert.equal(plan.places.map((p) => p.directory), ["/cg/pids/lxc/web"]);
  assert.is(plan.unified, "");
  assert.equal(planCgroup(HYBRID, request({ scope: "needed" })).places.map((p) => p.directory), ["/cg/unified/lxc/web"]);
  const legacy: Layout = { kind: "legacy", hierarchies: HYBRID.hierarchies.filter((h) => h.version === 1) };
  assert.equal(planCgroup(legacy, request({ scope: "needed" })).places.map((p) => p.directory), ["/cg/freezer/lxc/web"]);
});

test("a process joins the v1 groups alone, another one puts all of it there", () => {
  const plan = planCgroup(HYBRID, request({ scope: "needed" }, { pidsMax: 5 }));
  assert.equal(joinFiles(plan, true), ["/cg/pids/lxc/web/tasks"]);
  assert.equal(joinFiles(plan, false), ["/cg/pids/lxc/web/cgroup.procs"]);
});

test("places alone equal those of a whole plan", () => {
  assert.equal(planCgroupPlaces(HYBRID, "web", true), planCgroup(HYBRID, request({ relative: true })).places);
});

test("shares and weights: defaults meet, the ends are clamped, 0 stays unset", () => {
  assert.equal([1, 100, 10000].map(sharesOfWeight), [10, 1024, 102400]);
  assert.equal([0, 2, 1024, 262144].map(weightOfShares), [0, 1, 100, 10000]);
  assert.equal([1, 100, 10000].map(blkioOfWeight), [10, 500, 1000]);
});

test("PID 1 mounts hybrid: what the kernel has, comma hierarchies with a link a name, cgroup2 last", () => {
  const steps = planHierarchies("hybrid", "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t1\t1\ncpuacct\t1\t1\t1\nmemory\t0\t5\t0\npids\t3\t1\t1\n");
  assert.equal(steps.map((s) => (s.kind === "mount" ? `${s.target} ${s.data}${s.fatal ? " !" : ""}` : `${s.path} -> ${s.target}`)), [
    "/sys/fs/cgroup mode=755,size=64k !", "/sys/fs/cgroup/systemd none,name=systemd !", "/sys/fs/cgroup/pantavisor none,name=pantavisor !",
    "/sys/fs/cgroup/cpu,cpuacct cpu,cpuacct", "/sys/fs/cgroup/cpu -> cpu,cpuacct", "/sys/fs/cgroup/cpuacct -> cpu,cpuacct",
    "/sys/fs/cgroup/pids pids", "/sys/fs/cgroup/unified nsdelegate",
  ]);
  assert.equal(planHierarchies("legacy", "pids\t3\t1\t1\n").map((s) => (s.kind === "mount" ? s.target : s.path)).slice(1), ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/pantavisor", "/sys/fs/cgroup/pids"]);
  assert.equal(planHierarchies("unified", ""), [{ kind: "mount", fstype: "cgroup2", target: "/sys/fs/cgroup", data: "nsdelegate", fatal: true }]);
});

test.run();

/**
 * From a container of the state to what its start needs: description, cgroup
 * plan, volume plan, network plan, container plan. Reads the container's
 * configuration and a few facts of the host; starts nothing. Everything that
 * is wrong is in `problems`. Rules: runtime spec §3, §6; design "Least power".
 */
import { resolveDeviceRules, resolveIoDevices } from "../cgroup/apply.ts";
import type { Layout } from "../cgroup/layout.ts";
import { planCgroup, type CgroupPlan } from "../cgroup/plan.ts";
import { readFstab } from "../container/fstab.ts";
import { ownsNetwork, type RunningPeer } from "../container/namespaces.ts";
import { planContainer, type ContainerPlan, type HostFacts } from "../container/plan.ts";
import { deviceRules, type ProfileName } from "../container/profile.ts";
import { seccompFilter } from "../container/seccomp.ts";
import type { ContainerDescription } from "../lxc/description.ts";
import type { Problem } from "../lxc/report.ts";
import type { NetPlan, PoolGrant } from "../net/actions.ts";
import { askLinks } from "../net/host.ts";
import { modulesOfPlan } from "../net/modules.ts";
import { linksToAsk, planNetwork, randomNeeded } from "../net/plan.ts";
import type { Container, Group, State } from "../state/model.ts";
import { exists, randomBytes } from "../sys/files.ts";
import { remountEntries } from "../volume/remount_plan.ts";
import { configOverlay, planVolumes, type VolumeOptions, type VolumePaths, type VolumePlan } from "../volume/plan.ts";
import { injectedEnvironment, injectedMounts, notifyEnvironment, notifyMounts, wantsNotify, type HostFolders } from "./injected.ts";
import type { RecentConfigs } from "./lxc_files.ts";
import type { Settings } from "./settings.ts";

export type Prepared = {
  description: ContainerDescription;
  plan: ContainerPlan | null;
  cgroup: CgroupPlan;
  network: NetPlan;
  /** Kernel modules of its root and links, by names and aliases. */
  modules: string[];
  profile: ProfileName;
  problems: Problem[];
  warnings: Problem[];
};

/** What is the same for all containers of a revision. */
export type Surroundings = {
  settings: Settings; state: State; revision: string; trail: string; facts: HostFacts; folders: HostFolders; volumes: VolumeOptions; configs: RecentConfigs;
};

export function volumePathsOf(s: Settings, trail: string, revision: string): VolumePaths {
  return { volumes: s.volumes, storage: s.storage, media: s.media, configs: s.configs, trail, revision };
}

function volumePaths(a: Surroundings): VolumePaths {
  return volumePathsOf(a.settings, a.trail, a.revision);
}

export function volumePlanOf(a: Surroundings, c: Container): VolumePlan {
  return planVolumes(c, a.state.verity, volumePaths(a), a.volumes);
}

/** container, device, configuration: the first that says something; "auto" is lxc for what brings an LXC configuration. */
export function profileOf(c: Container, state: State, configured: string): ProfileName {
  const word = c.security !== "" ? c.security : state.security !== "" ? state.security : configured;
  if (word === "standard" || word === "strict" || word === "lxc") return word;
  return c.config === "" ? "standard" : "lxc";
}

function cgroupOf(layout: Layout, c: Container, d: ContainerDescription, profile: ProfileName, warnings: Problem[]): CgroupPlan {
  const told: string[] = [];
  const devices = resolveDeviceRules(deviceRules(d, profile), told);
  const plan = planCgroup(layout, {
    container: c.name, relative: d.cgroupDirs.relative, scope: "all", limits: resolveIoDevices(c.limits, told), cgroup1: d.cgroup1, cgroup2: d.cgroup2, devices,
  });
  for (const w of [...told, ...plan.warnings]) warnings.push({ at: c.name, why: w });
  return plan;
}

/** Plans one container's start. grant: its address in a pool, null without one. peers: containers whose namespaces may be shared. Throws SysError when its configuration can't be read. */
export function prepareContainer(a: Surroundings, c: Container, group: Group, grant: PoolGrant | null, peers: RunningPeer[]): Prepared {
  const path = `${a.trail}/${c.name}/${c.config}`;
  const read = a.configs.read(path, `${c.name}/${c.config}`);
  const d = read.description;
  const problems = read.problems.slice();
  const warnings = read.warnings.slice();
  const profile = profileOf(c, a.state, a.settings.securityProfile);
  const cgroup = cgroupOf(a.facts.layout, c, d, profile, warnings);
  const planned = planNetwork({
    container: c.name, devices: grant !== null || ownsNetwork(d) ? d.net : [], pool: grant, loopback: profile !== "lxc", facts: askLinks(linksToAsk(d.net)), random: randomBytes(randomNeeded(d.net)),
  });
  for (const p of planned.problems) problems.push(p);
  if (grant !== null && d.namespaces.keep !== null) d.namespaces.keep = d.namespaces.keep.filter((n) => n !== "net");
  const filter = seccompFilter(d, profile);
  for (const p of filter.problems) problems.push(p);
  for (const w of filter.warnings) warnings.push(w);
  const fstab = readFstab(d, path, problems);
  const mounts = injectedMounts(a.settings, c, a.revision, a.folders);
  const environment = injectedEnvironment(group);
  if (wantsNotify(c)) {
    for (const m of notifyMounts(a.settings, c)) mounts.push(m);
    for (const e of notifyEnvironment(c)) environment.push(e);
  }
  const made = problems.length > 0 ? null : planContainer({
    name: c.name, description: d, profile, hostname: planned.plan.hostname !== "" ? planned.plan.hostname : c.name,
    mountpoint: `${a.settings.usr}/lib/lxc/rootfs`, scratchBytes: -1, configOverlay: configOverlay(c, volumePaths(a)), readOnlyRoot: false,
    mounts, fstab, given: [`${a.settings.volumes}/${c.name}`, `${a.settings.configs}/${c.name}`, a.settings.runDir, a.settings.logs], environment, console: "pty", controllingTerminal: false, diesWithParent: false, cgroup, filter: filter.program, net: planned.plan, peers,
    configFile: path, consoleLog: `${a.settings.logs}/${a.revision}/${c.name}/lxc/console.log`, bootId: profile !== "lxc" || d.autodev,
    exports: c.exports, remount: remountEntries(a.state.remount, c.remount, a.settings.remountPolicy),
  }, a.facts);
  if (made !== null) {
    for (const p of made.problems) problems.push(p);
    for (const w of made.warnings) warnings.push(w);
  }
  const modules = [...(d.rootfs.kind === "overlay" ? ["overlay"] : []), ...modulesOfPlan(planned.plan)];
  return { description: d, plan: made === null || made.problems.length > 0 ? null : made.plan, cgroup, network: planned.plan, modules, profile, problems, warnings };
}

/** Facts of this host that injected mounts depend on. */
export function hostFolders(release: string): HostFolders {
  return { firmware: exists("/lib/firmware"), modulesRelease: exists(`/lib/modules/${release}`) ? release : "", devLog: exists("/dev/log") };
}

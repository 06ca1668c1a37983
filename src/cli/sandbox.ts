/**
 * `wherry sandbox`: one container in the foreground through the same code as
 * the manager's, for update scripts, debugging and measuring. Whatever it
 * made is gone when it returns.
 */
import { createCgroups, readLayout, removeCgroup, removeCgroups, resolveDeviceRules } from "../cgroup/apply.ts";
import type { Layout } from "../cgroup/layout.ts";
import { CONTAINER_PARENT, planCgroup, type CgroupPlan } from "../cgroup/plan.ts";
import { readHostFactsFor } from "../container/facts.ts";
import { readFstab } from "../container/fstab.ts";
import { launch, readReport, type Launched, type StartState } from "../container/launch.ts";
import { outsideHooks, OutsideHooks } from "../container/outside_hooks.ts";
import { ownsNetwork } from "../container/namespaces.ts";
import { planContainer, type ContainerRequest } from "../container/plan.ts";
import { deviceRules } from "../container/profile.ts";
import { failureOf, failureStatus, failureText } from "../container/report.ts";
import { seccompFilter } from "../container/seccomp.ts";
import { ensureModules } from "../driver/apply.ts";
import type { ContainerDescription, HookType } from "../lxc/description.ts";
import type { Problem } from "../lxc/report.ts";
import { bareNetwork, type NetPlan } from "../net/actions.ts";
import { disconnectContainer } from "../net/apply.ts";
import { askLinks } from "../net/host.ts";
import { modulesOfPlan } from "../net/modules.ts";
import { linksToAsk, planNetwork, randomNeeded } from "../net/plan.ts";
import { EPOLLIN, S_IFDIR, S_IFMT, SIGKILL } from "../sys/constants.ts";
import { ESRCH } from "../sys/errno.ts";
import { reason } from "../sys/error.ts";
import { closeFd, currentDirectory, listFolders, randomBytes, statPath, writeAll } from "../sys/files.ts";
import { waitFor } from "../sys/loop.ts";
import { processId, reap, trySignal, userId, waitPid } from "../sys/processes.ts";
import { parseDecimal, toUtf8 } from "../sys/text.ts";
import { formatHelp, formatUsage, parseFlags } from "./flags.ts";
import { holdSignals, passTerminal, waitForeground, type Foreground } from "./foreground.ts";
import { readConfiguration } from "./lxc_file.ts";
import { applyWish, DEFAULT_PREFIX, parseSandbox, plainDescription, SANDBOX, volumeEntry, type SandboxWish } from "./sandbox_plan.ts";

const USAGE_STATUS = 2;
const SETUP_STATUS = 125;

/** Where every sandbox mounts its root, in a mount namespace of its own. */
const MOUNTPOINT = "/run/wherry/root";

function say(text: string): void {
  writeAll(2, toUtf8(`wherry sandbox: ${text}\n`), "stderr");
}

function absolute(path: string): string {
  return path.startsWith("/") ? path : `${currentDirectory()}/${path}`;
}

function describe(w: SandboxWish, problems: Problem[]): ContainerDescription {
  const d = w.config === "" ? plainDescription() : readConfiguration(w.config, problems);
  applyWish(d, w, absolute(w.rootfs));
  return d;
}

/** Of its configuration, as the manager would; else loopback, or the host's. */
function networkOf(w: SandboxWish, d: ContainerDescription, problems: Problem[]): NetPlan {
  const own = ownsNetwork(d);
  const loopback = own && (w.network !== "" || w.profile !== "lxc");
  if (!own || d.net.length === 0) return bareNetwork(loopback);
  const planned = planNetwork({
    container: w.name, devices: d.net, pool: null, loopback, facts: askLinks(linksToAsk(d.net)), random: randomBytes(randomNeeded(d.net)),
  });
  for (const p of planned.problems) problems.push(p);
  return planned.plan;
}

function requestOf(w: SandboxWish, d: ContainerDescription, cgroup: CgroupPlan, filter: Uint8Array, problems: Problem[]): ContainerRequest {
  return {
    name: w.name, description: d, profile: w.profile, hostname: w.name, mountpoint: MOUNTPOINT, scratchBytes: 0, configOverlay: "",
    readOnlyRoot: w.readOnly, mounts: [], fstab: readFstab(d, w.config, problems), given: [], environment: ["container=wherry"], console: w.console, controllingTerminal: w.console === "pty",
    diesWithParent: true, cgroup, filter, net: networkOf(w, d, problems), peers: [], configFile: w.config,
    consoleLog: "", bootId: false, exports: [], remount: [],
  };
}

function addVolumes(r: ContainerRequest, w: SandboxWish, problems: Problem[]): void {
  for (const v of w.volumes) {
    const source = absolute(v.source);
    const s = statPath(source, true);
    if (s === null) problems.push({ at: `--volume ${v.source}:/${v.target}`, why: `there is no ${source}` });
    else r.mounts.push(volumeEntry(v, source, (s.mode & S_IFMT) === S_IFDIR));
  }
}

/** Runs the command; result: the exit status of the process. */
export function runSandbox(args: string[]): number {
  const flags = parseFlags(SANDBOX, args, 1);
  if (flags.has("help")) {
    writeAll(1, toUtf8(formatHelp(SANDBOX)), "stdout");
    return 0;
  }
  const parsed = parseSandbox(flags, processId());
  if (parsed.problem !== "") {
    say(`${parsed.problem}\n${formatUsage(SANDBOX)}\nwherry sandbox --help says more`);
    return USAGE_STATUS;
  }
  if (userId() !== 0) {
    say("needs root: namespaces, mounts and cgroups are made");
    return SETUP_STATUS;
  }
  try {
    return runWish(parsed.wish);
  } catch (e) {
    say(failureText(parsed.wish.name, failureOf(e)));
    return SETUP_STATUS;
  }
}

/**
 * Groups of sandboxes that were killed: those with a name of their own are
 * replaced when it comes again, the others are removed here, while our own
 * container runs. Most often the links of a folder tell that there are none.
 */
function removeForgotten(layout: Layout, own: CgroupPlan): void {
  try {
    for (const h of layout.hierarchies) {
      const folder = `${h.mount}/${CONTAINER_PARENT}`;
      const s = statPath(folder);
      if (s === null || s.links <= 2 || (s.links === 3 && own.places.some((p) => p.directory.startsWith(`${folder}/`)))) continue;
      for (const name of listFolders(folder)) {
        const pid = name.startsWith(DEFAULT_PREFIX) ? parseDecimal(name.slice(DEFAULT_PREFIX.length)) : 0;
        if (pid > 0 && trySignal(pid, 0) === -ESRCH) removeCgroup(`${folder}/${name}`);
      }
    }
  } catch (e) {
    say(`warning: groups of sandboxes that were killed: ${reason(e)}`);
  }
}

function runWish(w: SandboxWish): number {
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const d = describe(w, problems);
  const layout = readLayout();
  const devices = resolveDeviceRules(deviceRules(d, w.profile), warnings);
  const cgroup = planCgroup(layout, {
    container: w.name, relative: false, scope: "needed", limits: w.limits, cgroup1: d.cgroup1, cgroup2: d.cgroup2, devices,
  });
  const filter = seccompFilter(d, w.profile);
  for (const p of filter.problems) problems.push(p);
  for (const p of filter.warnings) warnings.push(`${p.at}: ${p.why}`);
  const request = requestOf(w, d, cgroup, filter.program, problems);
  addVolumes(request, w, problems);
  const planned = planContainer(request, readHostFactsFor(layout, d));
  for (const p of [...problems, ...planned.problems]) say(`${p.at}: ${p.why}`);
  for (const p of planned.warnings) warnings.push(`${p.at}: ${p.why}`);
  if (problems.length + planned.problems.length > 0) return SETUP_STATUS;
  const modules = modulesOfPlan(request.net!);
  if (modules.length > 0) ensureModules(modules);
  const hooks = outsideHooks(planned.plan);
  const refused = hooks === null ? "" : hooks.run("pre-start", []);
  if (refused !== "") {
    say(refused);
    return SETUP_STATUS;
  }
  for (const text of [...warnings, ...cgroup.warnings, ...createCgroups(cgroup)]) say(`warning: ${text}`);
  try {
    const signals = holdSignals();
    return supervise(w, launch(planned.plan), request.net!, hooks, signals, layout, cgroup);
  } finally {
    for (const text of removeCgroups(cgroup.places)) say(`warning: ${text}`);
    tellEnd(hooks, "post-stop");
  }
}

function tellEnd(hooks: OutsideHooks | null, type: HookType): void {
  const why = hooks === null ? "" : hooks.run(type, ["LXC_TARGET=stop"]);
  if (why !== "") say(`warning: ${why}`);
}

/** From the clone to the end of the container and its links. */
function supervise(w: SandboxWish, l: Launched, net: NetPlan, hooks: OutsideHooks | null, signals: number, layout: Layout, cgroup: CgroupPlan): number {
  const f: Foreground = { pid: l.pid, pidfd: l.pidfd, isInit: true };
  let status = SETUP_STATUS;
  let told: StartState | null = null;
  let refused = "";
  if (l.server.pid > 0) reap(l.server);
  if (hooks !== null) {
    waitFor(l.report, EPOLLIN, -1);
    told = readReport(l.report);
    if (told.state !== "failed") refused = hooks.run("start-host", [`LXC_PID=${l.pid}`]);
    if (refused !== "") trySignal(l.pid, SIGKILL);
  }
  try {
    removeForgotten(layout, cgroup);
    status = l.console < 0 ? waitForeground(f, signals) : passTerminal(f, signals, l.console);
  } catch (e) {
    if (trySignal(l.pid, SIGKILL) === 0) waitPid(l.pid); // its groups can't be removed before
    throw e;
  } finally {
    tellEnd(hooks, "stop");
    for (const text of disconnectContainer(net, l.netFd)) say(`warning: ${text}`);
    closeFd(l.netFd);
  }
  if (told === null || told.state !== "failed") told = readReport(l.report);
  closeFd(l.report);
  if (refused !== "") {
    say(refused);
    return SETUP_STATUS;
  }
  if (told.state !== "failed") return status;
  say(failureText(w.name, told.failure));
  return failureStatus(told.failure);
}

/**
 * Carries out what the supervisor asks for: mounts in workers, groups and
 * clone, consoles to the logger, signals, and after an end the way back until
 * nothing is left. Knows processes by pidfd. Decides nothing about restarts.
 * Rules: runtime spec §3, §4, §9.
 */
import { createCgroups, readLayout } from "../cgroup/apply.ts";
import { cgroupProcesses, freezeCgroup, isPopulated, killCgroup } from "../cgroup/kill.ts";
import { CgroupListener, CgroupMonitor, oomKills } from "../cgroup/monitor.ts";
import { planCgroupPlaces, type CgroupPlace } from "../cgroup/plan.ts";
import { readUsage } from "../cgroup/usage.ts";
import type { Config } from "../config/config.ts";
import { readHostFacts } from "../container/facts.ts";
import { launch, readReport, type Launched } from "../container/launch.ts";
import { failureText } from "../container/report.ts";
import { haltSignal } from "../container/stop.ts";
import { DriverManager } from "../driver/manager.ts";
import { moduleFolder } from "../driver/apply.ts";
import { MetaValues } from "../driver/managed.ts";
import type { LoggerClient } from "../log/client.ts";
import type { Log } from "../log/line.ts";
import { prepareNetwork } from "../net/apply.ts";
import { Answer, startWorker } from "../supervisor/worker.ts";
import { Runtime, type Supervisor } from "../supervisor/supervisor.ts";
import { noEnding, type Unit } from "../supervisor/unit.ts";
import { EPOLLIN, SIGKILL } from "../sys/constants.ts";
import { ECHILD } from "../sys/errno.ts";
import { errnoOf, reason } from "../sys/error.ts";
import { closeFd, makeDirectories, readTextOr } from "../sys/files.ts";
import { Timer, Watch, type Loop } from "../sys/loop.ts";
import { endOfPidfd, kernelRelease, reapPidfd, tryOpenPidfd, trySignalPidfd, type Ended } from "../sys/processes.ts";
import type { VolumePlan } from "../volume/plan.ts";
import { ownFolders } from "./injected.ts";
import { CleanJob, LogJob, MountJob } from "./jobs.ts";
import { processStart } from "./journal.ts";
import { Networks } from "./networks.ts";
import { hostFolders, prepareContainer, volumePlanOf, type Prepared, type Surroundings } from "./prepare.ts";
import type { LoadedRevision } from "./revision.ts";
import type { Settings } from "./settings.ts";

/** How long the status of an adopted process may take to come from PID 1. */
const STATUS_MS = 500;

class NoMeta extends MetaValues {
  private readonly folder: string;
  constructor(folder: string) {
    super();
    this.folder = folder;
  }
  value(key: string): string {
    return key.includes("/") ? "" : readTextOr(`${this.folder}/${key}`, "", 4096);
  }
}

/** What belongs to one unit while it is not down. */
class Attachment {
  readonly unit: Unit;
  prepared: Prepared | null = null;
  volumes: VolumePlan | null = null;
  places: CgroupPlace[] = [];
  launched: Launched | null = null;
  console = -1;
  ttys: number[] = [];
  /** Its process is not our child: a new manager took it over. */
  adopted = false;
  networked = false;
  cleaning = false;
  statusTimer: Timer | null = null;

  constructor(unit: Unit) {
    this.unit = unit;
  }
}

class ReportWatch extends Watch {
  private readonly runtime: ContainerRuntime;
  private readonly a: Attachment;
  constructor(runtime: ContainerRuntime, a: Attachment) {
    super();
    this.runtime = runtime;
    this.a = a;
  }
  ready(_events: number): void {
    this.runtime.reported(this.a);
  }
}

class PidWatch extends Watch {
  private readonly runtime: ContainerRuntime;
  private readonly a: Attachment;
  constructor(runtime: ContainerRuntime, a: Attachment) {
    super();
    this.runtime = runtime;
    this.a = a;
  }
  ready(_events: number): void {
    this.runtime.processEnded(this.a);
  }
}

/** An adopted process has ended and nobody has said how in time. */
class StatusTimer extends Timer {
  private readonly runtime: ContainerRuntime;
  private readonly a: Attachment;
  constructor(runtime: ContainerRuntime, a: Attachment) {
    super();
    this.runtime = runtime;
    this.a = a;
  }
  expired(): void {
    this.runtime.ended(this.a, null);
  }
}

class Mounted extends Answer {
  private readonly runtime: ContainerRuntime;
  private readonly a: Attachment;
  constructor(runtime: ContainerRuntime, a: Attachment) {
    super();
    this.runtime = runtime;
    this.a = a;
  }
  answered(ok: boolean, text: string): void {
    this.runtime.mounted(this.a, ok, text);
  }
}

class Cleaned extends Answer {
  private readonly runtime: ContainerRuntime;
  private readonly a: Attachment;
  constructor(runtime: ContainerRuntime, a: Attachment) {
    super();
    this.runtime = runtime;
    this.a = a;
  }
  answered(ok: boolean, text: string): void {
    this.runtime.cleaned(this.a, ok, text);
  }
}

/** An answer nobody waits for. */
class Unheard extends Answer {
  answered(_ok: boolean, _text: string): void {
    return;
  }
}

class GroupNews extends CgroupListener {
  private readonly runtime: ContainerRuntime;
  constructor(runtime: ContainerRuntime) {
    super();
    this.runtime = runtime;
  }
  emptied(container: string): void {
    this.runtime.groupEmptied(container);
  }
  outOfMemory(container: string, kills: number): void {
    this.runtime.outOfMemory(container, kills);
  }
  freezeChanged(_container: string): void {
    return;
  }
}

export class ContainerRuntime extends Runtime {
  private readonly loop: Loop;
  private readonly logger: LoggerClient;
  private readonly log: Log;
  private readonly settings: Settings;
  private readonly found: LoadedRevision;
  private readonly around: Surroundings;
  private readonly monitor: CgroupMonitor;
  private readonly drivers: DriverManager;
  private readonly meta: MetaValues;
  private readonly networks: Networks;
  private readonly attachments: Map<string, Attachment> = new Map<string, Attachment>();
  private readonly statuses: Map<number, Ended> = new Map<number, Ended>();
  private sweeping = 0;
  private swept = false;
  private boss: Supervisor | null = null;

  constructor(loop: Loop, logger: LoggerClient, log: Log, settings: Settings, config: Config, found: LoadedRevision) {
    super();
    this.loop = loop;
    this.logger = logger;
    this.log = log;
    this.settings = settings;
    this.found = found;
    this.monitor = new CgroupMonitor(loop, new GroupNews(this));
    this.drivers = new DriverManager(found.state.drivers, settings.fitConfig, moduleFolder());
    this.meta = new NoMeta(`${settings.runDir}/user-meta`);
    this.around = {
      settings, state: found.state, revision: found.name, trail: found.trail, facts: readHostFacts(readLayout()), folders: hostFolders(kernelRelease()),
      volumes: { loopBase: settings.loopBase, verity: settings.verityHandlers, verityArguments: config.text("PV_VOLMOUNT_DM_EXTRA_ARGS") },
    };
    makeDirectories(`${settings.usr}/lib/lxc/rootfs`);
    this.networks = new Networks(config, settings, found.state, log);
  }

  attach(boss: Supervisor): void {
    this.boss = boss;
  }

  private attachment(unit: Unit): Attachment {
    let a = this.attachments.get(unit.name());
    if (a === undefined) {
      a = new Attachment(unit);
      this.attachments.set(unit.name(), a);
    }
    return a;
  }

  private tell(unit: Unit, event: "mounted" | "mount-only" | "started" | "failed" | "exited" | "cleaned"): void {
    this.boss!.dispatch(unit, event);
  }

  /** A start that was refused: said once, with what, where and why. */
  private refuse(unit: Unit, why: string): void {
    unit.ending = { ...noEnding(), kind: "refused", reason: why };
    this.log.error("container", "start refused", ["name", unit.name(), "why", why]);
  }

  mount(unit: Unit): void {
    const a = this.attachment(unit);
    const c = unit.container;
    a.volumes = volumePlanOf(this.around, c);
    a.places = planCgroupPlaces(this.around.facts.layout, c.name, false);
    try {
      if (c.config !== "") {
        const p = prepareContainer(this.around, c, this.found.state.groups[c.group]!, this.networks.grant(c));
        for (const w of p.warnings) this.log.warn("container", w.why, ["name", c.name, "at", w.at]);
        a.prepared = p;
        a.places = p.cgroup.places;
        if (p.plan === null) {
          this.refuse(unit, p.problems.map((q) => `${q.at}: ${q.why}`).join("; "));
          this.tell(unit, "failed");
          return;
        }
      }
      const job = new MountJob(a.volumes, this.around.volumes, ownFolders(this.settings, c, this.found.name), this.drivers, c.driversRequired, c.driversOptional, this.meta);
      startWorker(this.loop, job, new Mounted(this, a));
    } catch (e) {
      this.refuse(unit, reason(e));
      this.tell(unit, "failed");
    }
  }

  mounted(a: Attachment, ok: boolean, text: string): void {
    const unit = a.unit;
    if (!ok) {
      this.refuse(unit, text);
      this.tell(unit, "failed");
      return;
    }
    for (const w of text.split("\n")) if (w !== "") this.log.warn("volume", w, ["name", unit.name()]);
    for (const d of [...unit.container.driversRequired, ...unit.container.driversOptional]) this.drivers.remember(d);
    this.tell(unit, a.prepared === null || unit.container.statusGoal === "MOUNTED" ? "mount-only" : "mounted");
  }

  spawn(unit: Unit): void {
    const a = this.attachment(unit);
    const p = a.prepared!;
    try {
      for (const w of createCgroups(p.cgroup)) this.log.warn("cgroup", w, ["name", unit.name()]);
      this.monitor.add(unit.name(), a.places);
      a.networked = true;
      prepareNetwork(p.network);
      const launched = launch(p.plan!);
      a.launched = launched;
      a.adopted = false;
      unit.pid = launched.pid;
      unit.pidfd = launched.pidfd;
      unit.startTicks = processStart(launched.pid);
      a.console = launched.console;
      a.ttys = launched.ttys;
      this.handConsole(a);
      this.loop.add(launched.report, EPOLLIN, new ReportWatch(this, a));
      this.loop.add(launched.pidfd, EPOLLIN, new PidWatch(this, a));
    } catch (e) {
      this.refuse(unit, `${unit.name()}: ${reason(e)}`);
      this.tell(unit, "failed");
    }
  }

  private consolePath(unit: Unit): string {
    return `${this.settings.logs}/${unit.revision}/${unit.name()}/lxc/console.log`;
  }

  private handConsole(a: Attachment): void {
    if (a.console < 0) return;
    this.logger.send({ kind: "console", name: a.unit.name(), path: this.consolePath(a.unit), maxBytes: this.settings.logFileBytes }, [a.console]);
  }

  /** To a new logger: every console we hold. */
  handConsoles(): void {
    for (const a of this.attachments.values()) this.handConsole(a);
  }

  reported(a: Attachment): void {
    const launched = a.launched!;
    const r = readReport(launched.report);
    if (r.state === "waiting") return;
    this.loop.remove(launched.report);
    closeFd(launched.report);
    if (r.state === "started") {
      this.tell(a.unit, "started");
      return;
    }
    this.refuse(a.unit, failureText(a.unit.name(), r.failure));
    this.tell(a.unit, "failed");
  }

  /** The init of a container has ended: its pidfd says so. */
  processEnded(a: Attachment): void {
    const unit = a.unit;
    this.loop.remove(unit.pidfd);
    let ended: Ended | null = null;
    try {
      ended = reapPidfd(unit.pidfd);
    } catch (e) {
      if (errnoOf(e) !== ECHILD) throw e;
      ended = endOfPidfd(unit.pidfd) ?? this.statuses.get(unit.pid) ?? null;
      if (ended === null && a.adopted) {
        a.statusTimer = new StatusTimer(this, a);
        this.loop.arm(a.statusTimer, STATUS_MS);
        return;
      }
    }
    this.ended(a, ended);
  }

  /** PID 1 has reaped a process of ours that the manager before us had started. */
  reaped(pid: number, exited: boolean, code: number): void {
    const ended: Ended = { pid, exited, status: code };
    for (const a of this.attachments.values()) {
      if (a.unit.pid !== pid) continue;
      if (a.statusTimer !== null) this.ended(a, ended);
      else this.statuses.set(pid, ended);
    }
  }

  /** ended: null when nobody knows how. */
  ended(a: Attachment, ended: Ended | null): void {
    const unit = a.unit;
    if (a.statusTimer !== null) this.loop.disarm(a.statusTimer);
    a.statusTimer = null;
    this.statuses.delete(unit.pid);
    if (a.launched !== null && unit.phase === "STARTING") this.lateReport(a);
    closeFd(unit.pidfd);
    unit.pidfd = -1;
    if (unit.ending.kind === "none") {
      const kills = oomKills(a.places);
      unit.ending.outOfMemory = kills > 0;
      unit.ending.kind = ended === null ? "unknown" : ended.exited ? "exited" : "killed";
      unit.ending.code = ended === null ? -1 : ended.status;
      unit.ending.reason = endingText(ended, kills > 0);
    }
    unit.pid = 0;
    unit.startTicks = 0;
    if (a.cleaning) this.goOnCleaning(a);
    else this.tell(unit, "exited");
  }

  /** The report may still be unread when the end is seen first. */
  private lateReport(a: Attachment): void {
    if (a.launched!.report >= 0) this.reported(a);
  }

  signal(unit: Unit): void {
    const a = this.attachment(unit);
    const status = readTextOr(`/proc/${unit.pid}/status`, "", 8192);
    const halt = haltSignal(status, readTextOr(`/proc/${unit.pid}/syscall`, "", 256), a.prepared === null ? -1 : a.prepared.description.signals.halt);
    trySignalPidfd(unit.pidfd, halt.heard ? halt.signal : SIGKILL); // an init that does not listen would only be waited for
  }

  kill(unit: Unit): void {
    const a = this.attachment(unit);
    killCgroup(a.places);
    if (unit.pidfd >= 0) trySignalPidfd(unit.pidfd, SIGKILL);
  }

  clean(unit: Unit): void {
    const a = this.attachment(unit);
    a.cleaning = true;
    killCgroup(a.places);
    if (unit.pidfd >= 0) trySignalPidfd(unit.pidfd, SIGKILL);
    this.goOnCleaning(a);
  }

  /** The next step of cleaning that is possible now: process gone, group empty, then the worker. */
  private goOnCleaning(a: Attachment): void {
    if (a.unit.pidfd >= 0 || a.statusTimer !== null) return;
    if (!this.monitor.awaitEmpty(a.unit.name())) return;
    const network = a.networked && a.prepared !== null ? a.prepared.network : null;
    const netFd = a.launched === null ? -1 : a.launched.netFd;
    this.monitor.remove(a.unit.name());
    this.logger.send({ kind: "end", name: a.unit.name() }, []);
    closeFd(a.console);
    for (const fd of a.ttys) closeFd(fd);
    a.console = -1;
    a.ttys = [];
    a.launched = null;
    a.networked = false;
    startWorker(this.loop, new CleanJob(a.volumes!, a.places, network, netFd), new Cleaned(this, a));
    closeFd(netFd);
  }

  groupEmptied(container: string): void {
    const a = this.attachments.get(container);
    if (a !== undefined && a.cleaning) this.goOnCleaning(a);
  }

  outOfMemory(container: string, kills: number): void {
    this.log.warn("container", "a process was killed for lack of memory", ["name", container, "kills", String(kills)]);
  }

  cleaned(a: Attachment, ok: boolean, text: string): void {
    a.cleaning = false;
    if (!ok) this.log.error("container", "could not be taken down", ["name", a.unit.name(), "why", text]);
    else for (const w of text.split("\n")) if (w !== "") this.log.warn("container", "left behind", ["name", a.unit.name(), "what", w]);
    if (a.unit.phase === "CLEANING") {
      this.tell(a.unit, "cleaned");
      return;
    }
    this.sweeping = this.sweeping - 1; // what an earlier manager had left is gone
    this.startWhenSwept();
  }

  /** Clears away what a container of an earlier manager left: processes, groups, mounts. Before anything starts. */
  sweep(unit: Unit): void {
    const a = this.attachment(unit);
    a.volumes = volumePlanOf(this.around, unit.container);
    a.places = planCgroupPlaces(this.around.facts.layout, unit.name(), false);
    const left = isPopulated(a.places) || cgroupProcesses(a.places).length > 0;
    if (!left && !this.anythingMounted(a.volumes) && !this.anyGroup(a.places)) return;
    this.log.info("container", "clearing away what is left of it", ["name", unit.name()]);
    this.sweeping = this.sweeping + 1;
    this.monitor.add(unit.name(), a.places);
    a.cleaning = true;
    killCgroup(a.places);
    this.goOnCleaning(a);
  }

  private anythingMounted(plan: VolumePlan): boolean {
    const mounts = readTextOr("/proc/self/mounts", "", 4 * 1048576);
    return plan.steps.some((s) => mounts.includes(` ${s.target} `));
  }

  private anyGroup(places: CgroupPlace[]): boolean {
    return places.some((p) => readTextOr(`${p.directory}/cgroup.procs`, "-") !== "-");
  }

  /** Everything has been looked through: containers may start once what is being cleared away is gone. */
  whenSwept(): void {
    this.swept = true;
    this.startWhenSwept();
  }

  private startWhenSwept(): void {
    if (this.swept && this.sweeping === 0) this.boss!.evaluate();
  }

  /** Takes over a running container; false when it ended meanwhile. */
  adopt(unit: Unit): boolean {
    const a = this.attachment(unit);
    const pidfd = tryOpenPidfd(unit.pid);
    if (pidfd < 0 || processStart(unit.pid) !== unit.startTicks) {
      closeFd(pidfd);
      return false;
    }
    a.adopted = true;
    a.volumes = volumePlanOf(this.around, unit.container);
    a.places = planCgroupPlaces(this.around.facts.layout, unit.name(), false);
    try {
      a.prepared = prepareContainer(this.around, unit.container, this.found.state.groups[unit.container.group]!, this.networks.grant(unit.container));
      a.places = a.prepared.cgroup.places;
      a.networked = true;
    } catch (e) {
      this.log.warn("container", "its configuration can't be read any more", ["name", unit.name(), "why", reason(e)]);
    }
    unit.pidfd = pidfd;
    this.monitor.add(unit.name(), a.places);
    this.loop.add(pidfd, EPOLLIN, new PidWatch(this, a));
    return true;
  }

  /** The last lines of a console, from the logger. */
  consoleEnded(name: string, text: string): void {
    const a = this.attachments.get(name);
    if (a !== undefined) a.unit.ending.lastLines = text;
  }

  streamLog(name: string, lines: number, follow: boolean, fd: number): void {
    const unit = this.boss!.find(name)!;
    startWorker(this.loop, new LogJob(this.consolePath(unit), lines, follow, fd), new Unheard());
  }

  freeze(unit: Unit, frozen: boolean): string {
    if (!unit.isAlive()) return "Container is not running";
    return freezeCgroup(this.attachment(unit).places, frozen) ? "" : "This machine has no freezer for it";
  }

  usage(unit: Unit): string {
    if (!unit.isAlive()) return "null";
    const u = readUsage(this.attachment(unit).places);
    return `{"memory_bytes":${u.memoryBytes},"memory_peak_bytes":${u.memoryPeakBytes},"cpu_us":${u.cpuUs},"processes":${u.processes}}`;
  }

  /** Gives back what the revision as a whole took. */
  close(): void {
    this.networks.close();
  }
}

/** How a run ended, for people. */
export function endingText(ended: Ended | null, outOfMemory: boolean): string {
  if (ended === null) return "ended, nobody knows how";
  if (ended.exited) return `exited with status ${ended.status}`;
  return `killed by signal ${ended.status}${outOfMemory ? " (out of memory)" : ""}`;
}

/**
 * Carries out what the supervisor asks for: mounts in workers, groups and
 * clone, consoles to the logger, signals, and after an end the way back until
 * nothing is left. Knows processes by pidfd. Decides nothing about restarts.
 * Rules: runtime spec §3, §4, §9.
 */
import { createCgroups, readLayout, removeContainerParents } from "../cgroup/apply.ts";
import { cgroupProcesses, freezeCgroup, isPopulated, killCgroup } from "../cgroup/kill.ts";
import { CgroupMonitor, oomKills } from "../cgroup/monitor.ts";
import { planCgroupPlaces, type CgroupPlace } from "../cgroup/plan.ts";
import { readUsage } from "../cgroup/usage.ts";
import type { Config } from "../config/config.ts";
import { readHostFacts } from "../container/facts.ts";
import { launch, readReport, type StartState } from "../container/launch.ts";
import type { RunningPeer } from "../container/namespaces.ts";
import { failureText } from "../container/report.ts";
import { haltSignal } from "../container/stop.ts";
import { DriverManager } from "../driver/manager.ts";
import { moduleFolder } from "../driver/apply.ts";
import type { LoggerClient } from "../log/client.ts";
import type { Log } from "../log/line.ts";
import { openNetNamespace, prepareNetwork } from "../net/apply.ts";
import { startWorker } from "../supervisor/worker.ts";
import { endingText } from "../supervisor/ending_text.ts";
import { Runtime, type Supervisor } from "../supervisor/supervisor.ts";
import { noEnding, type Unit } from "../supervisor/unit.ts";
import { EPOLLIN, SIGKILL } from "../sys/constants.ts";
import { ECHILD } from "../sys/errno.ts";
import { errnoOf, reason } from "../sys/error.ts";
import { closeFd, makeDirectories, readTextOr } from "../sys/files.ts";
import type { Loop } from "../sys/loop.ts";
import { endOfPidfd, kernelRelease, reapPidfd, tryOpenPidfd, trySignalPidfd, waitPid, type Ended } from "../sys/processes.ts";
import { attachExport, planExports, type Export } from "../volume/exports.ts";
import type { VolumePlan } from "../volume/plan.ts";
import { Attachment } from "./attachment.ts";
import { volumeOptionsOf } from "./device_parts.ts";
import { DeviceRules } from "./device_rules.ts";
import { ownFolders } from "./injected.ts";
import { CleanJob, LOADED, MountJob, type Disks } from "./jobs.ts";
import { type InsideEnd, InsideRun } from "./inside.ts";
import { processStart } from "./journal.ts";
import { LogJob } from "./log_job.ts";
import { Networks } from "./networks.ts";
import { hostFolders, prepareContainer, volumePlanOf, type Surroundings } from "./prepare.ts";
import type { LoadedRevision } from "./revision.ts";
import { Turns } from "./turns.ts";
import { Cleaned, GroupNews, Mounted, PidWatch, ReportWatch, StatusTimer, Unheard } from "./runtime_news.ts";
import type { Settings } from "./settings.ts";
import { UserMeta } from "./user_meta.ts";

/** How long the status of an adopted process may take to come from PID 1. */
const STATUS_MS = 500;

export class ContainerRuntime extends Runtime {
  private readonly loop: Loop;
  private readonly logger: LoggerClient;
  private readonly log: Log;
  private readonly settings: Settings;
  private readonly found: LoadedRevision;
  private readonly around: Surroundings;
  private readonly monitor: CgroupMonitor;
  private readonly drivers: DriverManager;
  private readonly meta: UserMeta;
  private readonly turns: Turns = new Turns();
  private givesTurns = false;
  private readonly networks: Networks;
  private readonly disks: Disks;
  private readonly rules: DeviceRules;
  private readonly attachments: Map<string, Attachment> = new Map<string, Attachment>();
  private readonly statuses: Map<number, Ended> = new Map<number, Ended>();
  private boss: Supervisor | null = null;

  constructor(loop: Loop, logger: LoggerClient, log: Log, settings: Settings, config: Config, found: LoadedRevision, disks: Disks) {
    super();
    this.loop = loop;
    this.logger = logger;
    this.log = log;
    this.settings = settings;
    this.found = found;
    this.monitor = new CgroupMonitor(loop, new GroupNews(this));
    this.drivers = new DriverManager(found.state.drivers, settings.fitConfig, moduleFolder());
    this.disks = disks;
    this.rules = new DeviceRules(loop, log, this);
    this.meta = new UserMeta(`${settings.runDir}/user-meta`);
    this.around = {
      settings, state: found.state, revision: found.name, trail: found.trail, facts: readHostFacts(readLayout()), folders: hostFolders(kernelRelease()),
      volumes: volumeOptionsOf(settings),
    };
    makeDirectories(`${settings.usr}/lib/lxc/rootfs`);
    this.networks = new Networks(config, settings, found.state, found.trail, log);
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
    if (event !== "mounted" && event !== "exited") this.turns.leave(unit.name());
    this.boss!.dispatch(unit, event);
    this.giveTurns();
  }

  private giveTurns(): void {
    if (this.givesTurns) return; // a start that fails at once comes by here again
    this.givesTurns = true;
    for (let name = this.turns.next(); name !== ""; name = this.turns.next()) this.begin(this.attachments.get(name)!);
    this.givesTurns = false;
  }

  /** A start that was refused: said once, with what, where and why. */
  private refuse(unit: Unit, why: string): void {
    unit.ending = { ...noEnding(), kind: "refused", reason: why };
    this.log.error("container", "start refused", ["name", unit.name(), "why", why]);
  }

  mount(unit: Unit): void {
    const a = this.attachment(unit);
    a.mountWaits = a.cleaning;
    if (a.cleaning) return;
    this.turns.ask(unit.name());
    this.giveTurns();
  }

  /** Its turn has come. */
  private begin(a: Attachment): void {
    const unit = a.unit;
    const c = unit.container;
    a.forget();
    let modules: string[] = [];
    try {
      a.places = planCgroupPlaces(this.around.facts.layout, c.name, false);
      if (c.config !== "") {
        const p = prepareContainer(this.around, c, this.found.state.groups[c.group]!, this.networks.grant(c), this.peers());
        for (const w of p.warnings) this.log.warn("container", w.why, ["name", c.name, "at", w.at]);
        a.take(p);
        modules = p.modules;
        if (p.plan === null) {
          this.refuse(unit, p.problems.map((q) => `${q.at}: ${q.why}`).join("; "));
          this.tell(unit, "failed");
          return;
        }
      }
      const wish = {
        lock: this.lockOf(unit), folders: ownFolders(this.settings, c, this.found.name), modules, volumes: volumePlanOf(this.around, c), options: this.around.volumes,
        disks: this.disks, driversRequired: c.driversRequired, driversOptional: c.driversOptional,
      };
      startWorker(this.loop, new MountJob(wish, this.drivers, this.meta), new Mounted(this, a));
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
    for (const line of text.split("\n")) {
      if (line.startsWith(LOADED)) this.drivers.remember(line.slice(LOADED.length));
      else if (line !== "") this.log.warn("volume", line, ["name", unit.name()]);
    }
    this.tell(unit, a.prepared === null || unit.container.statusGoal === "MOUNTED" ? "mount-only" : "mounted");
  }

  spawn(unit: Unit): void {
    const a = this.attachment(unit);
    const p = a.prepared!;
    try {
      for (const w of createCgroups(p.cgroup)) this.log.warn("cgroup", w, ["name", unit.name()]);
      this.monitor.add(unit.name(), a.places);
      a.networked = true;
      unit.frozen = false;
      prepareNetwork(p.network);
      const launched = launch(p.plan!);
      a.report = launched.report;
      a.netFd = launched.netFd;
      a.adopted = false;
      unit.pid = launched.pid;
      unit.pidfd = launched.pidfd;
      a.console = launched.console;
      a.ttys = launched.ttys;
      unit.startTicks = processStart(launched.pid);
      this.handConsole(a);
      this.loop.add(launched.report, EPOLLIN, new ReportWatch(this, a));
      this.loop.add(launched.pidfd, EPOLLIN, new PidWatch(this, a));
    } catch (e) {
      this.abandon(a);
      this.refuse(unit, `${unit.name()}: ${reason(e)}`);
      this.tell(unit, "failed");
    }
  }

  /** A process that can't be watched is ended at once. */
  private abandon(a: Attachment): void {
    const unit = a.unit;
    for (const fd of [unit.pidfd, a.report]) this.loop.remove(fd);
    if (unit.pidfd >= 0) {
      trySignalPidfd(unit.pidfd, SIGKILL);
      waitPid(unit.pid);
    }
    for (const fd of [unit.pidfd, a.report]) closeFd(fd);
    unit.pidfd = -1;
    a.report = -1;
    unit.pid = 0;
    unit.startTicks = 0;
  }

  private lockOf(unit: Unit): string {
    return `${this.settings.runDir}/wherry/lock.${unit.name()}`;
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
    if (a.report < 0) return;
    let r = readReport(a.report);
    for (; r.state === "warning" || r.state === "export"; r = readReport(a.report)) this.setUpNews(a, r);
    if (r.state === "waiting") return;
    this.loop.remove(a.report);
    closeFd(a.report);
    a.report = -1;
    if (r.state === "started") {
      a.prepared = null;
      this.tell(a.unit, "started");
      this.rules.begin(a.unit);
      return;
    }
    this.refuse(a.unit, failureText(a.unit.name(), r.failure));
    this.tell(a.unit, "failed");
  }

  private setUpNews(a: Attachment, r: StartState): void {
    if (r.state === "warning") {
      this.log.warn("container", r.failure.hint, ["name", a.unit.name()]);
      return;
    }
    const e = this.exportsOf(a.unit).find((x) => x.inside === r.failure.path);
    try {
      if (e !== undefined) attachExport(r.fd, e);
    } catch (error) {
      this.log.error("container", "export is not there for others", ["name", a.unit.name(), "path", r.failure.path, "why", reason(error)]);
    } finally {
      closeFd(r.fd);
    }
  }

  private exportsOf(unit: Unit): Export[] {
    return planExports(this.settings.exports, unit.name(), unit.container.exports);
  }

  /** Begins a command inside a running container. Throws SysError when no process can be made. */
  inside(unit: Unit, command: string[], environment: string[], timeoutMs: number, end: InsideEnd): InsideRun {
    const run = new InsideRun(this.loop, { name: unit.name(), pid: unit.pid, command, environment, filter: this.attachment(unit).filter, timeoutMs }, end);
    run.start();
    return run;
  }

  /** Containers whose namespaces others may share. */
  private peers(): RunningPeer[] {
    return this.boss!.units.filter((u) => u.isAlive() && u.pid > 0).map((u) => ({ name: u.name(), pid: u.pid }));
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
    if (unit.phase === "STARTING") this.reported(a); // it may still be unread when the end is seen first
    this.rules.end(unit);
    closeFd(unit.pidfd);
    unit.pidfd = -1;
    if (unit.ending.kind === "none") {
      const kills = this.killsOf(a);
      unit.ending.outOfMemory = kills > 0;
      unit.ending.kind = ended === null ? "unknown" : ended.exited ? "exited" : "killed";
      unit.ending.code = ended === null ? -1 : ended.status;
      unit.ending.reason = endingText(ended, kills > 0, unit.stoppedFor);
    }
    unit.pid = 0;
    unit.startTicks = 0;
    if (a.cleaning) this.goOnCleaning(a);
    else this.tell(unit, "exited");
  }

  signal(unit: Unit): void {
    const a = this.attachment(unit);
    const status = readTextOr(`/proc/${unit.pid}/status`, "", 8192);
    const halt = haltSignal(status, readTextOr(`/proc/${unit.pid}/syscall`, "", 256), a.halt);
    trySignalPidfd(unit.pidfd, halt.heard ? halt.signal : SIGKILL); // an init that does not listen would only be waited for
  }

  kill(unit: Unit): void {
    const a = this.attachment(unit);
    this.killGroup(a);
    if (unit.pidfd >= 0) trySignalPidfd(unit.pidfd, SIGKILL);
  }

  clean(unit: Unit): void {
    const a = this.attachment(unit);
    this.turns.leave(unit.name());
    a.cleaning = true;
    this.killGroup(a);
    if (unit.pidfd >= 0) trySignalPidfd(unit.pidfd, SIGKILL);
    this.goOnCleaning(a);
  }

  // A stop goes on whatever can't be looked at: what is still there then shows when the groups are removed.

  private killGroup(a: Attachment): void {
    try {
      killCgroup(a.places);
    } catch (e) {
      this.unseen(a, e);
    }
  }

  private isEmpty(a: Attachment): boolean {
    try {
      return this.monitor.awaitEmpty(a.unit.name());
    } catch (e) {
      this.unseen(a, e);
      return true;
    }
  }

  private killsOf(a: Attachment): number {
    try {
      return oomKills(a.places);
    } catch (e) {
      this.unseen(a, e);
      return 0;
    }
  }

  private unseen(a: Attachment, e: unknown): void {
    this.log.warn("cgroup", reason(e), ["name", a.unit.name()]);
  }

  /** The next step of cleaning that is possible now: process gone, group empty, then the worker. */
  private goOnCleaning(a: Attachment): void {
    if (a.unit.pidfd >= 0 || a.statusTimer !== null) return;
    if (!this.isEmpty(a)) return;
    const network = a.networked ? a.network : null;
    this.monitor.remove(a.unit.name());
    this.logger.send({ kind: "end", name: a.unit.name() }, []);
    closeFd(a.console);
    for (const fd of a.ttys) closeFd(fd);
    a.console = -1;
    a.ttys = [];
    a.networked = false;
    const remains = { lock: this.lockOf(a.unit), volumes: volumePlanOf(this.around, a.unit.container), places: a.places, network, netFd: a.netFd, exports: this.exportsOf(a.unit), exportsDir: this.settings.exports };
    const job = new CleanJob(remains);
    try {
      startWorker(this.loop, job, new Cleaned(this, a));
      closeFd(a.netFd);
      a.netFd = -1;
    } catch (e) {
      this.log.warn("container", "taken down without a worker", ["name", a.unit.name(), "why", reason(e)]);
      this.cleanHere(a, job);
    }
  }

  /** Better to wait here than to leave it. */
  private cleanHere(a: Attachment, job: CleanJob): void {
    let text = "";
    try {
      text = job.run();
    } catch (e) {
      text = reason(e);
    }
    closeFd(a.netFd);
    a.netFd = -1;
    this.cleaned(a, true, text);
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
    if (a.mountWaits) this.mount(a.unit); // what an earlier manager had left is gone
  }

  /**
   * Clears away what a container of an earlier manager left: processes, groups,
   * mounts. Its start waits for that; in phase CLEANING "cleaned" follows.
   * known: the journal knows of a run, so that there is something to look for.
   */
  sweep(unit: Unit, known: boolean): void {
    const a = this.recall(unit, known);
    const left = known || isPopulated(a.places) || cgroupProcesses(a.places).length > 0;
    if (!left && !this.anythingMounted(volumePlanOf(this.around, unit.container)) && !this.anyGroup(a.places)) return;
    this.log.info("container", "clearing away what is left of it", ["name", unit.name()]);
    this.monitor.add(unit.name(), a.places);
    this.clean(unit);
  }

  /** The plans of a container that an earlier manager had started. whole: with those that its configuration is read for. */
  private recall(unit: Unit, whole: boolean): Attachment {
    const a = this.attachment(unit);
    const c = unit.container;
    a.places = planCgroupPlaces(this.around.facts.layout, unit.name(), false);
    if (!whole || c.config === "") return a;
    try {
      a.take(prepareContainer(this.around, c, this.found.state.groups[c.group]!, this.networks.grant(c), this.peers()));
      a.prepared = null;
      a.networked = true;
    } catch (e) {
      this.log.warn("container", "its configuration can't be read any more", ["name", unit.name(), "why", reason(e)]);
    }
    return a;
  }

  private anythingMounted(plan: VolumePlan): boolean {
    const mounts = readTextOr("/proc/self/mounts", "", 4 * 1048576);
    return plan.steps.some((s) => mounts.includes(` ${s.target} `));
  }

  private anyGroup(places: CgroupPlace[]): boolean {
    return places.some((p) => readTextOr(`${p.directory}/cgroup.procs`, "-") !== "-");
  }

  /** Takes over a container whose volumes are mounted and that has no process. */
  adoptMounted(unit: Unit): void {
    this.recall(unit, false);
  }

  /** Takes over a running container; false when it ended meanwhile. */
  adopt(unit: Unit): boolean {
    const pidfd = tryOpenPidfd(unit.pid);
    if (pidfd < 0 || processStart(unit.pid) !== unit.startTicks) {
      closeFd(pidfd);
      return false;
    }
    const a = this.recall(unit, true);
    a.adopted = true;
    if (a.network !== null) a.netFd = openNetNamespace(a.network, unit.pid);
    unit.pidfd = pidfd;
    this.monitor.add(unit.name(), a.places);
    this.loop.add(pidfd, EPOLLIN, new PidWatch(this, a));
    this.rules.begin(unit);
    return true;
  }

  /** The console of a container that was taken over, so that another logger can go on reading it. */
  inheritConsole(name: string, fd: number): void {
    const a = this.attachments.get(name);
    if (a !== undefined && a.adopted && a.console < 0) a.console = fd;
    else closeFd(fd);
  }

  /** The last lines of a console, from the logger. */
  consoleEnded(name: string, text: string): void {
    const a = this.attachments.get(name);
    if (a !== undefined) a.unit.lastEnding().lastLines = text;
  }

  streamLog(name: string, lines: number, follow: boolean, fd: number): void {
    const unit = this.boss!.find(name)!;
    startWorker(this.loop, new LogJob(this.consolePath(unit), lines, follow, fd), new Unheard());
  }

  freeze(unit: Unit, frozen: boolean): string {
    if (!unit.isAlive()) return "Container is not running";
    if (!freezeCgroup(this.attachment(unit).places, frozen)) return "This machine has no freezer for it";
    unit.frozen = frozen;
    return "";
  }

  usage(unit: Unit): string {
    if (!unit.isAlive()) return "null";
    const u = readUsage(this.attachment(unit).places);
    return `{"memory_bytes":${u.memoryBytes},"memory_peak_bytes":${u.memoryPeakBytes},"cpu_us":${u.cpuUs},"processes":${u.processes}}`;
  }

  /** Gives back what the revision as a whole took. */
  close(): void {
    this.networks.close();
    removeContainerParents(this.around.facts.layout, false);
  }
}

/**
 * Carries out what the supervisor asks for. Here a container's program is
 * started and used; what comes before (mounting.ts), its end (ends.ts), taking
 * it down (cleaning.ts) and its console (consoles.ts) are files of their own.
 * Knows processes by pidfd. Decides nothing about restarts.
 * Rules: runtime spec §3.
 */
import { createCgroups, readLayout, removeContainerParents } from "../cgroup/apply.ts";
import { freezeCgroup } from "../cgroup/kill.ts";
import { readUsage } from "../cgroup/usage.ts";
import type { Config } from "../config/config.ts";
import { readHostFacts } from "../container/facts.ts";
import { launch, readReport, type StartState } from "../container/launch.ts";
import type { RunningPeer } from "../container/namespaces.ts";
import { failureText } from "../container/report.ts";
import { haltSignal } from "../container/stop.ts";
import type { LoggerClient } from "../log/client.ts";
import type { Log } from "../log/line.ts";
import { prepareNetwork } from "../net/apply.ts";
import { Runtime, type Supervisor } from "../supervisor/supervisor.ts";
import { noEnding, type Unit } from "../supervisor/unit.ts";
import { Answer, startWorker } from "../supervisor/worker.ts";
import { EPOLLIN, SIGKILL } from "../sys/constants.ts";
import { reason } from "../sys/error.ts";
import { closeFd, makeDirectories, readTextOr } from "../sys/files.ts";
import { Watch, type Loop } from "../sys/loop.ts";
import { kernelRelease, reap, trySignalPidfd, waitPid, type Cloned, type Ended } from "../sys/processes.ts";
import { attachExport, planExports } from "../volume/exports.ts";
import { Attachment } from "./attachment.ts";
import { Cleaning } from "./cleaning.ts";
import { handConsole } from "./consoles.ts";
import { volumeOptionsOf } from "./device_parts.ts";
import { DeviceRules } from "./device_rules.ts";
import { followFiles } from "./followed.ts";
import { watchEnd } from "./ends.ts";
import { type InsideEnd, InsideRun } from "./inside.ts";
import { StartedJob, type Disks } from "./jobs.ts";
import { startedSince, ticksNow } from "./journal.ts";
import { Mounting } from "./mounting.ts";
import { Networks } from "./networks.ts";
import { RecentConfigs } from "./lxc_files.ts";
import { hostFolders, type Surroundings } from "./prepare.ts";
import type { LoadedRevision } from "./revision.ts";
import type { Settings } from "./settings.ts";

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

/** Who made mounts for a set-up has ended. */
class ServerWatch extends Watch {
  private readonly runtime: ContainerRuntime;
  private readonly a: Attachment;
  private readonly server: Cloned;
  constructor(runtime: ContainerRuntime, a: Attachment, server: Cloned) {
    super();
    this.runtime = runtime;
    this.a = a;
    this.server = server;
  }
  ready(_events: number): void {
    this.runtime.loop.remove(this.server.pidfd);
    reap(this.server);
    this.a.server = -1;
    if (this.a.cleaning) this.runtime.cleaning.goOn(this.a);
  }
}

class HooksRun extends Answer {
  private readonly runtime: ContainerRuntime;
  private readonly unit: Unit;
  private readonly pid: number;
  constructor(runtime: ContainerRuntime, unit: Unit) {
    super();
    this.runtime = runtime;
    this.unit = unit;
    this.pid = unit.pid;
  }
  answered(ok: boolean, text: string): void {
    if (this.unit.phase !== "STARTING" || this.unit.pid !== this.pid) return; // it has ended meanwhile
    if (ok) this.runtime.runs(this.unit);
    else this.runtime.refuse(this.unit, text);
  }
}

export class ContainerRuntime extends Runtime {
  readonly loop: Loop;
  readonly logger: LoggerClient;
  readonly log: Log;
  readonly settings: Settings;
  readonly around: Surroundings;
  readonly attachments: Map<string, Attachment> = new Map<string, Attachment>();
  /** Of processes that PID 1 has reaped, until their pidfd says so too. */
  readonly statuses: Map<number, Ended> = new Map<number, Ended>();
  readonly rules: DeviceRules;
  readonly mounting: Mounting;
  readonly cleaning: Cleaning;
  private readonly networks: Networks;
  private boss: Supervisor | null = null;

  constructor(loop: Loop, logger: LoggerClient, log: Log, settings: Settings, config: Config, found: LoadedRevision, disks: Disks) {
    super();
    this.loop = loop;
    this.logger = logger;
    this.log = log;
    this.settings = settings;
    this.around = {
      settings, state: found.state, revision: found.name, trail: found.trail, facts: readHostFacts(readLayout()), folders: hostFolders(kernelRelease()),
      volumes: volumeOptionsOf(settings), configs: new RecentConfigs(),
    };
    loop.settled.push(this.around.configs);
    this.rules = new DeviceRules(loop, log, this);
    this.cleaning = new Cleaning(this);
    makeDirectories(`${settings.usr}/lib/lxc/rootfs`);
    this.networks = new Networks(config, settings, found.state, found.trail, log);
    this.mounting = new Mounting(this, this.networks, disks);
  }

  attach(boss: Supervisor): void {
    this.boss = boss;
  }

  /** The unit's own, made when it is asked for first. */
  attachment(unit: Unit): Attachment {
    let a = this.attachments.get(unit.name());
    if (a === undefined) {
      a = new Attachment(unit);
      this.attachments.set(unit.name(), a);
    }
    return a;
  }

  tell(unit: Unit, event: "mounted" | "mount-only" | "started" | "failed" | "exited" | "cleaned"): void {
    if (event !== "mounted" && event !== "exited") this.mounting.turns.leave(unit.name());
    this.boss!.dispatch(unit, event);
    this.mounting.giveTurns();
  }

  /** A start that was refused: said once, with what, where and why. */
  refuse(unit: Unit, why: string): void {
    unit.ending = { ...noEnding(), kind: "refused", reason: why };
    this.log.error("container", "start refused", ["name", unit.name(), "why", why]);
    this.tell(unit, "failed");
  }

  mount(unit: Unit): void {
    this.mounting.ask(this.attachment(unit));
  }

  spawn(unit: Unit): void {
    const a = this.attachment(unit);
    const p = a.prepared!;
    try {
      for (const w of createCgroups(p.cgroup)) this.log.warn("cgroup", w, ["name", unit.name()]);
      this.cleaning.monitor.add(unit.name(), a.places);
      a.networked = true;
      unit.frozen = false;
      prepareNetwork(p.network);
      const before = ticksNow();
      const launched = launch(p.plan!);
      unit.startTicks = startedSince(before, launched.pid);
      a.report = launched.report;
      a.netFd = launched.netFd;
      a.adopted = false;
      unit.pid = launched.pid;
      unit.pidfd = launched.pidfd;
      a.console = launched.console;
      a.ttys = launched.ttys;
      handConsole(this, a);
      if (launched.server.pid > 0) this.watchServer(a, launched.server);
      this.loop.add(launched.report, EPOLLIN, new ReportWatch(this, a));
      watchEnd(this, a);
    } catch (e) {
      this.abandon(a);
      this.refuse(unit, `${unit.name()}: ${reason(e)}`);
    }
  }

  /** Nothing is taken down before it has ended: one that can't be watched is ended at once. */
  private watchServer(a: Attachment, server: Cloned): void {
    try {
      this.loop.add(server.pidfd, EPOLLIN, new ServerWatch(this, a, server));
      a.server = server.pidfd;
    } catch (e) {
      trySignalPidfd(server.pidfd, SIGKILL);
      reap(server);
      throw e;
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

  reported(a: Attachment): void {
    if (a.report < 0) return;
    let r = readReport(a.report);
    for (; r.state === "warning" || r.state === "export"; r = readReport(a.report)) this.setUpNews(a.unit, r);
    if (r.state === "waiting") return;
    this.loop.remove(a.report);
    closeFd(a.report);
    a.report = -1;
    if (r.state !== "started") {
      this.refuse(a.unit, failureText(a.unit.name(), r.failure));
      return;
    }
    a.prepared = null;
    if (a.hooks === null) {
      this.runs(a.unit);
      return;
    }
    try {
      startWorker(this.loop, new StartedJob(a.hooks, a.unit.pid), new HooksRun(this, a.unit));
    } catch (e) {
      this.refuse(a.unit, reason(e));
    }
  }

  /** Its program has begun, and who wanted to know that knows. */
  runs(unit: Unit): void {
    this.tell(unit, "started");
    this.rules.begin(unit);
    followFiles(this, this.attachment(unit));
  }

  private setUpNews(unit: Unit, r: StartState): void {
    if (r.state === "warning") {
      this.log.warn("container", r.failure.hint, ["name", unit.name()]);
      return;
    }
    const e = planExports(this.settings.exports, unit.name(), unit.container.exports).find((x) => x.inside === r.failure.path);
    try {
      if (e !== undefined) attachExport(r.fd, e);
    } catch (error) {
      this.log.error("container", "export is not there for others", ["name", unit.name(), "path", r.failure.path, "why", reason(error)]);
    } finally {
      closeFd(r.fd);
    }
  }

  /** Begins a command inside a running container. Throws SysError when no process can be made. */
  inside(unit: Unit, command: string[], environment: string[], timeoutMs: number, end: InsideEnd): InsideRun {
    const run = new InsideRun(this.loop, { name: unit.name(), pid: unit.pid, command, environment, filter: this.attachment(unit).filter, timeoutMs }, end);
    run.start();
    return run;
  }

  /** No other one is being mounted or taken down: workers would do that beside each other. */
  isAlone(a: Attachment): boolean {
    for (const o of this.attachments.values()) if (o !== a && (o.unit.phase === "MOUNTING" || o.unit.phase === "STOPPING" || o.unit.phase === "CLEANING")) return false;
    return true;
  }

  restartsAtOnce(unit: Unit): boolean {
    return this.boss!.restartsAtOnce(unit);
  }

  /** Containers whose namespaces others may share. */
  peers(): RunningPeer[] {
    return this.boss!.units.filter((u) => u.isAlive() && u.pid > 0).map((u) => ({ name: u.name(), pid: u.pid }));
  }

  signal(unit: Unit): void {
    const a = this.attachment(unit);
    const status = readTextOr(`/proc/${unit.pid}/status`, "", 8192);
    const halt = haltSignal(status, readTextOr(`/proc/${unit.pid}/syscall`, "", 256), a.halt);
    trySignalPidfd(unit.pidfd, halt.heard ? halt.signal : SIGKILL); // an init that does not listen would only be waited for
  }

  kill(unit: Unit): void {
    this.cleaning.kill(this.attachment(unit));
  }

  clean(unit: Unit): void {
    this.mounting.turns.leave(unit.name());
    this.cleaning.begin(this.attachment(unit));
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

/**
 * The manager process: boots the device (or starts as a daemon), loads the
 * revision, supervises its containers, answers the control socket, ends in
 * order. One loop; whatever may wait runs in workers. A manager that starts
 * while containers run takes them over.
 * Rules: design "Process model"; lifecycle spec §1, §2.
 */
import type { LoadedConfig } from "../config/load.ts";
import { Router } from "../control/router.ts";
import { ControlServer } from "../control/server.ts";
import type { Mail } from "../init/mail.ts";
import { Log } from "../log/line.ts";
import { LoggerClient } from "../log/client.ts";
import { pointCurrent } from "../storage/current.ts";
import { isRevisionName, StoragePlaces } from "../storage/places.ts";
import type { Notification } from "../supervisor/notification.ts";
import type { GoalState } from "../supervisor/status.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import type { Unit } from "../supervisor/unit.ts";
import { EPOLLIN, SIGHUP, SIGINT, SIGPIPE, SIGTERM } from "../sys/constants.ts";
import { reason } from "../sys/error.ts";
import { closeFd } from "../sys/files.ts";
import { ignoreSignal, Loop, nextSignal, openSignals, type Timer } from "../sys/loop.ts";
import { trySetProcessName } from "../sys/processes.ts";
import { CONTAINER_FAILED, INTERNAL } from "../update/progress.ts";
import { kernelCommandLine, makeRunFolders, mark, readConfig } from "./boot.ts";
import { Care } from "./care.ts";
import { consoleEnded, handConsoles, inheritConsole } from "./consoles.ts";
import { ControlBackend } from "./control_backend.ts";
import { DeviceBoot } from "./device_boot.ts";
import { DeviceParts } from "./device_parts.ts";
import { notifyFolder, wantsNotify } from "./injected.ts";
import { reaped } from "./ends.ts";
import { Journal } from "./journal.ts";
import { CareNews, Complaints, LoopTimers, MailNews, News, NotifyNews, PartsUp, HeldLines, LoggerAgain, SignalWatch, SupervisorListener, TurnEnd } from "./manager_news.ts";
import { Mailbox } from "./mailbox.ts";
import { NotifySockets } from "./notify_sockets.ts";
import { loadRevision, type LoadedRevision } from "./revision.ts";
import { ContainerRuntime } from "./runtime.ts";
import { settingsOf, type Settings } from "./settings.ts";
import { Shutdown, type Ending } from "./shutdown.ts";
import { stillRuns, sweep, takeOver } from "./takeover.ts";
import { endStrays } from "./strays.ts";
import { ManagerSink } from "./sinks.ts";
import { SystemHooks } from "./system_hooks.ts";
import { Trial } from "./trial.ts";

/** Exit statuses of a daemon: the wrapper of existing installations reads them. Source: lifecycle spec §1. */
export const EXIT_REBOOT = 0;
export const EXIT_FAILED = 1;
export const EXIT_POWEROFF = 3;

/** How long lines about containers on their way wait for others at most. */
const LINES_MS = 50;
/** From a logger that could not be started to the next. */
const LOGGER_AGAIN_MS = 1000;

/** mailFd: the socket to PID 1, -1 for a daemon. again: this process has been the manager before. revision: "" = what the command line names, else "0". */
export type ManagerOptions = { configPath: string; revision: string; commandLine: string; words: string[]; mailFd: number; again: boolean };

export class Manager {
  readonly options: ManagerOptions;
  readonly sink: ManagerSink = new ManagerSink();
  readonly log: Log = new Log(this.sink, 5);
  readonly loop: Loop = new Loop(new Complaints(this.log));
  readonly loaded: LoadedConfig;
  readonly settings: Settings;
  readonly shutdown: Shutdown = new Shutdown(this);
  readonly logger: LoggerClient;
  readonly server: ControlServer;
  readonly mailbox: Mailbox;
  journal: Journal | null = null;
  current: LoadedRevision | null = null;
  boss: Supervisor | null = null;
  runtime: ContainerRuntime | null = null;
  parts: DeviceParts | null = null;
  revisionName = "0";
  readonly places: StoragePlaces;
  readonly trial: Trial;
  readonly hooks: SystemHooks = new SystemHooks(this);
  private readonly notify: NotifySockets;
  private care: Care | null = null;
  private signalFd = -1;
  private controlFd = -1;
  /** What the logger reads from, by container: ours too, in case it dies. */
  private readonly consoles: Map<string, number> = new Map<string, number>();
  private goalsSaid = false;
  private readonly loggerAgain: Timer = new LoggerAgain(this);
  private readonly lines: Timer;

  constructor(options: ManagerOptions) {
    this.options = options;
    this.loaded = readConfig(options.configPath, options.commandLine, options.words);
    this.settings = settingsOf(this.loaded);
    this.places = new StoragePlaces(this.settings.storage);
    this.trial = new Trial(this);
    this.loop.beforeWait.push(new TurnEnd(this));
    this.logger = new LoggerClient(this.loop, `${this.settings.runDir}/wherry/logger`, new News(this));
    this.lines = new HeldLines(this.logger);
    this.mailbox = new Mailbox(this.loop, options.mailFd, new MailNews(this));
    this.notify = new NotifySockets(this.loop, notifyFolder(this.settings), this.logger, new NotifyNews(this));
    this.server = new ControlServer(this.loop, `${this.settings.runDir}/pv-ctrl`, new Router(new ControlBackend(this)));
  }

  /** Runs to the end; result: how it ended. */
  run(): Ending {
    trySetProcessName("wherry");
    ignoreSignal(SIGPIPE);
    this.signalFd = openSignals([SIGTERM, SIGINT, SIGHUP]);
    this.loop.add(this.signalFd, EPOLLIN, new SignalWatch(this));
    this.mailbox.open();
    this.log.setThreshold(Math.max(3, this.settings.logLevel));
    mark(this.log, "userland");
    for (const n of this.loaded.config.takeNotes()) this.log.write(n.severity, "config", n.at, ["why", n.why]);
    for (const p of this.loaded.problems) this.log.error("config", p.at, ["why", p.why]);
    if (this.loaded.problems.length > 0) this.shutdown.begin("failed");
    else if (this.embedded()) new DeviceBoot(this).begin();
    else this.begin();
    this.loop.run();
    return this.shutdown.how;
  }

  embedded(): boolean {
    return this.settings.mode === "embedded";
  }

  /** Nothing can go on after this error. */
  fail(room: string, e: unknown): void {
    this.log.error(room, reason(e));
    this.giveUp(INTERNAL);
  }

  /** The revision can't run, for a reason that is said already: a trial goes back to the one before. why: for its progress. */
  private giveUp(why: string): void {
    if (!this.trial.fail(why)) this.shutdown.begin("failed");
  }

  /** From here on device and daemon are alike: the run dir is made, the logger found or started. */
  begin(): void {
    try {
      makeRunFolders(this.settings);
      this.journal = new Journal(this.settings.runDir);
      const revision = this.trial.choose(this.options.revision !== "" ? this.options.revision : (this.loaded.parameters.revision ?? "0"));
      if (!isRevisionName(revision)) throw new Error(`"${revision}" is not a name of a revision`);
      this.revisionName = revision;
      if (this.options.again) this.logger.child = endStrays(this.journal.read().filter(stillRuns).map((e) => e.pid));
      const isNew = this.logger.open() > 0;
      this.sink.attach(this.logger, `${this.settings.logs}/${revision}/pantavisor/pantavisor.log`, this.settings.logFileBytes);
      if (isNew) this.loggerComplete(); // it has nothing to tell, and reads later what it is sent now
    } catch (e) {
      this.fail("manager", e);
    }
  }

  loggerHas(name: string, fd: number): void {
    if (this.notify.inherit(name, fd)) return;
    if (name === "@control") {
      closeFd(this.controlFd);
      this.controlFd = fd;
    } else if (this.runtime === null) {
      closeFd(this.consoles.get(name) ?? -1);
      this.consoles.set(name, fd);
    } else {
      closeFd(fd);
    }
  }

  /** All that the logger had is known: load the revision, open the control socket, start or take over. */
  loggerComplete(): void {
    if (this.boss !== null || this.parts !== null || this.hooks.starting || this.shutdown.how !== "") return;
    try {
      if (this.trial.begin() && !this.hooks.run("system-start")) this.load();
    } catch (e) {
      this.fail("manager", e);
    }
  }

  /** The hooks of the device's start have been run. */
  hooksRan(ok: boolean): void {
    if (this.shutdown.how !== "") return;
    if (ok) this.load();
    else this.giveUp(INTERNAL);
  }

  private load(): void {
    try {
      const { found, why } = loadRevision(this.loaded.config, this.settings, this.places, this.revisionName, this.loaded.parameters.quickboot, this.log);
      if (found === null) {
        this.giveUp(why);
        return;
      }
      this.current = found;
      for (const folder of [`${this.settings.storage}/trails`, this.settings.logs]) pointCurrent(folder, this.revisionName);
      this.sink.attachContainers(found.state.containers.map((c) => c.name), `${this.settings.logs}/${this.revisionName}`, this.settings.runtimeLogLevel);
      mark(this.log, "revision");
      const fd = this.server.open(this.controlFd);
      if (this.controlFd < 0) this.logger.send({ kind: "keep", name: "control" }, [fd]);
      this.controlFd = fd;
      mark(this.log, "control");
      const parts = new DeviceParts(this.loop, this.log, this.settings, found);
      this.parts = parts;
      if (parts.areMissing()) parts.bringUp(new PartsUp(this));
      else this.startSupervisor(found, parts);
    } catch (e) {
      this.fail("manager", e);
    }
  }

  /** What the device itself mounts is there, or can't be: text says which, or why. */
  partsUp(ok: boolean, text: string): void {
    if (!ok) this.log.error("volume", "the device's own volumes", ["why", text]);
    else this.parts!.areUp(text);
    if (!ok) this.giveUp(INTERNAL);
    else if (this.shutdown.how === "") this.startSupervisor(this.current!, this.parts!);
  }

  private startSupervisor(found: LoadedRevision, parts: DeviceParts): void {
    for (const c of found.state.containers) if (wantsNotify(c)) this.notify.open(c.name);
    const runtime = new ContainerRuntime(this.loop, this.logger, this.log, this.settings, this.loaded.config, found, parts.disks);
    const boss = new Supervisor(found.state.groups, this.settings.goalSeconds, this.settings.stopMs, new LoopTimers(this.loop), runtime, new SupervisorListener(this), this.log);
    runtime.attach(boss);
    this.runtime = runtime;
    this.boss = boss;
    this.care = new Care(this.loop, this.settings, runtime, boss, this.notify, this.log, new CareNews(this));
    const entries = this.journal!.read();
    for (const c of found.state.containers) {
      const unit = boss.add(c, this.revisionName);
      const entry = entries.find((e) => e.name === c.name && e.revision === this.revisionName);
      if (entry !== undefined) takeOver(unit, entry, boss, runtime);
      else sweep(unit, runtime, false);
    }
    for (const [name, fd] of this.consoles) {
      if (boss.find(name) === null) this.logger.send({ kind: "end", name }); // nobody else would
      inheritConsole(runtime, name, fd);
    }
    this.consoles.clear();
    for (const e of entries) if (boss.find(e.name) === null) this.journal!.forget(e.name);
    this.notify.listen();
    this.trial.started();
    boss.evaluate();
  }

  runtimeTail(name: string, text: string): void {
    if (this.runtime !== null) consoleEnded(this.runtime, name, text);
  }

  loggerEnded(name: string): void {
    if (this.runtime !== null) this.runtime.cleaning.answered(name);
  }

  loggerLost(): void {
    if (this.shutdown.tookLeave) {
      this.shutdown.expired();
      return;
    }
    this.log.warn("log", "the logger is gone, starting another one");
    this.anotherLogger();
    if (this.runtime !== null) this.runtime.cleaning.loggerLost();
  }

  /** Until there is one nobody reads the consoles, and who writes to them waits in the end: a refusal is not the last word. */
  anotherLogger(): void {
    if (this.shutdown.tookLeave) return;
    try {
      this.logger.open();
    } catch (e) {
      this.log.error("log", "there is no logger, trying again", ["why", reason(e)]);
      this.loop.arm(this.loggerAgain, LOGGER_AGAIN_MS);
      return;
    }
    if (this.controlFd >= 0) this.logger.send({ kind: "keep", name: "control" }, [this.controlFd]);
    this.notify.handOver();
    if (this.runtime !== null) handConsoles(this.runtime);
  }

  unitChanged(unit: Unit): void {
    this.loop.settleLater();
    if (this.care !== null) this.care.follow(unit);
    this.trial.look();
    if (this.journal === null) return;
    try {
      this.journal.follow(unit);
    } catch (e) {
      this.untold(e);
    }
  }

  /** The turn of the loop is over. What is to be said of a container's way from one state to the next is sent when it is there. */
  turnEnds(): void {
    try {
      if (this.journal !== null) this.journal.late();
    } catch (e) {
      this.untold(e);
    }
    if (!this.logger.hasLines()) return;
    if (this.boss !== null && this.boss.isChanging()) {
      if (!this.lines.armed) this.loop.arm(this.lines, LINES_MS);
      return;
    }
    this.logger.flush();
    this.loop.disarm(this.lines);
  }

  /** The containers go on all the same. */
  private untold(e: unknown): void {
    this.log.error("manager", "a new manager would not know of a change", ["why", reason(e)]);
  }

  /** A container has said something on its notify socket. */
  notified(name: string, n: Notification): void {
    if (this.care !== null) this.care.notified(name, n);
  }

  /** Nothing more can be done for a container: the device's answer. */
  unitFailed(unit: Unit, why: string): void {
    this.log.error("container", "has failed for good", ["name", unit.name(), "why", why, "reason", unit.ending.reason]);
    if (!this.trial.fail(CONTAINER_FAILED) && this.embedded()) this.shutdown.begin("reboot");
  }

  /** A container is past all help but this. */
  startAgain(): void {
    if (!this.trial.fail(CONTAINER_FAILED)) this.shutdown.begin("reboot");
  }

  goalsChanged(state: GoalState): void {
    if (state === "achieved" && !this.goalsSaid) {
      this.goalsSaid = true;
      mark(this.log, "goals");
      this.hooks.tell("system-done");
    }
    this.log.info("device", "goals", ["state", state, "status", this.boss === null ? "NONE" : this.boss.deviceStatus()]);
    this.trial.goals(state);
  }

  signalled(): void {
    for (let s = nextSignal(this.signalFd); s !== 0; s = nextSignal(this.signalFd)) {
      if (s === SIGTERM) this.shutdown.begin("reboot");
      if (s === SIGINT) this.shutdown.begin("poweroff");
    }
  }

  /** PID 1 has written. */
  mailed(m: Mail): void {
    if (m.kind === "ping") this.mailbox.send({ kind: this.shutdown.how === "" && this.care !== null && this.care.starves() ? "unfed" : "alive" });
    else if (m.kind === "asked") this.shutdown.begin(m.how);
    else if (m.kind === "reaped" && this.runtime !== null) reaped(this.runtime, m.pid, m.exited, m.code);
  }
}

/** The manager as PID 1 starts it, or as `wherry daemon`: its exit status. */
export function runManager(options: ManagerOptions): number {
  const how = new Manager({ ...options, commandLine: options.commandLine === "" ? kernelCommandLine() : options.commandLine }).run();
  return how === "poweroff" ? EXIT_POWEROFF : how === "failed" ? EXIT_FAILED : EXIT_REBOOT;
}

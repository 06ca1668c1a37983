/**
 * The manager process: boots the device (or starts as a daemon), loads the
 * revision, supervises its containers, answers the control socket, ends in
 * order. One loop; whatever may wait runs in workers. A manager that starts
 * while containers run takes them over.
 * Rules: design "Process model"; lifecycle spec §1, §2, §14.
 */
import type { Config } from "../config/config.ts";
import type { LoadedConfig } from "../config/load.ts";
import { setUpHierarchies } from "../cgroup/setup.ts";
import { Backend } from "../control/backend.ts";
import { Router } from "../control/router.ts";
import { done, refusal, type Response } from "../control/response.ts";
import { ControlServer } from "../control/server.ts";
import type { Mail } from "../init/mail.ts";
import { Log } from "../log/line.ts";
import { LoggerClient } from "../log/client.ts";
import { isRevisionName, StoragePlaces } from "../storage/places.ts";
import type { Group, State } from "../state/model.ts";
import type { Notification } from "../supervisor/notification.ts";
import type { GoalState } from "../supervisor/status.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import type { Unit } from "../supervisor/unit.ts";
import { CLOCK_BOOTTIME, EPOLLIN, SIGHUP, SIGINT, SIGPIPE, SIGTERM } from "../sys/constants.ts";
import { EINVAL, errnoName } from "../sys/errno.ts";
import { reason } from "../sys/error.ts";
import { closeFd, makeDirectories, readLink, setCloseOnExec, syncDirectory, trySymlink, tryUnlink, tryRename } from "../sys/files.ts";
import { clockMs, ignoreSignal, Loop, monotonicMs, nextSignal, openSignals, type Timer } from "../sys/loop.ts";
import { tryUnmount } from "../sys/mounts.ts";
import { environment, setProcessName, tryExec } from "../sys/processes.ts";
import { kernelCommandLine, loadBootModules, loadEarlyDrivers, makeRunFolders, mountStorage, readConfig, storageDevice, writeSysctls } from "./boot.ts";
import { Care } from "./care.ts";
import { DeviceParts } from "./device_parts.ts";
import { notifyFolder, wantsNotify } from "./injected.ts";
import { Journal } from "./journal.ts";
import { CareNews, Complaints, FinishTimer, LoopTimers, MailNews, News, NotifyNews, PartsDown, PartsUp, SignalWatch, StorageTimer, SupervisorListener } from "./manager_news.ts";
import { Mailbox } from "./mailbox.ts";
import { NotifySockets } from "./notify_sockets.ts";
import { loadRevision, type LoadedRevision } from "./revision.ts";
import { ContainerRuntime } from "./runtime.ts";
import { settingsOf, type Settings } from "./settings.ts";
import { stillRuns, takeOver } from "./takeover.ts";
import { endStrays } from "./strays.ts";
import { ManagerSink } from "./sinks.ts";

/** Exit statuses of a daemon: the wrapper of existing installations reads them. Source: lifecycle spec §1. */
export const EXIT_REBOOT = 0;
export const EXIT_FAILED = 1;
export const EXIT_POWEROFF = 3;

/** mailFd: the socket to PID 1, -1 for a daemon. again: this process has been the manager before. revision: "" = what the command line names, else "0". */
export type ManagerOptions = { configPath: string; revision: string; commandLine: string; words: string[]; mailFd: number; again: boolean };

type Ending = "" | "poweroff" | "reboot" | "failed";

const STORAGE_POLL_MS = 50;
/** How long the logger may take to write its last lines. */
const LOGGER_MS = 5000;

export class Manager extends Backend {
  private readonly options: ManagerOptions;
  private readonly sink: ManagerSink = new ManagerSink();
  private readonly log: Log = new Log(this.sink, 5);
  private readonly loop: Loop = new Loop(new Complaints(this.log));
  private readonly storageTimer: Timer = new StorageTimer(this);
  private readonly loaded: LoadedConfig;
  private readonly settings: Settings;
  private readonly places: StoragePlaces;
  private readonly logger: LoggerClient;
  private readonly server: ControlServer;
  private signalFd = -1;
  private storageDeadline = 0;
  private journal: Journal | null = null;
  private current: LoadedRevision | null = null;
  private boss: Supervisor | null = null;
  private runtime: ContainerRuntime | null = null;
  private parts: DeviceParts | null = null;
  private care: Care | null = null;
  private readonly notify: NotifySockets;
  private readonly mailbox: Mailbox;
  private revisionName = "0";
  private controlFd = -1;
  private ending: Ending = "";
  /** What the logger reads from, by container: ours too, in case it dies. */
  private readonly consoles: Map<string, number> = new Map<string, number>();
  private goalsSaid = false;
  private down = false;
  private readonly finishTimer: Timer = new FinishTimer(this);

  constructor(options: ManagerOptions) {
    super();
    this.options = options;
    this.loaded = readConfig(options.configPath, options.commandLine, options.words);
    this.settings = settingsOf(this.loaded);
    this.places = new StoragePlaces(this.settings.storage);
    this.logger = new LoggerClient(this.loop, `${this.settings.runDir}/wherry/logger`, new News(this));
    this.mailbox = new Mailbox(this.loop, options.mailFd, new MailNews(this));
    this.notify = new NotifySockets(this.loop, notifyFolder(this.settings), this.logger, new NotifyNews(this));
    this.server = new ControlServer(this.loop, `${this.settings.runDir}/pv-ctrl`, new Router(this));
  }

  /** Runs to the end; result: how it ended. */
  run(): Ending {
    setProcessName("wherry");
    ignoreSignal(SIGPIPE);
    this.signalFd = openSignals([SIGTERM, SIGINT, SIGHUP]);
    this.loop.add(this.signalFd, EPOLLIN, new SignalWatch(this));
    this.mailbox.open();
    this.log.setThreshold(Math.max(3, this.settings.logLevel));
    this.mark("userland");
    for (const n of this.loaded.config.takeNotes()) this.log.write(n.severity, "config", n.at, ["why", n.why]);
    for (const p of this.loaded.problems) this.log.error("config", p.at, ["why", p.why]);
    if (this.loaded.problems.length > 0) this.end("failed");
    else if (this.embedded()) this.bootDevice();
    else this.begin();
    this.loop.run();
    return this.ending;
  }

  private embedded(): boolean {
    return this.settings.mode === "embedded";
  }

  /** One step of the boot, with the time since the kernel started. */
  private mark(what: string): void {
    this.log.info("boot", what, ["at_ms", String(Math.round(clockMs(CLOCK_BOOTTIME)))]);
  }

  private bootDevice(): void {
    writeSysctls(this.loaded, this.log);
    loadBootModules(this.log);
    loadEarlyDrivers(this.settings);
    this.mailbox.send({ kind: "watchdog", mode: this.settings.watchdogMode, seconds: this.settings.watchdogSeconds, silence: this.settings.managerSeconds }); // its driver may be one of them
    this.mark("modules");
    for (const w of setUpHierarchies(this.loaded.config.text("WHERRY_CGROUP") === "unified")) this.log.warn("cgroup", w);
    this.storageDeadline = monotonicMs() + this.settings.storageWaitSeconds * 1000;
    this.lookForStorage();
  }

  /** Mounts the storage when its device is there; looks again until the time is over. */
  lookForStorage(): void {
    try {
      const device = storageDevice(this.settings);
      if (device === "" && monotonicMs() < this.storageDeadline) {
        this.loop.arm(this.storageTimer, STORAGE_POLL_MS);
        return;
      }
      if (device === "") {
        this.log.error("storage", `no device is ${this.settings.storageDevice}`, ["waited_s", String(this.settings.storageWaitSeconds)]);
        this.end("failed");
        return;
      }
      mountStorage(this.settings, device);
    } catch (e) {
      this.log.error("storage", reason(e));
      this.end("failed");
      return;
    }
    this.mark("storage");
    this.begin();
  }

  /** From here on device and daemon are alike: the run dir is made, the logger found or started. */
  private begin(): void {
    try {
      makeRunFolders(this.settings);
      this.journal = new Journal(this.settings.runDir);
      const revision = this.options.revision !== "" ? this.options.revision : (this.loaded.parameters.revision ?? "0");
      if (!isRevisionName(revision)) throw new Error(`"${revision}" is not a name of a revision`);
      this.revisionName = revision;
      if (this.options.again) this.logger.child = endStrays(this.journal.read().filter(stillRuns).map((e) => e.pid));
      this.logger.open();
      this.sink.attach(this.logger, `${this.settings.logs}/${revision}/pantavisor/pantavisor.log`, this.settings.logFileBytes);
    } catch (e) {
      this.log.error("manager", reason(e));
      this.end("failed");
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

  /** The logger is ready: load the revision, open the control socket, start or take over. */
  loggerComplete(): void {
    if (this.boss !== null || this.parts !== null) return;
    try {
      const found = loadRevision(this.loaded.config, this.settings, this.places, this.revisionName, this.loaded.parameters.quickboot, this.log);
      if (found === null) {
        this.end("failed");
        return;
      }
      this.current = found;
      this.pointCurrent();
      this.mark("revision");
      const fd = this.server.open(this.controlFd);
      if (this.controlFd < 0) this.logger.send({ kind: "keep", name: "control" }, [fd]);
      this.controlFd = fd;
      this.mark("control");
      const parts = new DeviceParts(this.loop, this.log, this.settings, found);
      this.parts = parts;
      if (parts.areMissing()) parts.bringUp(new PartsUp(this));
      else this.startSupervisor(found, parts);
    } catch (e) {
      this.log.error("manager", reason(e));
      this.end("failed");
    }
  }

  /** What the device itself mounts is there, or can't be: text says which, or why. */
  partsUp(ok: boolean, text: string): void {
    if (!ok) this.log.error("volume", "the device's own volumes", ["why", text]);
    else this.parts!.areUp(text);
    if (!ok) this.end("failed");
    else if (this.ending === "") this.startSupervisor(this.current!, this.parts!);
  }

  /** trails/current and logs/current name the running revision. */
  private pointCurrent(): void {
    for (const folder of [`${this.settings.storage}/trails`, this.settings.logs]) {
      const link = `${folder}/current`;
      if (readLink(link) === this.revisionName) continue;
      makeDirectories(folder);
      tryUnlink(`${link}.tmp`);
      if (trySymlink(this.revisionName, `${link}.tmp`) === 0 && tryRename(`${link}.tmp`, link) === 0) syncDirectory(folder);
    }
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
      else runtime.sweep(unit, false);
    }
    for (const [name, fd] of this.consoles) runtime.inheritConsole(name, fd);
    this.consoles.clear();
    for (const e of entries) if (boss.find(e.name) === null) this.journal!.forget(e.name);
    this.notify.listen();
    boss.evaluate();
  }

  runtimeTail(name: string, text: string): void {
    if (this.runtime !== null) this.runtime.consoleEnded(name, text);
  }

  loggerLost(): void {
    if (this.ending !== "") {
      this.finish();
      return;
    }
    this.log.warn("log", "the logger is gone, starting another one");
    this.logger.open();
    if (this.controlFd >= 0) this.logger.send({ kind: "keep", name: "control" }, [this.controlFd]);
    this.notify.handOver();
    if (this.runtime !== null) this.runtime.handConsoles();
  }

  unitChanged(unit: Unit): void {
    this.loop.settleLater();
    if (this.care !== null) this.care.follow(unit);
    if (this.journal === null) return;
    const waits = unit.phase === "INSTALLED" || unit.phase === "BLOCKED" || unit.phase === "NONE";
    try {
      if (waits && unit.retries === 0 && unit.healthFailures === 0) this.journal.forget(unit.name());
      else this.journal.record(unit);
    } catch (e) {
      this.log.error("manager", "a new manager would not know of this", ["name", unit.name(), "why", reason(e)]); // the container goes on all the same
    }
  }

  /** A container has said something on its notify socket. */
  notified(name: string, n: Notification): void {
    if (this.care !== null) this.care.notified(name, n);
  }

  /** A container is past all help but this. */
  startAgain(): void {
    this.end("reboot");
  }

  /** Nothing more can be done for a container: the device's answer. */
  unitFailed(unit: Unit, why: string): void {
    this.log.error("container", "has failed for good", ["name", unit.name(), "why", why, "reason", unit.ending.reason]);
    if (this.embedded()) this.end("reboot");
  }

  goalsChanged(state: GoalState): void {
    if (state === "achieved" && !this.goalsSaid) {
      this.goalsSaid = true;
      this.mark("goals");
    }
    this.log.info("device", "goals", ["state", state, "status", this.boss === null ? "NONE" : this.boss.deviceStatus()]);
  }

  signalled(): void {
    for (let s = nextSignal(this.signalFd); s !== 0; s = nextSignal(this.signalFd)) {
      if (s === SIGTERM) this.end("reboot");
      if (s === SIGINT) this.end("poweroff");
    }
  }

  /** PID 1 has written. */
  mailed(m: Mail): void {
    if (m.kind === "ping") this.mailbox.send({ kind: this.ending === "" && this.care !== null && this.care.starves() ? "unfed" : "alive" });
    else if (m.kind === "asked") this.end(m.how);
    else if (m.kind === "reaped" && this.runtime !== null) this.runtime.reaped(m.pid, m.exited, m.code);
  }

  /** Begins the end: containers first. */
  private end(how: Ending): void {
    if (this.ending !== "") return;
    this.ending = how;
    this.log.info("manager", how === "failed" ? "can't go on" : `${how} begins`);
    if (this.boss !== null) this.boss.stopAll();
    else this.allDown();
  }

  /** Everything is stopped: the logger writes what it has and ends, which brings us to finish(). */
  allDown(): void {
    if (this.ending === "" || this.down) return;
    this.down = true;
    if (this.runtime !== null) this.runtime.close();
    if (this.journal !== null && this.boss !== null) this.journal.forgetAll();
    this.server.close();
    this.log.info("manager", "all containers are down");
    if (this.parts === null || !this.parts.takeDown(new PartsDown(this))) this.partsDown("");
  }

  /** Disks and the device's volumes are gone but for what the text names. */
  partsDown(left: string): void {
    for (const w of left.split("\n")) if (w !== "") this.log.warn("volume", "left behind", ["what", w]);
    if (this.logger.send({ kind: "stop" })) this.loop.arm(this.finishTimer, LOGGER_MS);
    else this.finish();
  }

  /** Gives back what the boot took, tells PID 1, leaves the loop. */
  finish(): void {
    this.logger.close();
    if (this.embedded() && this.options.mailFd >= 0) {
      const r = tryUnmount(this.settings.storage, 0);
      if (r < 0 && r !== -EINVAL) this.log.warn("storage", "could not be unmounted, PID 1 tries again", ["path", this.settings.storage, "errno", errnoName(-r)]);
      this.mailbox.send({ kind: "finish", how: this.ending === "poweroff" ? "poweroff" : "reboot" });
    }
    this.loop.stop();
  }

  // What the control socket asks for.

  supervisor(): Supervisor | null {
    return this.boss;
  }

  groups(): Group[] {
    const state: State | null = this.current === null ? null : this.current.state;
    return state === null ? [] : state.groups;
  }

  config(): Config {
    return this.loaded.config;
  }

  revision(): string {
    return this.revisionName;
  }

  command(op: string, payload: string): Response {
    if (op === "POWEROFF_DEVICE" || op === "REBOOT_DEVICE") {
      if (this.ending !== "") return refusal(503, "A command is already in progress. Try again");
      this.log.info("control", op, ["message", payload]);
      this.end(op === "POWEROFF_DEVICE" ? "poweroff" : "reboot");
      return done();
    }
    return refusal(400, `Command ${op} is not known`);
  }

  streamLog(name: string, lines: number, follow: boolean, fd: number): void {
    this.runtime!.streamLog(name, lines, follow, fd);
  }

  freeze(unit: Unit, frozen: boolean): string {
    return this.runtime!.freeze(unit, frozen);
  }

  usage(unit: Unit): string {
    return this.runtime === null ? "null" : this.runtime.usage(unit);
  }

  /** Executes the program file again in this process: containers are still our children afterwards. */
  reexec(): Response {
    const exe = readLink("/proc/self/exe");
    const path = exe.endsWith(" (deleted)") ? exe.slice(0, exe.length - 10) : exe;
    if (this.options.mailFd >= 0) setCloseOnExec(this.options.mailFd, false);
    this.log.info("manager", "executing itself again", ["path", path]);
    const argv = [path, "daemon", "--config", this.options.configPath, "--revision", this.revisionName, "--mail", String(this.options.mailFd)];
    const r = tryExec(path, argv, environment());
    return refusal(500, `exec ${path} was refused: ${-r}`);
  }
}

/** The manager as PID 1 starts it, or as `wherry daemon`: its exit status. */
export function runManager(options: ManagerOptions): number {
  const how = new Manager({ ...options, commandLine: options.commandLine === "" ? kernelCommandLine() : options.commandLine }).run();
  return how === "poweroff" ? EXIT_POWEROFF : how === "failed" ? EXIT_FAILED : EXIT_REBOOT;
}

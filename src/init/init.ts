/**
 * PID 1: mounts the basics, starts the manager, reaps, feeds the watchdog
 * while the manager answers, starts the manager again when it dies or hangs.
 * It knows nothing of containers and never exits. A trap of its own makes it
 * execute itself again and go on with the manager that runs.
 * Rules: design "Process model"; lifecycle spec §1, §12.
 */
import { EPOLLIN, SIGCHLD, SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGPWR, SIGTERM, SOCK_NONBLOCK, SOCK_SEQPACKET } from "../sys/constants.ts";
import { EAGAIN, ECHILD } from "../sys/errno.ts";
import { errnoOf, reason } from "../sys/error.ts";
import { closeFd, readLink, setCloseOnExec, tryWrite } from "../sys/files.ts";
import { Faults, ignoreSignal, Loop, monotonicMs, nextSignal, openSignals, resetSignals, Timer, Watch } from "../sys/loop.ts";
import { cloneProcess, exitNow, reapAny, reexecOnTrap, trySignal } from "../sys/processes.ts";
import { tryReboot, REBOOT_CAD_OFF } from "../sys/devices.ts";
import { receive, socketPair, trySend } from "../sys/sockets.ts";
import { parseDecimal, toUtf8 } from "../sys/text.ts";
import { Watchdog } from "../watchdog/device.ts";
import { mountEarly, openConsole } from "./early.ts";
import { finishMachine } from "./finish.ts";
import { pingSeconds, silenceSeconds } from "./heartbeat.ts";
import { packMail, unpackMail, type Mail } from "./mail.ts";

/** What runs as the manager; the descriptor leads to PID 1. */
export abstract class ManagerProgram {
  abstract run(mailFd: number): void;
}

/** Seconds a manager may be silent before it has said how many. */
const SILENCE_SECONDS = 30;
/** A manager that fails this often within the window takes the machine with it. */
const MAX_FAILURES = 5;
const FAILURE_WINDOW_MS = 60000;
const RESTART_MS = 500;

function say(text: string): void {
  const b = toUtf8(`init: ${text}\n`);
  tryWrite(2, b, 0, b.length);
}

class Complaints extends Faults {
  fault(e: unknown): void {
    say(reason(e));
  }
}

class ChildNews extends Watch {
  private readonly init: Init;
  constructor(init: Init) {
    super();
    this.init = init;
  }
  ready(_events: number): void {
    this.init.signals();
  }
}

class ManagerMail extends Watch {
  private readonly init: Init;
  constructor(init: Init) {
    super();
    this.init = init;
  }
  ready(_events: number): void {
    this.init.mail();
  }
}

class PingTimer extends Timer {
  private readonly init: Init;
  constructor(init: Init) {
    super();
    this.init = init;
  }
  expired(): void {
    this.init.ping();
  }
}

class RestartTimer extends Timer {
  private readonly init: Init;
  constructor(init: Init) {
    super();
    this.init = init;
  }
  expired(): void {
    this.init.startManager();
  }
}

class Init {
  private readonly loop: Loop = new Loop(new Complaints());
  private readonly program: ManagerProgram;
  private readonly watchdog: Watchdog = new Watchdog();
  private readonly pingTimer: Timer = new PingTimer(this);
  private readonly restartTimer: Timer = new RestartTimer(this);
  private readonly buffer: Uint8Array = new Uint8Array(512);
  private signalFd = -1;
  private fd = -1;
  private managerPid = 0;
  private heardMs = 0;
  private silence = SILENCE_SECONDS;
  private failures = 0;
  private firstFailureMs = 0;
  private finish: "" | "poweroff" | "reboot" = "";
  private watchdogMode = "disabled";
  private watchdogSeconds = 0;

  constructor(program: ManagerProgram) {
    this.program = program;
  }

  /** recoveredPid, recoveredFd: a manager that runs already (after a trap), else 0 and -1. */
  run(recoveredPid: number, recoveredFd: number): void {
    this.signalFd = openSignals([SIGCHLD, SIGTERM, SIGINT, SIGPWR]);
    this.loop.add(this.signalFd, EPOLLIN, new ChildNews(this));
    if (recoveredPid > 0) this.join(recoveredPid, recoveredFd);
    else this.startManager();
    this.signals(); // children that ended before the descriptor was there
    for (;;) {
      try {
        this.loop.run();
      } catch (e) {
        say(reason(e));
      }
    }
  }

  startManager(): void {
    const pair = socketPair(SOCK_SEQPACKET | SOCK_NONBLOCK);
    const child = cloneProcess(0);
    if (child.pid === 0) {
      closeFd(pair[0]!);
      closeFd(this.loop.epoll);
      closeFd(this.signalFd);
      resetSignals();
      let status = 0;
      try {
        this.program.run(pair[1]!);
      } catch (e) {
        say(`manager: ${reason(e)}`);
        status = 1;
      }
      exitNow(status);
    }
    closeFd(child.pidfd);
    closeFd(pair[1]!);
    setCloseOnExec(pair[0]!, false);
    this.join(child.pid, pair[0]!);
  }

  private join(pid: number, fd: number): void {
    this.managerPid = pid;
    this.fd = fd;
    this.heardMs = monotonicMs();
    this.loop.add(fd, EPOLLIN, new ManagerMail(this));
    const exe = readLink("/proc/self/exe");
    reexecOnTrap(exe, [exe, "init", "--recovered", String(pid), String(fd)]);
    this.loop.arm(this.pingTimer, pingSeconds(this.silence, this.watchdog.timeout) * 1000);
    this.loop.settleLater();
  }

  signals(): void {
    for (let s = nextSignal(this.signalFd); s !== 0; s = nextSignal(this.signalFd)) {
      if (s === SIGTERM || s === SIGPWR) this.send({ kind: "asked", how: "poweroff" });
      if (s === SIGINT) this.send({ kind: "asked", how: "reboot" });
    }
    this.reap();
  }

  private reap(): void {
    try {
      for (let e = reapAny(); e.pid !== 0; e = reapAny()) {
        if (e.pid === this.managerPid) this.managerEnded(e.exited ? `status ${e.status}` : `signal ${e.status}`);
        else this.send({ kind: "reaped", pid: e.pid, exited: e.exited, code: e.status });
      }
    } catch (e) {
      if (errnoOf(e) !== ECHILD) throw e;
    }
  }

  private managerEnded(how: string): void {
    this.mail(); // what it said last
    if (this.fd >= 0) {
      this.loop.remove(this.fd);
      closeFd(this.fd);
    }
    this.fd = -1;
    this.managerPid = 0;
    this.loop.disarm(this.pingTimer);
    if (this.finish !== "") this.end(this.finish);
    const now = monotonicMs();
    if (now - this.firstFailureMs > FAILURE_WINDOW_MS) {
      this.firstFailureMs = now;
      this.failures = 0;
    }
    this.failures = this.failures + 1;
    if (this.failures > MAX_FAILURES) {
      say(`the manager failed ${this.failures} times in a minute (${how}): rebooting`);
      this.end("reboot");
    }
    say(`the manager ended with ${how}: starting it again`);
    this.loop.arm(this.restartTimer, RESTART_MS);
  }

  private end(how: "poweroff" | "reboot"): void {
    if (how === "poweroff" && this.watchdogMode !== "always") this.watchdog.stop();
    else if (how === "reboot" && this.watchdogMode !== "disabled" && !this.watchdog.isOpen()) this.watchdog.open("/dev/watchdog", this.watchdogSeconds);
    say(how === "poweroff" ? "powering off" : "rebooting");
    const r = finishMachine(how);
    say(`reboot(2) was refused: ${-r}`); // inside a container there is nothing more to do than stay
  }

  mail(): void {
    for (;;) {
      if (this.fd < 0) return;
      const r = receive(this.fd, this.buffer);
      for (const fd of r.fds) closeFd(fd);
      if (r.size === -EAGAIN) return;
      if (r.size <= 0) { // the manager's end is gone; SIGCHLD tells the rest
        this.loop.remove(this.fd);
        closeFd(this.fd);
        this.fd = -1;
        return;
      }
      const m = unpackMail(this.buffer.subarray(0, r.size));
      if (m !== null) this.take(m);
    }
  }

  private take(m: Mail): void {
    if (m.kind === "alive" || m.kind === "unfed") {
      this.heardMs = monotonicMs();
      if (m.kind === "alive") this.watchdog.feed();
    } else if (m.kind === "finish") {
      this.finish = m.how;
    } else if (m.kind === "watchdog") {
      this.watchdogMode = m.mode;
      this.watchdogSeconds = m.seconds;
      if (m.silence > 0) this.silence = m.silence;
      if ((m.mode === "startup" || m.mode === "always") && !this.watchdog.isOpen()) {
        const r = this.watchdog.open("/dev/watchdog", m.seconds);
        if (r < 0) say(`no watchdog: /dev/watchdog answers ${-r}`);
      }
      this.loop.arm(this.pingTimer, pingSeconds(this.silence, this.watchdog.timeout) * 1000);
    }
  }

  /** Asks the manager for a sign of life; one that gave none since the last time is ended. */
  ping(): void {
    if (this.managerPid === 0) return;
    const allowed = silenceSeconds(this.silence, this.watchdog.timeout);
    if (monotonicMs() - this.heardMs >= allowed * 1000) {
      say(`the manager has been silent for ${allowed} s: killing it`);
      trySignal(this.managerPid, SIGKILL);
      return;
    }
    this.send({ kind: "ping" });
    this.loop.arm(this.pingTimer, pingSeconds(this.silence, this.watchdog.timeout) * 1000);
  }

  private send(m: Mail): void {
    if (this.fd < 0) return;
    const b = packMail(m);
    trySend(this.fd, b, 0, b.length);
  }
}

/** Runs as PID 1. args: what follows `init`; `--recovered PID FD` after a trap. */
export function runInit(args: string[], program: ManagerProgram): void {
  const recovered = args[0] === "--recovered" && args.length >= 3;
  for (const s of [SIGHUP, SIGPIPE]) ignoreSignal(s);
  try {
    if (!recovered) {
      mountEarly();
      openConsole();
      tryReboot(REBOOT_CAD_OFF); // Ctrl-Alt-Del sends SIGINT to PID 1 instead of resetting
    }
  } catch (e) {
    say(reason(e));
  }
  new Init(program).run(recovered ? parseDecimal(args[1]!) : 0, recovered ? parseDecimal(args[2]!) : -1);
}

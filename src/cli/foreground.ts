/**
 * Stands between a container in the foreground and whoever started us:
 * signals and, with a terminal, keys and output go through, the exit status
 * comes back. Sources: signalfd(2), termios(3), pid_namespaces(7).
 */
import { SIGCHLD, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, EPOLLIN, EPOLLOUT } from "../sys/constants.ts";
import { EAGAIN, EPERM } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { closeFd, readText, tryRead, tryWrite, writeAll } from "../sys/files.ts";
import { Faults, Loop, openSignals, nextSignal, waitFor, Watch } from "../sys/loop.ts";
import { reapPidfd, trySignalPidfd, type Ended } from "../sys/processes.ts";
import { toUtf8 } from "../sys/text.ts";
import { copyWindowSize, RawTerminal } from "./raw_terminal.ts";
import { catches } from "../container/stop.ts";

/** Ctrl-D. */
const END_OF_FILE: Uint8Array = new Uint8Array([4]);
const FORWARDED = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/** Blocks what is to be passed on; result: the descriptor it arrives at. Before the clone, so that nothing is missed. */
export function holdSignals(): number {
  return openSignals([...FORWARDED, SIGCHLD, SIGWINCH]);
}

function statusOf(e: Ended): number {
  return e.exited ? e.status : 128 + e.status;
}

/** A process of ours in the foreground. isInit: the first of its pid namespace. */
export type Foreground = { pid: number; pidfd: number; isInit: boolean };

/** Passes a signal on. An init never gets one that it does not catch: it is ended instead. */
function forward(f: Foreground, signal: number): void {
  const deadly = f.isInit && signal !== SIGUSR1 && signal !== SIGUSR2;
  const caught = !deadly || catches(readText(`/proc/${f.pid}/status`), signal);
  trySignalPidfd(f.pidfd, caught ? signal : SIGKILL);
}

/** Waits for its end; result: exit status, or 128 + the signal that ended it. Closes the pidfd. */
export function waitForeground(f: Foreground, signals: number): number {
  let last = 0;
  for (;;) {
    waitFor(signals, EPOLLIN, -1);
    const signal = nextSignal(signals);
    if (signal === SIGCHLD) {
      const end = reapPidfd(f.pidfd);
      if (end.pid === 0) continue;
      closeFd(f.pidfd);
      closeFd(signals);
      return !end.exited && end.status === SIGKILL && last !== 0 ? 128 + last : statusOf(end);
    }
    if (FORWARDED.includes(signal)) {
      last = signal;
      forward(f, signal);
    }
  }
}

/** Nothing a handler does may stop the terminal from being restored. */
class Quiet extends Faults {
  fault(_e: unknown): void {
    // a terminal that is gone shows in the next read or write
  }
}

/** What flows between the person and the container. */
class Terminals {
  readonly loop: Loop = new Loop(new Quiet());
  readonly master: number;
  readonly person: RawTerminal = new RawTerminal(0);
  status = 0;
  /** With which errno our own output was refused. */
  lost = 0;
  private readonly buffer: Uint8Array = new Uint8Array(16384);

  constructor(master: number) {
    this.master = master;
  }

  /** Copies what is there; false at the end or when the other side is gone. What our own output refuses is read all the same: the container would wait for ever. */
  copy(from: number, to: number): boolean {
    const n = tryRead(from, this.buffer, 0, this.buffer.length);
    if (n === -EAGAIN) return true;
    if (n <= 0) return false;
    let at = 0;
    while (at < n) {
      const w = tryWrite(to, this.buffer, at, n - at);
      if (w === -EAGAIN) waitFor(to, EPOLLOUT, -1);
      else if (w < 0) {
        if (to !== 1) return false;
        this.lost = -w;
        return true;
      } else at += w;
    }
    return true;
  }

  /** What the container wrote before it ended. */
  drain(): void {
    while (waitFor(this.master, EPOLLIN, 0) > 0 && this.copy(this.master, 1)) continue;
  }
}

class Keys extends Watch {
  private readonly t: Terminals;
  constructor(t: Terminals) {
    super();
    this.t = t;
  }
  ready(_events: number): void {
    if (this.t.copy(0, this.t.master)) return;
    this.t.loop.remove(0);
    this.end();
  }

  /** End of file, for a command that reads a terminal in lines. */
  end(): void {
    if (!this.t.person.isTerminal) tryWrite(this.t.master, END_OF_FILE, 0, 1);
  }
}

class Output extends Watch {
  private readonly t: Terminals;
  constructor(t: Terminals) {
    super();
    this.t = t;
  }
  ready(_events: number): void {
    if (!this.t.copy(this.t.master, 1)) this.t.loop.remove(this.t.master);
  }
}

class Signals extends Watch {
  private readonly t: Terminals;
  private readonly fd: number;
  private readonly foreground: Foreground;
  private last = 0;

  constructor(t: Terminals, fd: number, f: Foreground) {
    super();
    this.t = t;
    this.fd = fd;
    this.foreground = f;
  }

  ready(_events: number): void {
    const signal = nextSignal(this.fd);
    if (signal === SIGWINCH) copyWindowSize(0, this.t.master);
    else if (signal === SIGCHLD) this.ended();
    else if (FORWARDED.includes(signal)) {
      this.last = signal;
      forward(this.foreground, signal);
    }
  }

  private ended(): void {
    const end = reapPidfd(this.foreground.pidfd);
    if (end.pid === 0) return;
    this.t.status = !end.exited && end.status === SIGKILL && this.last !== 0 ? 128 + this.last : statusOf(end);
    this.t.loop.stop();
  }
}

/** As waitForeground, with the container's terminal joined to ours. Closes `master`. */
export function passTerminal(f: Foreground, signals: number, master: number): number {
  const t = new Terminals(master);
  copyWindowSize(0, master);
  t.person.raw();
  t.loop.add(signals, EPOLLIN, new Signals(t, signals, f));
  t.loop.add(master, EPOLLIN, new Output(t));
  const keys = new Keys(t);
  try {
    t.loop.add(0, EPOLLIN, keys);
  } catch (e) {
    // files and /dev/null are always ready, and epoll refuses them: they count as empty
    if (!(e instanceof SysError) || e.errno !== EPERM) throw e;
    keys.end();
  }
  t.loop.run();
  t.drain();
  t.person.restore();
  for (const fd of [f.pidfd, signals, master]) closeFd(fd);
  if (t.lost > 0) writeAll(2, toUtf8(`wherry: ${new SysError("write", "standard output", t.lost, "what the container wrote is lost").message}\n`), "stderr");
  return t.status;
}

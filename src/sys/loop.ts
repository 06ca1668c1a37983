/// <reference path="./sys.d.ts" />
/**
 * One epoll and the timers of a process. Handlers are objects; a handler that
 * throws stops nothing but is handed to the loop's owner. No timer means no
 * wake-up: the wait has no end. Source: epoll(7).
 */
import { u32At } from "./bytes.ts";
import { CLOCK_MONOTONIC, O_NONBLOCK } from "./constants.ts";
import { EINTR } from "./errno.ts";
import { checked } from "./error.ts";
import { closeFd, tryRead } from "./files.ts";

/** Milliseconds since boot, not counting sleep; fractions of a microsecond are cut. */
export function monotonicMs(): number {
  return sys_clock_us(CLOCK_MONOTONIC) / 1000;
}

/** Seconds since 1970. */
export function wallSeconds(): number {
  return sys_clock_us(0) / 1000000;
}

/** Something that waits for a descriptor. `events` are EPOLL* bits. */
export abstract class Watch {
  abstract ready(events: number): void;
}

/** Something that waits for a moment; `deadline` belongs to the loop. */
export abstract class Timer {
  deadline = 0;
  armed = false;
  abstract expired(): void;
}

/** Something that a loop does at one of its own moments. */
export abstract class Moment {
  abstract come(): void;
}

const QUIET_MS = 3000;

/** Memory that only the work needed goes back to the kernel. */
class GivingBack extends Moment {
  come(): void {
    sys_settle();
  }
}

/** Armed by work that comes in bursts: once it is over, what only the work needed goes. One wake-up a burst, none when idle. */
class Settling extends Timer {
  private readonly loop: Loop;
  private readonly back: Moment = new GivingBack();

  constructor(loop: Loop) {
    super();
    this.loop = loop;
  }

  expired(): void {
    this.loop.have(this.loop.settled);
    this.back.come();
  }
}

/** Where errors of handlers go. */
export abstract class Faults {
  abstract fault(e: unknown): void;
}

export class Loop {
  readonly epoll: number;
  private readonly watches: Map<number, Watch> = new Map<number, Watch>();
  private readonly timers: Timer[] = [];
  private readonly faults: Faults;
  private readonly out: Uint8Array = new Uint8Array(8 * 32);
  private readonly settling: Timer = new Settling(this);
  /** Before every wait, and at the end of run(): for what is better done once a turn. */
  readonly beforeWait: Moment[] = [];
  /** When work that came in a burst is over. */
  readonly settled: Moment[] = [];
  private stopped = false;
  /** How often the wait ended: idle means it does not grow. */
  wakeups = 0;

  constructor(faults: Faults) {
    this.epoll = checked(sys_epoll_create1(0o2000000), "epoll_create1", "");
    this.faults = faults;
  }

  /** Calls the watch when the descriptor has one of `events`. One watch a descriptor. */
  add(fd: number, events: number, watch: Watch): void {
    checked(sys_epoll_ctl(this.epoll, 1, fd, events, fd), "epoll_ctl", `add ${fd}`);
    this.watches.set(fd, watch);
  }

  change(fd: number, events: number): void {
    checked(sys_epoll_ctl(this.epoll, 3, fd, events, fd), "epoll_ctl", `change ${fd}`);
  }

  /** Forgets a descriptor: before it is closed. Unknown ones are fine. */
  remove(fd: number): void {
    if (!this.watches.has(fd)) return;
    this.watches.delete(fd);
    sys_epoll_ctl(this.epoll, 2, fd, 0, 0);
  }

  /** Arms a timer (again): it expires once, `ms` from now. */
  arm(timer: Timer, ms: number): void {
    timer.deadline = monotonicMs() + ms;
    if (timer.armed) return;
    timer.armed = true;
    this.timers.push(timer);
  }

  have(moments: Moment[]): void {
    for (const m of moments) {
      try {
        m.come();
      } catch (e) {
        this.faults.fault(e);
      }
    }
  }

  /** Work is under way: settles when there has been none for a while. */
  settleLater(): void {
    this.arm(this.settling, QUIET_MS);
  }

  disarm(timer: Timer): void {
    if (!timer.armed) return;
    timer.armed = false;
    const at = this.timers.indexOf(timer);
    if (at >= 0) this.timers.splice(at, 1);
  }

  /** Ends run(), or keeps the next one from waiting at all. */
  stop(): void {
    this.stopped = true;
  }

  run(): void {
    while (!this.stopped) this.turn(-1);
    this.stopped = false;
    this.have(this.beforeWait);
  }

  /** One wait and what it brings; at most `limitMs` long, -1 for no limit. */
  turn(limitMs: number): void {
    this.have(this.beforeWait);
    const n = sys_epoll_wait(this.epoll, this.out, this.timeout(limitMs));
    if (n < 0 && n !== -EINTR) checked(n, "epoll_wait", "");
    this.wakeups = this.wakeups + 1;
    for (let i = 0; i < n; i++) {
      const watch = this.watches.get(u32At(this.out, 8 * i + 4));
      if (watch !== undefined) this.call(watch, u32At(this.out, 8 * i));
    }
    this.expire();
  }

  private call(watch: Watch, events: number): void {
    try {
      watch.ready(events);
    } catch (e) {
      this.faults.fault(e);
    }
  }

  private timeout(limitMs: number): number {
    let soonest = limitMs;
    if (this.timers.length > 0) {
      const now = monotonicMs();
      for (const t of this.timers) {
        const left = Math.max(0, Math.ceil(t.deadline - now));
        if (soonest < 0 || left < soonest) soonest = left;
      }
    }
    return Math.min(soonest, 2147483647);
  }

  private expire(): void {
    if (this.timers.length === 0) return;
    const now = monotonicMs();
    const due = this.timers.filter((t) => t.deadline <= now);
    for (const t of due) {
      if (!t.armed || t.deadline > now) continue;
      this.disarm(t);
      try {
        t.expired();
      } catch (e) {
        this.faults.fault(e);
      }
    }
  }
}

/** The mask words of a set of signals: [low, high]. */
export function signalMask(signals: number[]): number[] {
  let low = 0;
  let high = 0;
  for (const s of signals) {
    if (s <= 32) low |= 1 << (s - 1);
    else high |= 1 << (s - 33);
  }
  return [low >>> 0, high >>> 0];
}

/** A descriptor that becomes readable when one of the signals is pending; they are blocked from now on. */
export function openSignals(signals: number[]): number {
  const mask = signalMask(signals);
  checked(sys_sigprocmask(0, mask[0]!, mask[1]!), "sigprocmask", "");
  return checked(sys_signalfd(-1, mask[0]!, mask[1]!, O_NONBLOCK + 0o2000000), "signalfd", "");
}

/** The next pending signal of a signal descriptor, 0 when there is none. */
export function nextSignal(fd: number): number {
  const b = new Uint8Array(128);
  return tryRead(fd, b, 0, 128) === 128 ? u32At(b, 0) : 0;
}

/** Unblocks every signal and gives the usual ones their default action: before a program of others runs. */
export function resetSignals(): void {
  checked(sys_sigprocmask(2, 0, 0), "sigprocmask", "");
  for (let s = 1; s <= 31; s++) if (s !== 9 && s !== 19) sys_signal(s, 0);
}

export function ignoreSignal(signal: number): void {
  checked(sys_signal(signal, 1), "signal", String(signal));
}

/** Waits without doing anything else: only in processes that have nothing else to do. */
export function sleepMs(ms: number): void {
  sys_sleep_ms(ms);
}

/** Waits for one descriptor: the events that came, 0 after the time, -errno. */
export function waitFor(fd: number, events: number, timeoutMs: number): number {
  return sys_poll(fd, events, timeoutMs);
}

/** A descriptor that becomes readable after `ms` of the given clock (CLOCK_MONOTONIC, or CLOCK_BOOTTIME to count sleep). */
export function openTimer(clock: number, ms: number, everyMs: number): number {
  const fd = checked(sys_timerfd_create(clock, O_NONBLOCK + 0o2000000), "timerfd_create", "");
  const r = sys_timerfd_settime(fd, 0, ms, everyMs);
  if (r < 0) closeFd(fd);
  checked(r, "timerfd_settime", "");
  return fd;
}

/** Watches paths for changes; result is the inotify descriptor. */
export function openInotify(): number {
  return checked(sys_inotify_init1(O_NONBLOCK + 0o2000000), "inotify_init1", "");
}

export function watchPath(fd: number, path: string, mask: number): number {
  return checked(tryWatchPath(fd, path, mask), "inotify_add_watch", path);
}

/** The same, or -errno. */
export function tryWatchPath(fd: number, path: string, mask: number): number {
  return sys_inotify_add_watch(fd, path, mask);
}

/** Ends a watch of watchPath; one whose path has gone has ended already. */
export function unwatchPath(fd: number, watch: number): void {
  sys_inotify_rm_watch(fd, watch);
}

/** A counter that other parts of the kernel make readable: result is its descriptor. */
export function openEventCounter(): number {
  return checked(sys_eventfd(0, O_NONBLOCK + 0o2000000), "eventfd", "");
}

/** Milliseconds of a clock (CLOCK_*). */
export function clockMs(clock: number): number {
  return sys_clock_us(clock) / 1000;
}

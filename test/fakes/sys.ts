/**
 * The shim without a kernel: every function that src/sys declares, recording
 * its calls and answering what the test says. Import it before anything of
 * src/sys, so that wrappers run under Node. Made from the declarations themselves.
 */
import { join } from "node:path";
import { root } from "../../toolchain/places.ts";
import { declarationsIn } from "../../toolchain/manifest.ts";

export type FakeCall = { name: string; args: unknown[] };
export type Answer = (...args: never[]) => number;

/** Thrown by sys_exit, which otherwise would return. */
export class Exited extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`exited with ${status}`);
    this.status = status;
  }
}

const FIRST_FD = 100;
/** Calls that give a descriptor. */
const OPENERS = [
  "sys_openat", "sys_openat2", "sys_socket", "sys_epoll_create1", "sys_signalfd", "sys_timerfd_create", "sys_pidfd_open", "sys_fsopen", "sys_fsmount",
  "sys_open_tree", "sys_eventfd", "sys_inotify_init1", "sys_memfd_create",
];

class FakeSys {
  calls: FakeCall[] = [];
  private answers = new Map<string, Answer>();
  private nextFd = FIRST_FD;
  private failing = -1;
  private errno = 0;

  /** Forgets calls, answers and the failure to come. */
  reset(): void {
    this.calls = [];
    this.answers.clear();
    this.nextFd = FIRST_FD;
    this.failing = -1;
  }

  /** What a function returns from now on, instead of 0 or a new descriptor. */
  answer(name: string, a: Answer): void {
    this.answers.set(name, a);
  }

  /** The n-th call from now on (0: the next one) is refused; closing never is. */
  failAt(n: number, errno: number): void {
    this.calls = [];
    this.failing = n;
    this.errno = errno;
  }

  /** "mount proc" and its like: name without sys_, and the texts it was given. */
  spoken(): string[] {
    return this.calls.map((c) => [c.name.slice(4), ...c.args.filter((a) => typeof a === "string" && a !== "")].join(" "));
  }

  call(name: string, args: unknown[]): number {
    if (name === "sys_exit") throw new Exited(args[0] as number);
    if (name === "sys_close") return 0;
    this.calls.push({ name, args });
    if (this.calls.length - 1 === this.failing) return -this.errno;
    const a = this.answers.get(name);
    if (a !== undefined) return a(...(args as never[]));
    if (!OPENERS.includes(name)) return name === "sys_write" ? (args[3] as number) : name === "sys_write_text" ? (args[1] as string).length : 0;
    this.nextFd += 1;
    return this.nextFd;
  }
}

export const fakeSys = new FakeSys();

for (const d of declarationsIn(join(root, "src/sys"))) {
  Object.assign(globalThis, { [d.name]: (...args: unknown[]) => fakeSys.call(d.name, args) });
}

/**
 * Native program of the container tests: `sandbox …` as wherry sandbox, and
 * `enter PID USER tty|- COMMAND…`, which enters a container without a manager
 * as wherry exec does.
 */
import { readLayout } from "../../../src/cgroup/apply.ts";
import { cgroupFilesOf, enter, readEntered } from "../../../src/container/enter.ts";
import { failureStatus, failureText } from "../../../src/container/report.ts";
import { seccompFilter } from "../../../src/container/seccomp.ts";
import { emptyDescription } from "../../../src/lxc/description.ts";
import { runSandbox } from "../../../src/cli/sandbox.ts";
import { holdSignals, passTerminal, waitForeground } from "../../../src/cli/foreground.ts";
import { EPOLLIN } from "../../../src/sys/constants.ts";
import { readText, writeAll } from "../../../src/sys/files.ts";
import { Timer, waitFor } from "../../../src/sys/loop.ts";
import { exitNow } from "../../../src/sys/processes.ts";
import { parseDecimal, toUtf8 } from "../../../src/sys/text.ts";

/** The loop wants one kind of timer in every program. */
class NoTimer extends Timer {
  expired(): void {
    exitNow(3);
  }
}

function enterContainer(args: string[]): number {
  const pid = parseDecimal(args[0]!);
  const signals = holdSignals();
  const terminal = args[2] === "tty";
  const e = enter({
    pid, user: args[1]!, terminal, size: { rows: 33, columns: 77 }, command: args.slice(3), environment: ["FROM_TEST=1"], directory: "", streams: [],
    filter: seccompFilter(emptyDescription(), "standard").program, cgroupFiles: cgroupFilesOf(readLayout(), readText(`/proc/${pid}/cgroup`)), diesWithParent: false,
  });
  let master = e.terminal;
  let state = readEntered(e.report);
  while (state.state === "waiting" || state.state === "terminal") {
    if (state.state === "terminal") master = state.terminal;
    waitFor(e.report, EPOLLIN, -1);
    state = readEntered(e.report);
  }
  if (state.state === "failed") {
    writeAll(2, toUtf8(`${failureText("enter", state.failure)}\n`), "stderr");
    return failureStatus(state.failure);
  }
  const f = { pid: e.pid, pidfd: e.pidfd, isInit: false };
  return master < 0 ? waitForeground(f, signals) : passTerminal(f, signals, master);
}

function main(args: string[]): number {
  if (args.length === 0) new NoTimer().expired();
  return args[0] === "sandbox" ? runSandbox(args.slice(1)) : enterContainer(args.slice(1));
}

exitNow(main(process.argv.slice(2)));

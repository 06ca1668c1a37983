/**
 * `wherry exec` and `wherry enter`: a program in a running container, with
 * its streams or a terminal passed through. Asks the manager for the
 * container's pid and does the rest itself, so it needs root on the host.
 */
import { readLayout } from "../cgroup/apply.ts";
import { cgroupFilesOf, enter, readEntered, type Entered } from "../container/enter.ts";
import { windowSize } from "../container/pty.ts";
import { failureStatus, failureText } from "../container/report.ts";
import { seccompFilter } from "../container/seccomp.ts";
import { scanText, SMALL } from "../json/scanner.ts";
import { rootOf } from "../json/value.ts";
import { emptyDescription } from "../lxc/description.ts";
import { EPOLLIN, O_RDONLY } from "../sys/constants.ts";
import { closeFd, openFile, readText } from "../sys/files.ts";
import { waitFor } from "../sys/loop.ts";
import { userId } from "../sys/processes.ts";
import { request, socketPath } from "./client.ts";
import { Command, errorLine, type Status } from "./command.ts";
import type { CommandLine, Flag, Flags } from "./flags.ts";
import { holdSignals, passTerminal, waitForeground } from "./foreground.ts";

const SOCKET: Flag = { name: "socket", short: "s", value: "PATH", says: "control socket to ask (default: the first that is there)" };
const USER: Flag = { name: "user", short: "u", value: "NAME", says: "a user of the container, by name or number (default root)" };
const SETUP_STATUS = 125;

/** pid of a container's init; 0 and why when there is none. */
type Target = { pid: number; why: string };

function targetOf(name: string, socket: string): Target {
  const a = request(socket, "GET", `/v2/containers/${name}`, "");
  if (a.status === 404) return { pid: 0, why: `no container "${name}" (wherry ps lists them)` };
  const parsed = scanText(a.body, SMALL);
  if (a.status !== 200 || !parsed.ok) return { pid: 0, why: `the manager answered ${a.status}` };
  const c = rootOf(parsed.document);
  const status = c.getString("status", "not running");
  // while it is being set up, its root is still the host's
  const pid = status === "STARTING" ? 0 : c.getInteger("pid", 0);
  return { pid, why: pid > 0 ? "" : `${name} is ${status}, nothing can be run in it` };
}

/** What is to run where; streams: [] passes ours on. */
type Wish = { name: string; command: string[]; user: string; environment: string[]; directory: string; terminal: boolean; streams: number[] };

function begin(w: Wish, pid: number): Entered {
  return enter({
    pid, command: w.command, user: w.user, environment: w.environment, directory: w.directory, terminal: w.terminal,
    size: w.terminal ? windowSize(0) : null, streams: w.streams, filter: seccompFilter(emptyDescription(), "standard").program,
    cgroupFiles: cgroupFilesOf(readLayout(), readText(`/proc/${pid}/cgroup`)), diesWithParent: false,
  });
}

function runIn(what: string, w: Wish, socket: string): Status {
  if (userId() !== 0) return errorLine(`${what}: needs root: namespaces are joined`, SETUP_STATUS);
  const target = targetOf(w.name, socket);
  if (target.pid === 0) return errorLine(`${what}: ${target.why}`, 1);
  const signals = holdSignals();
  const e = begin(w, target.pid);
  let master = e.terminal;
  for (;;) {
    waitFor(e.report, EPOLLIN, -1);
    const s = readEntered(e.report);
    if (s.state === "terminal") {
      closeFd(master);
      master = s.terminal;
    }
    if (s.state === "failed") return errorLine(failureText(w.name, s.failure), failureStatus(s.failure));
    if (s.state === "started") break;
  }
  closeFd(e.report);
  const f = { pid: e.pid, pidfd: e.pidfd, isInit: false };
  return master < 0 ? waitForeground(f, signals) : passTerminal(f, signals, master);
}

export class Exec extends Command {
  line(): CommandLine {
    return {
      name: "exec", positional: "NAME COMMAND [ARGUMENT…]",
      says: "Runs a command in a running container, with no more power than the container has. Its exit status is passed on.",
      flags: [
        { name: "interactive", short: "i", value: "", says: "pass our standard input on (else it is empty)" },
        { name: "tty", short: "t", value: "", says: "give it a terminal" }, USER,
        { name: "env", short: "e", value: "NAME=VALUE", says: "sets a variable; may be given more than once" },
        { name: "workdir", short: "w", value: "FOLDER", says: "where it starts (default /)" }, SOCKET,
      ],
      examples: ["wherry exec web ps", "wherry exec -it web /bin/sh", "wherry exec -u 1000 web id"],
    };
  }

  run(flags: Flags): Status {
    if (flags.words.length < 2) return errorLine("exec: name a container and a command", 2);
    const bad = flags.all("env").filter((e) => e.indexOf("=") <= 0);
    if (bad.length > 0) return errorLine(`exec: --env takes NAME=VALUE, not "${bad[0]!}"`, 2);
    const terminal = flags.has("tty");
    const empty = terminal || flags.has("interactive") ? -1 : openFile("/dev/null", O_RDONLY);
    return runIn("exec", {
      name: flags.words[0]!, command: flags.words.slice(1), user: flags.text("user", "root"), environment: flags.all("env"),
      directory: flags.text("workdir", ""), terminal, streams: empty < 0 ? [] : [empty],
    }, socketPath(flags.text("socket", "")));
  }
}

export class Enter extends Command {
  line(): CommandLine {
    return {
      name: "enter", positional: "NAME", says: "Opens the login shell of a user of a running container, on a terminal.",
      flags: [USER, SOCKET], examples: ["wherry enter web", "wherry enter -u app web"],
    };
  }

  run(flags: Flags): Status {
    if (flags.words.length !== 1) return errorLine("enter: name one container (wherry ps lists them)", 2);
    return runIn("enter", {
      name: flags.words[0]!, command: [], user: flags.text("user", "root"), environment: [], directory: "", terminal: true, streams: [],
    }, socketPath(flags.text("socket", "")));
  }
}

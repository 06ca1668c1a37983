/**
 * Which of its parts this process is: by the name it was called with, by its
 * pid, by its first word. Everything else is in the rooms.
 */
import { errorLine, output, type Command, type Status } from "./cli/command.ts";
import { CheckCommand } from "./cli/check.ts";
import { ConfigCommand } from "./cli/config.ts";
import { Act, End, Logs, Ps, Reexec } from "./cli/device.ts";
import { Enter, Exec } from "./cli/exec.ts";
import { runLxcInfo } from "./cli/lxc_info.ts";
import { Daemon } from "./cli/daemon.ts";
import { formatHelp, formatUsage, parseFlags } from "./cli/flags.ts";
import { NoDaemon } from "./cli/client.ts";
import { PlanCommand } from "./cli/plan.ts";
import { runSandbox } from "./cli/sandbox.ts";
import { ManagerProgram, runInit } from "./init/init.ts";
import { runManager } from "./manager/manager.ts";
import { reason } from "./sys/error.ts";
import { exitNow, processId } from "./sys/processes.ts";

/** The manager as PID 1's child; words: argv of the kernel (pv_debug and its like). */
class DeviceManager extends ManagerProgram {
  private readonly words: string[];
  constructor(words: string[]) {
    super();
    this.words = words;
  }
  run(mailFd: number): void {
    runManager({ configPath: "", revision: "", commandLine: "", words: this.words, mailFd, again: false });
  }
}

function commands(): Command[] {
  return [
    new Daemon(), new Ps(), new Logs(), new Exec(), new Enter(), new ConfigCommand(), new CheckCommand(), new PlanCommand(),
    new Act("start", "Starts a container that was stopped."), new Act("stop", "Stops a container; it stays stopped until it is started or the revision changes."),
    new Act("restart", "Stops a container and starts it again."),
    new Act("freeze", "Lets no process of a container run until it is thawed."), new Act("thaw", "Lets a frozen container run on."),
    new End("poweroff", "POWEROFF_DEVICE"), new End("reboot", "REBOOT_DEVICE"), new Reexec(),
  ];
}

function help(): string {
  const lines = ["usage: wherry COMMAND [flags] [words]", "", "A container manager for embedded Linux. Commands (each has --help):", ""];
  const rows = commands().map((c) => c.line());
  rows.push({ name: "sandbox", positional: "", says: "Runs one container in the foreground, without a manager.", flags: [], examples: [] });
  rows.push({ name: "init", positional: "", says: "Runs as PID 1 of an initramfs; also under the name init.", flags: [], examples: [] });
  for (const r of rows) lines.push(`  ${r.name.padEnd(9)} ${r.says}`);
  return `${lines.join("\n")}\n`;
}

function runCommand(word: string, args: string[]): Status {
  if (word === "sandbox") return runSandbox(args);
  if (word === "" || word === "help" || word === "--help" || word === "-h") return output(help());
  for (const c of commands()) {
    const line = c.line();
    if (line.name !== word) continue;
    // what follows the container's name is the command of somebody else
    const flags = parseFlags(line, args, word === "exec" ? 1 : -1);
    if (flags.has("help")) return output(formatHelp(line));
    if (flags.problem !== "") return errorLine(`${word}: ${flags.problem}\n${formatUsage(line)}`, 2);
    return c.run(flags);
  }
  return errorLine(`no command "${word}"; wherry --help lists them`, 2);
}

/** The last component of a path. */
function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function main(argv: string[]): Status {
  const name = baseName(argv[1] ?? "");
  const args = argv.slice(2);
  const first = args.length > 0 ? args[0]! : "";
  if (first === "init" || name === "init" || (name === "pantavisor" && processId() === 1)) {
    const words = first === "init" ? args.slice(1) : args;
    runInit(words, new DeviceManager(words));
    return 1;
  }
  if (name === "pantavisor") return runCommand("daemon", args);
  if (name === "lxc-info") return runLxcInfo(args);
  try {
    return runCommand(first, args.slice(1));
  } catch (e) {
    return errorLine(`${first}: ${reason(e)}`, e instanceof NoDaemon ? 3 : 1);
  }
}

exitNow(main(process.argv));

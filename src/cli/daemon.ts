/**
 * `wherry daemon`: the manager on any Linux, in the foreground, until it is
 * asked to end. Exit status: 0 reboot asked for, 3 poweroff, 1 it could not go
 * on. Source: lifecycle spec §1 (appengine).
 */
import { runManager } from "../manager/manager.ts";
import { userId } from "../sys/processes.ts";
import { parseDecimal } from "../sys/text.ts";
import { Command, errorLine, type Status } from "./command.ts";
import type { CommandLine, Flags } from "./flags.ts";

export class Daemon extends Command {
  line(): CommandLine {
    return {
      name: "daemon", positional: "",
      says: "Runs the manager in the foreground: loads a revision from the storage, runs its containers, answers the control socket.",
      flags: [
        { name: "config", short: "c", value: "FILE", says: "configuration (default /etc/wherry.config, else /etc/pantavisor.config)" },
        { name: "revision", short: "r", value: "REV", says: "revision to run (default: pv_rev of environment or command line, else 0)" },
        { name: "cmdline", short: "", value: "TEXT", says: "read instead of the kernel command line" },
        { name: "mail", short: "", value: "FD", says: "used by wherry itself: socket to PID 1" },
      ],
      examples: ["wherry daemon --config /etc/wherry.config", "wherry daemon -c ./wherry.config --cmdline \"pv_rev=3\""],
    };
  }

  run(flags: Flags): Status {
    if (userId() !== 0) return errorLine("daemon: needs root: namespaces, mounts and cgroups are made", 1);
    const mail = parseDecimal(flags.text("mail", ""));
    return runManager({
      configPath: flags.text("config", ""), revision: flags.text("revision", ""), commandLine: flags.text("cmdline", ""),
      words: mail >= 0 ? [] : ["pv_appengine"], mailFd: mail, again: flags.has("mail"),
    });
  }
}

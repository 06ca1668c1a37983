/**
 * `wherry config`: the configuration as a boot would read it here, or from
 * the files named on the command line, and why one key is what it is.
 * Changes nothing and needs no daemon.
 */
import { ConfigFiles, type ConfigText } from "../config/load.ts";
import { ENOENT, errnoName } from "../sys/errno.ts";
import { errnoOf } from "../sys/error.ts";
import { readBytes, readText, readTextOr } from "../sys/files.ts";
import { unpacked } from "../sys/text.ts";
import { Command, errorLine, output, type Status } from "./command.ts";
import { reportConfig } from "./config_report.ts";
import type { CommandLine, Flags } from "./flags.ts";

/** Files of this machine. */
export class DiskFiles extends ConfigFiles {
  read(path: string): ConfigText {
    try {
      return { found: true, text: readText(path), why: "" };
    } catch (e) {
      const errno = errnoOf(e);
      if (errno === 0) throw e;
      return { found: false, text: "", why: errno === ENOENT ? "" : errnoName(errno) };
    }
  }
}

/** Variables of a process; none when they may not be read. */
export function environmentOf(process: string): string[] {
  try {
    return unpacked(readBytes(`/proc/${process}/environ`, 1048576));
  } catch (e) {
    if (errnoOf(e) === 0) throw e;
    return [];
  }
}

export class ConfigCommand extends Command {
  line(): CommandLine {
    return {
      name: "config", positional: "",
      says: "Shows the configuration as a boot reads it: file, policy, kernel command line, environment.",
      flags: [
        { name: "explain", short: "e", value: "KEY", says: "one key: what it does, its value, and everyone who wrote it" },
        { name: "config", short: "c", value: "FILE", says: "configuration (default /etc/wherry.config, else /etc/pantavisor.config)" },
        { name: "cmdline", short: "", value: "TEXT", says: "read instead of the kernel command line" },
        { name: "process", short: "", value: "PID", says: "whose environment counts (default 1, PID 1 being the manager's parent on a device)" },
        { name: "hub", short: "", value: "FILE", says: "hub credentials file, read as well" },
        { name: "oem", short: "", value: "FILE", says: "OEM file of a revision, read as well" },
        { name: "changed", short: "", value: "", says: "only keys that somebody set" },
        { name: "json", short: "", value: "", says: "as the control API's /config2, with Wherry's own keys" },
      ],
      examples: ["wherry config --changed", "wherry config --explain PV_LOG_LEVEL", "wherry config -c ./pantavisor.config --cmdline \"pv_policy=prod\""],
    };
  }

  run(flags: Flags): Status {
    if (flags.words.length > 0) return errorLine(`config: unexpected "${flags.words[0]!}"; did you mean --explain ${flags.words[0]!}?`, 2);
    const commandLine = flags.has("cmdline") ? flags.text("cmdline", "") : readTextOr("/proc/cmdline", "");
    const words: string[] = [];
    const all = commandLine.trim().split(" ");
    for (let i = 0; i < all.length; i++) {
      if (!all[i]!.includes("=")) words.push(all[i]!);
    }
    const report = reportConfig({
      boot: { confPath: flags.text("config", ""), commandLine, environment: environmentOf(flags.text("process", "1")), words },
      hub: flags.text("hub", ""), oem: flags.text("oem", ""), explain: flags.text("explain", ""), json: flags.has("json"), changed: flags.has("changed"),
    }, new DiskFiles());
    output(report.out);
    return report.err === "" ? report.status : errorLine(`config: ${report.err.trim().split("\n").join("\nwherry: config: ")}`, report.status);
  }
}

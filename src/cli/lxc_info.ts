/**
 * lxc-info as scripts of existing devices use it to find a container's init
 * (pventer does): its flags, texts and statuses, answered by the manager. The
 * path that -P names holds nothing here. Source: lxc-info(1).
 */
import { rootOf } from "../json/value.ts";
import { scanText, SMALL } from "../json/scanner.ts";
import { request, socketPath } from "./client.ts";
import { errorOf, output, type Status } from "./command.ts";
import { parseFlags, type CommandLine, type Flags } from "./flags.ts";
import { reason } from "../sys/error.ts";

const USAGE = "usage: lxc-info [-n] NAME [-p] [-s] [-H] [-P PATH]";
const LINE: CommandLine = {
  name: "lxc-info", positional: "[NAME]", says: "", examples: [],
  flags: [
    { name: "name", short: "n", value: "NAME", says: "" }, { name: "pid", short: "p", value: "", says: "" }, { name: "state", short: "s", value: "", says: "" },
    { name: "no-humanize", short: "H", value: "", says: "" }, { name: "lxcpath", short: "P", value: "PATH", says: "" },
  ],
};

function row(key: string, value: string, bare: boolean): string {
  return bare ? `${value}\n` : `${`${key}:`.padEnd(15)} ${value}\n`;
}

/** LXC's word for a status of ours. */
export function lxcState(status: string, frozen: boolean): string {
  if (frozen) return "FROZEN";
  if (status === "STARTED" || status === "READY") return "RUNNING";
  return status === "STARTING" || status === "STOPPING" ? status : "STOPPED";
}

/** pid: 0 without a process. all: nothing was asked for by name. bare: values alone. */
export function formatInfo(name: string, state: string, pid: number, wants: { state: boolean; pid: boolean; bare: boolean }): string {
  const all = !wants.state && !wants.pid;
  const bare = wants.bare && wants.state !== wants.pid;
  return (all ? row("Name", name, false) : "") + (all || wants.state ? row("State", state, bare) : "") + ((all || wants.pid) && pid > 0 ? row("PID", String(pid), bare) : "");
}

export function runLxcInfo(args: string[]): Status {
  const flags = parseFlags(LINE, args, -1);
  const name = flags.text("name", flags.words[0] ?? "");
  if (flags.has("help")) return output(`${USAGE}\n`);
  if (flags.problem !== "") return errorOf("lxc-info: ", `${flags.problem}\n${USAGE}`, 1);
  if (name === "") return errorOf("lxc-info: ", "No container name specified", 1);
  try {
    return tell(name, flags);
  } catch (e) {
    return errorOf("lxc-info: ", reason(e), 1);
  }
}

function tell(name: string, flags: Flags): Status {
  const a = request(socketPath(""), "GET", `/v2/containers/${name}`, "");
  const parsed = scanText(a.body, SMALL);
  if (a.status !== 200 || !parsed.ok) return errorOf("", `${name} doesn't exist`, 1);
  const c = rootOf(parsed.document);
  const state = lxcState(c.getString("status", ""), c.getBoolean("frozen", false));
  return output(formatInfo(name, state, c.getInteger("pid", 0), { state: flags.has("state"), pid: flags.has("pid"), bare: flags.has("no-humanize") }));
}

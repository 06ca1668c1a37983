/**
 * Commands that ask a running Wherry: ps, logs, start, stop, restart, freeze,
 * thaw, poweroff, reboot, reexec. Tables for people, --json for programs.
 */
import { printable } from "../sys/ascii.ts";
import { scanText, SMALL } from "../json/scanner.ts";
import { rootOf, type Node } from "../json/value.ts";
import { quoted } from "../json/text.ts";
import { NoDaemon, request, socketPath, stream, type Answer } from "./client.ts";
import { type CommandLine, type Flag, type Flags } from "./flags.ts";
import { Command, errorLine, output, type Status } from "./command.ts";
import { formatBytes, formatDuration, formatTable } from "./table.ts";
import { sleepMs } from "../sys/loop.ts";

const SOCKET: Flag = { name: "socket", short: "s", value: "PATH", says: "control socket to ask (default: the first that is there)" };
const JSON_FLAG: Flag = { name: "json", short: "", value: "", says: "print what the API answers, unchanged" };

/** What an answer that refuses says. */
function refusalText(a: Answer): string {
  const parsed = scanText(a.body, SMALL);
  const text = parsed.ok ? rootOf(parsed.document).getString("Error", "") : "";
  return text === "" ? `refused with status ${a.status}` : text;
}

function refused(what: string, a: Answer): Status {
  return errorLine(`${what}: ${refusalText(a)}`, 1);
}

export class Ps extends Command {
  line(): CommandLine {
    return {
      name: "ps", positional: "", says: "Lists the containers of the running revision.",
      flags: [SOCKET, JSON_FLAG], examples: ["wherry ps", "wherry ps --json"],
    };
  }

  run(flags: Flags): Status {
    const socket = socketPath(flags.text("socket", ""));
    const a = request(socket, "GET", flags.has("json") ? "/containers" : "/v2/containers", "");
    if (a.status !== 200) return refused("ps", a);
    if (flags.has("json")) return output(`${a.body}\n`);
    const parsed = scanText(a.body, SMALL);
    if (!parsed.ok) return errorLine("ps: the answer is not JSON", 1);
    const rows = [["NAME", "GROUP", "STATUS", "GOAL", "PID", "UP", "STARTS", "MEMORY", "LAST END"]];
    for (const c of rootOf(parsed.document).items()) rows.push(rowOf(c));
    return output(formatTable(rows));
  }
}

const LAST_LINE_CHARS = 60;

/** With what its health checks have against it. */
function shownStatus(c: Node): string {
  const status = c.getString("status", "");
  return c.getString("health", "") === "failing" ? `${status} (unhealthy)` : status;
}

/** Why the last run ended, and the last line of its console. */
function endOf(end: Node): string {
  const lines = end.getString("last_lines", "").split("\n").map((l) => printable(l.trim())).filter((l) => l !== "");
  const reason = end.getString("reason", "");
  return lines.length === 0 ? reason : `${reason}: ${lines[lines.length - 1]!.slice(0, LAST_LINE_CHARS)}`;
}

function rowOf(c: Node): string[] {
  const pid = c.getInteger("pid", 0);
  const up = c.getInteger("up_ms", -1);
  const usage = c.get("usage");
  const end = c.get("last_end");
  const waits = c.getString("waits_for", "");
  return [
    c.getString("name", ""), c.getString("group", "-"), shownStatus(c), c.getString("status_goal", ""),
    pid === 0 ? "-" : String(pid), up < 0 ? "-" : formatDuration(up), String(c.getInteger("starts", 0)),
    usage === null ? "-" : formatBytes(usage.getInteger("memory_bytes", -1)),
    end !== null && end.isObject() ? endOf(end) : waits === "" ? "-" : `waits for ${waits}`,
  ];
}

export class Logs extends Command {
  line(): CommandLine {
    return {
      name: "logs", positional: "NAME", says: "Prints what a container wrote on its console, or one of its other logs.",
      flags: [
        SOCKET, { name: "file", short: "F", value: "PATH", says: "a log file as it is named inside, or lxc/lxc.log: what the runtime says of it" }, { name: "lines", short: "n", value: "N", says: "how many lines, from the end (default 200)" },
        { name: "follow", short: "f", value: "", says: "go on as more comes" },
      ],
      examples: ["wherry logs web", "wherry logs -f -n 20 web", "wherry logs -F /var/log/messages web"],
    };
  }

  run(flags: Flags): Status {
    if (flags.words.length !== 1) return errorLine("logs: name one container (wherry ps lists them)", 2);
    const name = flags.words[0]!;
    const file = flags.text("file", "");
    for (const c of ["&", "?", "#", " "]) if (file.includes(c)) return errorLine(`logs: a file with "${c}" in its name can't be asked for`, 2);
    const target = `/v2/containers/${name}/log?lines=${flags.text("lines", "200")}${flags.has("follow") ? "&follow=1" : ""}&file=${file}`;
    const a = stream(socketPath(flags.text("socket", "")), target);
    return a.status === 200 ? output("") : refused(`logs ${name}`, a);
  }
}

/** start, stop, restart, freeze, thaw: one action on one container. */
export class Act extends Command {
  private readonly action: string;
  private readonly says: string;

  constructor(action: string, says: string) {
    super();
    this.action = action;
    this.says = says;
  }

  line(): CommandLine {
    return { name: this.action, positional: "NAME", says: this.says, flags: [SOCKET], examples: [`wherry ${this.action} web`] };
  }

  run(flags: Flags): Status {
    if (flags.words.length !== 1) return errorLine(`${this.action}: name one container (wherry ps lists them)`, 2);
    const name = flags.words[0]!;
    const a = request(socketPath(flags.text("socket", "")), "PUT", `/v2/containers/${name}`, `{"action":${quoted(this.action)}}`);
    return a.status === 200 ? output("") : refused(`${this.action} ${name}`, a);
  }
}

/** poweroff and reboot: the orderly end. */
export class End extends Command {
  private readonly op: string;
  private readonly word: string;

  constructor(word: string, op: string) {
    super();
    this.word = word;
    this.op = op;
  }

  line(): CommandLine {
    return {
      name: this.word, positional: "[MESSAGE]", says: "Stops all containers in order, unmounts everything, then ends the device (a daemon ends itself).",
      flags: [SOCKET], examples: [`wherry ${this.word}`, `wherry ${this.word} "kernel update"`],
    };
  }

  run(flags: Flags): Status {
    const body = `{"op":${quoted(this.op)},"payload":${quoted(flags.words.join(" "))}}`;
    const a = request(socketPath(flags.text("socket", "")), "POST", "/commands", body);
    return a.status === 200 ? output("") : refused(this.word, a);
  }
}

const REEXEC_TRIES = 100;

export class Reexec extends Command {
  line(): CommandLine {
    return {
      name: "reexec", positional: "", says: "The manager executes its program file again, for a binary that was replaced. Containers run on.",
      flags: [SOCKET], examples: ["wherry reexec"],
    };
  }

  run(flags: Flags): Status {
    const socket = socketPath(flags.text("socket", ""));
    try {
      const a = request(socket, "POST", "/v2/reexec", "");
      if (a.status !== 200) return refused("reexec", a);
    } catch (e) {
      if (!(e instanceof NoDaemon)) throw e; // the connection ends with the old program: that is what was asked for
    }
    for (let i = 0; i < REEXEC_TRIES; i++) {
      if (answers(socket)) return output("");
      sleepMs(50);
    }
    return errorLine("reexec: the manager has not come back", 1);
  }
}

function answers(socket: string): boolean {
  try {
    return request(socket, "GET", "/v2/device", "").status === 200;
  } catch (e) {
    if (e instanceof NoDaemon) return false;
    throw e;
  }
}

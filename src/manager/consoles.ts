/**
 * Consoles of containers: handed to the logger, which writes them to files;
 * held here too, so that another logger can go on; their end and their files
 * for clients.
 */
import { Answer, startWorker } from "../supervisor/worker.ts";
import type { Unit } from "../supervisor/unit.ts";
import { closeFd } from "../sys/files.ts";
import type { Attachment } from "./attachment.ts";
import { LogJob } from "./log_job.ts";
import { followFiles } from "./followed.ts";
import type { ContainerRuntime } from "./runtime.ts";

/** An answer nobody waits for. */
class Unheard extends Answer {
  answered(_ok: boolean, _text: string): void {
    return;
  }
}

function pathOf(r: ContainerRuntime, unit: Unit, file: string): string {
  return `${r.settings.logs}/${unit.revision}/${unit.name()}/${file}`;
}

export function handConsole(r: ContainerRuntime, a: Attachment): void {
  if (a.console < 0) return;
  r.logger.send({ kind: "console", name: a.unit.name(), path: pathOf(r, a.unit, "lxc/console.log"), maxBytes: r.settings.logFileBytes }, [a.console]);
}

/** To a new logger: every console we hold, and what it is to follow. */
export function handConsoles(r: ContainerRuntime): void {
  for (const a of r.attachments.values()) {
    handConsole(r, a);
    followFiles(r, a);
  }
}

/** The console of a container that was taken over, so that another logger can go on reading it. */
export function inheritConsole(r: ContainerRuntime, name: string, fd: number): void {
  const a = r.attachments.get(name);
  if (a !== undefined && a.adopted && a.console < 0) a.console = fd;
  else closeFd(fd);
}

/** The last lines of a console, from the logger. */
export function consoleEnded(r: ContainerRuntime, name: string, text: string): void {
  const a = r.attachments.get(name);
  if (a !== undefined) a.unit.lastEnding().lastLines = text;
}

/** The container is down: nothing more will come. Result: whether the logger may have files of it open and has to let go of its mounts before they can. */
export function closeConsole(r: ContainerRuntime, a: Attachment): boolean {
  const told = r.logger.send({ kind: "end", name: a.unit.name() }, []);
  closeFd(a.console);
  for (const fd of a.ttys) closeFd(fd);
  a.console = -1;
  a.ttys = [];
  if (told) a.untoldEnds = a.untoldEnds + 1;
  const waits = told && a.followed;
  a.followed = false;
  return waits;
}

/** A file of its log folder to a client of the control socket, on its own descriptor. */
export function streamLog(r: ContainerRuntime, unit: Unit, file: string, lines: number, follow: boolean, fd: number): void {
  startWorker(r.loop, new LogJob(pathOf(r, unit, file), lines, follow, fd), new Unheard());
}

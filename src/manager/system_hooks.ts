/**
 * Hooks of the device: the programs of pv/hooks/system.d below the library
 * folder, in order of their names, at the moments there are. A worker runs
 * them; the first that fails ends the row. At most once a boot each.
 * Rules: lifecycle spec §13.
 */
import { Answer, Job, startWorker } from "../supervisor/worker.ts";
import { EPOLLIN, SIGKILL } from "../sys/constants.ts";
import { reason, SysError } from "../sys/error.ts";
import { closeFd, exists, listDirectory, statPath, tryUnlink, writeFile } from "../sys/files.ts";
import { resetSignals, waitFor } from "../sys/loop.ts";
import { cloneProcess, environment, exitNow, tryExec, trySignalPidfd, waitPid } from "../sys/processes.ts";
import { closeOnExecFrom } from "../sys/relative.ts";
import { readProgress } from "../update/progress.ts";
import type { Manager } from "./manager.ts";

/** PV_OP. */
export type Moment = "system-start" | "system-boot-done" | "system-done";

const MOMENTS: Moment[] = ["system-start", "system-boot-done", "system-done"];

/** Of each of them. */
const HOOK_MS = 60000;
const NOT_RUN = 127;

function isProgram(path: string): boolean {
  const s = statPath(path, true);
  return s !== null && (s.mode & 0o170000) === 0o100000 && (s.mode & 0o111) !== 0;
}

/** Throws SysError with errno 0 when it ends other than with status 0, or not in time. */
function runProgram(path: string, variables: string[]): void {
  const child = cloneProcess(0);
  if (child.pid === 0) {
    resetSignals();
    closeOnExecFrom(3);
    tryExec(path, [path], variables);
    exitNow(NOT_RUN);
  }
  const late = waitFor(child.pidfd, EPOLLIN, HOOK_MS) === 0;
  if (late) trySignalPidfd(child.pidfd, SIGKILL);
  closeFd(child.pidfd);
  const end = waitPid(child.pid);
  if (late) throw new SysError("hook", path, 0, `no end within ${HOOK_MS / 1000} s`);
  if (!end.exited || end.status !== 0) throw new SysError("hook", path, 0, `ended with ${end.exited ? "status" : "signal"} ${end.status}`);
}

class HooksJob extends Job {
  private readonly folder: string;
  private readonly variables: string[];
  constructor(folder: string, variables: string[]) {
    super();
    this.folder = folder;
    this.variables = variables;
  }
  run(): string {
    const all = [...environment(), ...this.variables];
    for (const name of listDirectory(this.folder)) if (isProgram(`${this.folder}/${name}`)) runProgram(`${this.folder}/${name}`, all);
    return "";
  }
}

class HooksDone extends Answer {
  private readonly hooks: SystemHooks;
  private readonly moment: Moment;
  constructor(hooks: SystemHooks, moment: Moment) {
    super();
    this.hooks = hooks;
    this.moment = moment;
  }
  answered(ok: boolean, text: string): void {
    this.hooks.ended(this.moment, ok, text);
  }
}

export class SystemHooks {
  private readonly manager: Manager;
  /** system-start is under way: nothing else happens meanwhile. */
  starting = false;

  constructor(manager: Manager) {
    this.manager = manager;
  }

  /** Of a moment that has come in this boot. */
  private note(moment: Moment): string {
    return `${this.manager.settings.runDir}/wherry/${moment}`;
  }

  /** False when there is nothing to run. Throws SysError. */
  run(moment: Moment): boolean {
    const m = this.manager;
    const folder = `${m.settings.lib}/pv/hooks/system.d`;
    if (!exists(folder) || exists(this.note(moment))) return false;
    const t = m.trial;
    const rev = t.committed === "" ? m.revisionName : t.committed;
    const status = readProgress(m.places, t.tried === "" ? rev : t.tried).status;
    startWorker(m.loop, new HooksJob(folder, [
      `PV_OP=${moment}`, `PV_REV=${rev}`, `PV_TRY=${t.tried}`, `PV_TRYBOOT=${String(t.isOn())}`,
      `PV_OBJ_STORAGE=${m.settings.storage}/objects`, `PV_TRAILS_STORAGE=${m.places.trail(rev)}`, `PV_STATUS=${status}`,
    ]), new HooksDone(this, moment));
    this.starting = moment === "system-start";
    return true;
  }

  /** As run(), where nothing depends on it. */
  tell(moment: Moment): void {
    try {
      this.run(moment);
    } catch (e) {
      this.ended(moment, false, reason(e));
    }
  }

  ended(moment: Moment, ok: boolean, text: string): void {
    const m = this.manager;
    if (!ok) m.log.error("hook", "a hook of the device has failed", ["moment", moment, "why", text]);
    writeFile(this.note(moment), new Uint8Array(0));
    if (moment !== "system-start") return;
    this.starting = false;
    m.hooksRan(ok);
  }

  /** The end in order: the next manager in this run dir is of another boot. */
  forget(): void {
    for (const moment of MOMENTS) tryUnlink(this.note(moment));
  }
}

/**
 * What the control socket asks of the manager. Rules: control spec §5.
 */
import type { Config } from "../config/config.ts";
import { Backend } from "../control/backend.ts";
import { done, refusal, type Response } from "../control/response.ts";
import type { Group } from "../state/model.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { Unit } from "../supervisor/unit.ts";
import { readLink, setCloseOnExec } from "../sys/files.ts";
import { environment, tryExec } from "../sys/processes.ts";
import { streamLog } from "./consoles.ts";
import type { Manager } from "./manager.ts";

export class ControlBackend extends Backend {
  private readonly manager: Manager;

  constructor(manager: Manager) {
    super();
    this.manager = manager;
  }

  supervisor(): Supervisor | null {
    return this.manager.boss;
  }

  groups(): Group[] {
    const found = this.manager.current;
    return found === null ? [] : found.state.groups;
  }

  config(): Config {
    return this.manager.loaded.config;
  }

  revision(): string {
    return this.manager.revisionName;
  }

  command(op: string, payload: string): Response {
    const m = this.manager;
    if (op !== "POWEROFF_DEVICE" && op !== "REBOOT_DEVICE") return refusal(400, `Command ${op} is not known`);
    if (m.shutdown.how !== "") return refusal(503, "A command is already in progress. Try again");
    if (m.trial.isOn()) return { ...refusal(503, "Cannot do this operation while update is ongoing"), headers: ["Retry-After: 600"] };
    m.log.info("control", op, ["message", payload]);
    m.shutdown.begin(op === "POWEROFF_DEVICE" ? "poweroff" : "reboot");
    return done();
  }

  streamLog(name: string, file: string, lines: number, follow: boolean, fd: number): void {
    streamLog(this.manager.runtime!, this.manager.boss!.find(name)!, file, lines, follow, fd);
  }

  freeze(unit: Unit, frozen: boolean): string {
    return this.manager.runtime!.freeze(unit, frozen);
  }

  usage(unit: Unit): string {
    const runtime = this.manager.runtime;
    return runtime === null ? "null" : runtime.usage(unit);
  }

  /** Executes the program file again in this process: containers are still our children afterwards. */
  reexec(): Response {
    const m = this.manager;
    const exe = readLink("/proc/self/exe");
    const path = exe.endsWith(" (deleted)") ? exe.slice(0, exe.length - 10) : exe;
    if (m.options.mailFd >= 0) setCloseOnExec(m.options.mailFd, false);
    m.log.info("manager", "executing itself again", ["path", path]);
    m.logger.flush();
    // by this name, since the file's own may mean another command: a device's is init
    const argv = ["wherry", "daemon", "--config", m.options.configPath, "--revision", m.revisionName, "--mail", String(m.options.mailFd)];
    const r = tryExec(path, argv, environment());
    return refusal(500, `exec ${path} was refused: ${-r}`);
  }
}

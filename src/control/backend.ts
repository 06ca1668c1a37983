/**
 * What the endpoints need of the process they are part of. The manager
 * implements it; tests do too.
 */
import { Config } from "../config/config.ts";
import type { Group } from "../state/model.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { Unit } from "../supervisor/unit.ts";
import type { Response } from "./response.ts";

export abstract class Backend {
  /** Null before a revision is loaded. */
  abstract supervisor(): Supervisor | null;
  abstract groups(): Group[];
  abstract config(): Config;
  abstract revision(): string;
  /** Carries out POST /commands, or says why not. */
  abstract command(op: string, payload: string): Response;
  /** Answers on the descriptor itself, from a worker: the last lines of a container's console, then what follows when asked. */
  abstract streamLog(name: string, file: string, lines: number, follow: boolean, fd: number): void;
  /** Freezes or thaws a container: "" or why not. */
  abstract freeze(unit: Unit, frozen: boolean): string;
  /** Numbers of a container's cgroup as JSON text, "null" when it has none. */
  abstract usage(unit: Unit): string;
  /** The manager executes its program again (a new binary in its place). */
  abstract reexec(): Response;
}

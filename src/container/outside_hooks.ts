/**
 * Hooks of a container that run outside of it, and the scripts of its links.
 * They may take as long as they like: only a worker or a sandbox runs them.
 * Rules: runtime spec §13 (hook environment), §14 (script.up), §15 (order).
 */
import type { Hook, HookType } from "../lxc/description.ts";
import type { LinkScript } from "../net/actions.ts";
import { hookCommand } from "./environment.ts";
import { runHook } from "./hook.ts";
import type { ContainerPlan } from "./plan.ts";
import { failureOf, failureText } from "./report.ts";

const OUTSIDE: HookType[] = ["pre-start", "start-host", "stop", "post-stop"];

export class OutsideHooks {
  private readonly name: string;
  private readonly version: number;
  private readonly environment: string[];
  private readonly hooks: Hook[];
  private readonly up: LinkScript[];
  private readonly down: LinkScript[];

  constructor(p: ContainerPlan) {
    this.name = p.name;
    this.version = p.hookVersion;
    this.environment = p.hookEnvironment;
    this.hooks = p.hooks.filter((h) => OUTSIDE.includes(h.type));
    this.up = p.net === null ? [] : p.net.scriptsUp;
    this.down = p.net === null ? [] : p.net.scriptsDown;
  }

  isEmpty(): boolean {
    return this.hooks.length + this.up.length + this.down.length === 0;
  }

  /** Those of one kind in order, until one fails: "" or which did and how. more: "NAME=value" of this time alone. */
  run(type: HookType, more: string[]): string {
    try {
      if (type === "start-host") this.scripts(this.up);
      if (type === "stop") this.scripts(this.down);
      for (const h of this.hooks) if (h.type === type) runHook(hookCommand(this.version, this.environment, this.name, type, h.command, more), type, h.command);
      return "";
    } catch (e) {
      return failureText(this.name, failureOf(e));
    }
  }

  private scripts(list: LinkScript[]): void {
    for (const s of list) runHook({ argv: ["/bin/sh", "-c", `exec ${s.command} ${s.args.join(" ")}`], environment: this.environment }, "net", s.command);
  }
}

/** Null for a container without any, so that nothing is kept for it. */
export function outsideHooks(p: ContainerPlan): OutsideHooks | null {
  const h = new OutsideHooks(p);
  return h.isEmpty() ? null : h;
}

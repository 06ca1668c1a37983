/**
 * The environment of a container's init and of its hooks. Pure.
 * Rules: runtime spec §6 (container=), §13 (lxc.environment, hook
 * environment).
 */
import type { ContainerDescription, EnvironmentEntry } from "../lxc/description.ts";
import type { Problem } from "../lxc/report.ts";

/** Sets NAME=value; a name that is there keeps its place. */
export function setIn(list: string[], name: string, value: string): void {
  const prefix = `${name}=`;
  for (let i = 0; i < list.length; i++) {
    if (!list[i]!.startsWith(prefix)) continue;
    list[i] = prefix + value;
    return;
  }
  list.push(prefix + value);
}

/** Value of a name in a "NAME=value" list; null when it is not there. */
export function valueIn(list: string[], name: string): string | null {
  const prefix = `${name}=`;
  for (const entry of list) if (entry.startsWith(prefix)) return entry.slice(prefix.length);
  return null;
}

function apply(list: string[], e: EnvironmentEntry, manager: string[], problems: Problem[]): void {
  if (!e.inherit) {
    setIn(list, e.name, e.value);
    return;
  }
  const inherited = valueIn(manager, e.name);
  if (inherited === null) problems.push({ at: "lxc.environment", why: `${e.name} has no value and the manager's environment has none either` });
  else setIn(list, e.name, inherited);
}

/** extra: "NAME=value" before the configuration's own. manager: the environment bare names take their value from. */
export function initEnvironment(d: ContainerDescription, extra: string[], manager: string[], problems: Problem[]): string[] {
  const list = [...extra];
  for (const e of d.environment) if (e.scope !== "hooks") apply(list, e, manager, problems);
  return list;
}

/** Names of a container that its hooks are told. */
export type HookFacts = { name: string; configFile: string; mountpoint: string; rootfsPath: string; console: string; consoleLog: string };

/** What is the same for all hooks of a container; which hook it is comes on top. */
export function hookEnvironment(d: ContainerDescription, facts: HookFacts, manager: string[]): string[] {
  const list = [...manager];
  const ignored: Problem[] = [];
  for (const e of d.environment) if (e.scope !== "init") apply(list, e, manager, ignored);
  setIn(list, "LXC_NAME", facts.name);
  setIn(list, "LXC_CONFIG_FILE", facts.configFile);
  setIn(list, "LXC_ROOTFS_MOUNT", facts.mountpoint);
  setIn(list, "LXC_ROOTFS_PATH", facts.rootfsPath);
  if (facts.console !== "") setIn(list, "LXC_CONSOLE", facts.console);
  if (facts.consoleLog !== "") setIn(list, "LXC_CONSOLE_LOGPATH", facts.consoleLog);
  setIn(list, "LXC_CGNS_AWARE", "1");
  setIn(list, "LXC_LOG_LEVEL", "INFO");
  setIn(list, "LXC_HOOK_VERSION", String(d.hookVersion));
  return list;
}

/** A hook ready to run: by the shell, as LXC does it. */
export type HookCommand = { argv: string[]; environment: string[] };

/** version: lxc.hook.version; base: hookEnvironment's; type: "pre-start"; more: "NAME=value" of this hook alone. */
export function hookCommand(version: number, base: string[], name: string, type: string, command: string, more: string[]): HookCommand {
  if (version === 0) return { argv: ["/bin/sh", "-c", `exec ${command} ${name} lxc ${type}`], environment: [...base, ...more] };
  return { argv: ["/bin/sh", "-c", command], environment: [...base, ...more, `LXC_HOOK_TYPE=${type}`, "LXC_HOOK_SECTION=lxc"] };
}

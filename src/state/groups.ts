/**
 * Groups, and the recovery rules that groups and containers share.
 * Rules: state format spec, "Groups", "auto_recovery"; times in seconds.
 */
import { noRecovery } from "./empty.ts";
import type { Fields, Reader } from "./fields.ts";
import type { AutoRecovery, Goal, Group, RestartPolicy } from "./model.ts";

const DEFAULT_TIMEOUT = 30;

/** The groups of a device that defines none. */
export function defaultGroups(): Group[] {
  const group = (name: string, statusGoal: Goal, restartPolicy: RestartPolicy): Group => (
    { name, statusGoal, restartPolicy, timeout: DEFAULT_TIMEOUT, autoRecovery: noRecovery() });
  const app: Group = {
    name: "app", statusGoal: "STARTED", restartPolicy: "container", timeout: DEFAULT_TIMEOUT,
    autoRecovery: {
      policy: "on-failure", maxRetries: 5, retryDelay: 5, backoffFactor: 2, resetWindow: 0, stableTimeout: 30, backoff: "reboot", backoffSeconds: 0,
    },
  };
  return [group("data", "MOUNTED", "system"), group("root", "STARTED", "system"), group("platform", "STARTED", "system"), app];
}

/** The container named so is meant by legacy "runlevel". */
export function isRunlevel(name: string): boolean {
  return name === "data" || name === "root" || name === "platform" || name === "app";
}

/** Place of a group in the list, or -1. */
export function groupNamed(groups: Group[], name: string): number {
  for (let i = 0; i < groups.length; i++) if (groups[i]!.name === name) return i;
  return -1;
}

/** Groups of an array, in its order. An empty one is refused. */
export function readGroups(reader: Reader, at: number): Group[] {
  const groups: Group[] = [];
  const places = reader.elements(at);
  if (places.length === 0) reader.check.refuse(at, "must name at least one group");
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    if (!reader.isObject(place) || reader.isEmpty(place)) {
      reader.check.refuse(place, "must be an object with a name");
      continue;
    }
    const f = reader.fields("group", place);
    const name = f.text("name");
    if (name !== "" && groupNamed(groups, name) >= 0) reader.check.refuse(f.placeOf("name"), `there is a group "${name}" already`);
    groups.push({
      name, statusGoal: f.word("status_goal") as Goal, restartPolicy: f.word("restart_policy") as RestartPolicy,
      timeout: f.number("timeout"), autoRecovery: readRecovery(f, "auto_recovery", noRecovery()),
    });
  }
  return groups;
}

function policyOf(f: Fields, fallback: AutoRecovery): AutoRecovery["policy"] {
  if (!f.has("policy")) return fallback.policy;
  const p = f.text("policy");
  if (p === "always" || p === "on-failure" || p === "unless-stopped") return p;
  if (p !== "no") f.reader.check.warn(f.placeOf("policy"), `"${p}" is none of no, always, on-failure, unless-stopped; taken as no`);
  return "no";
}

/** Seconds of "90", "90s", "10min", "2h"; another unit counts as seconds; -1 for what does not begin with a number above 0. */
function backoffSeconds(text: string): number {
  let end = 0;
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end += 1;
  const n = end === 0 || end > 9 ? 0 : Number(text.slice(0, end));
  if (n === 0) return -1;
  const unit = text.slice(end);
  return n * (unit === "min" ? 60 : unit === "h" ? 3600 : 1);
}

/** The rules in this member; without one, or without a policy in it, those of the fallback as a whole. */
export function readRecovery(owner: Fields, key: string, fallback: AutoRecovery): AutoRecovery {
  if (!owner.has(key)) return fallback;
  const f = owner.inner(key, "recovery");
  if (!f.mentions("policy")) return fallback;
  const text = f.text("backoff_policy");
  const seconds = backoffSeconds(text);
  if (seconds < 0 && text !== "reboot" && text !== "never") {
    f.reader.check.warn(f.placeOf("backoff_policy"), `"${text}" is no backoff policy, taken as reboot`);
  }
  return {
    policy: policyOf(f, fallback), maxRetries: f.number("max_retries"), retryDelay: f.number("retry_delay"), backoffFactor: f.number("backoff_factor"),
    resetWindow: f.number("reset_window"), stableTimeout: f.number("stable_timeout"),
    backoff: seconds > 0 ? "wait" : text === "never" ? "never" : "reboot", backoffSeconds: seconds > 0 ? seconds : 0,
  };
}

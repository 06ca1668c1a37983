/**
 * Containers and groups: the lists existing clients read, actions on one
 * container, and under /v2 what only Wherry knows of it.
 * Rules: control spec §5.1, §5.2.
 */
import { rootOf } from "../json/value.ts";
import { scan, SMALL } from "../json/scanner.ts";
import { JsonWriter } from "../json/writer.ts";
import type { AutoRecovery } from "../state/model.ts";
import { checkComponents } from "../state/names.ts";
import { monotonicMs } from "../sys/loop.ts";
import { parseDecimal } from "../sys/text.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { Unit } from "../supervisor/unit.ts";
import { Backend } from "./backend.ts";
import { Endpoint, queryValue, type Call } from "./endpoint.ts";
import { done, json, refusal, type Response } from "./response.ts";

/** "reboot", "never", or a duration in the largest unit that divides it. */
export function backoffText(r: AutoRecovery): string {
  if (r.backoff !== "wait") return r.backoff;
  const s = r.backoffSeconds;
  if (s > 0 && s % 3600 === 0) return `${s / 3600}h`;
  if (s > 0 && s % 60 === 0) return `${s / 60}min`;
  return `${s}s`;
}

function writeContainer(w: JsonWriter, backend: Backend, u: Unit): void {
  const c = u.container;
  const group = backend.groups()[c.group];
  w.beginObject();
  w.stringMember("name", c.name);
  w.key("group");
  if (group === undefined) w.null();
  else w.string(group.name);
  w.stringMember("status", u.status());
  w.stringMember("status_goal", c.statusGoal);
  w.stringMember("restart_policy", c.restartPolicy);
  w.stringsMember("roles", c.mgmt ? ["mgmt"] : []);
  const r = c.autoRecovery;
  if (r.policy !== "no") {
    w.key("auto_recovery");
    w.beginObject();
    w.stringMember("policy", r.policy);
    w.numberMember("max_retries", r.maxRetries);
    w.numberMember("current_retries", u.retries);
    w.numberMember("stable_timeout", r.stableTimeout);
    w.stringMember("is_stable", u.stable ? "true" : "false");
    w.stringMember("backoff_policy", backoffText(r));
    w.endObject();
  }
  if (c.restartPolicy === "container") w.stringMember("user_stopped", u.userStopped ? "true" : "false");
}

/** What a run's end looks like to clients of /v2. */
function writeEnding(w: JsonWriter, u: Unit): void {
  const end = u.lastEnding();
  w.key("last_end");
  if (end.kind === "none") {
    w.null();
    return;
  }
  w.beginObject();
  w.stringMember("kind", end.kind);
  w.numberMember("code", end.code);
  w.stringMember("reason", end.reason);
  w.booleanMember("out_of_memory", end.outOfMemory);
  w.stringMember("last_lines", end.lastLines);
  w.endObject();
}

function writeDetails(w: JsonWriter, backend: Backend, u: Unit): void {
  writeContainer(w, backend, u);
  w.stringMember("revision", u.revision);
  w.numberMember("pid", u.pid);
  w.booleanMember("frozen", u.frozen);
  w.numberMember("starts", u.starts);
  w.key("up_ms");
  if (u.isAlive()) w.number(Math.max(0, Math.round(monotonicMs() - u.startedMs)));
  else w.null();
  w.stringMember("waits_for", u.waitsFor);
  w.stringMember("status_text", u.statusText);
  w.stringMember("health", u.health);
  w.stringMember("health_why", u.healthWhy);
  w.numberMember("health_failures", u.healthFailures);
  w.key("usage");
  w.raw(backend.usage(u));
  writeEnding(w, u);
  w.endObject();
}

export class ListContainers extends Endpoint {
  private readonly details: boolean;

  constructor(details: boolean) {
    super();
    this.details = details;
  }

  answer(backend: Backend, _call: Call): Response | null {
    const w = new JsonWriter();
    w.beginArray();
    for (const u of unitsOf(backend)) {
      if (this.details) {
        writeDetails(w, backend, u);
      } else {
        writeContainer(w, backend, u);
        w.endObject();
      }
    }
    w.endArray();
    return json(w.text());
  }
}

function unitsOf(backend: Backend): Unit[] {
  const s = backend.supervisor();
  return s === null ? [] : s.units;
}

export class ShowContainer extends Endpoint {
  answer(backend: Backend, call: Call): Response | null {
    const s = backend.supervisor();
    const u = s === null ? null : s.find(call.parts[0]!);
    if (u === null) return refusal(404, "Container not found");
    const w = new JsonWriter();
    writeDetails(w, backend, u);
    return json(w.text());
  }
}

/** Of the files in a container's log folder. */
const CONSOLE_LOG = "lxc/console.log";

/** query: file (below the container's log folder), lines, follow. */
export class ContainerLog extends Endpoint {
  answer(backend: Backend, call: Call): Response | null {
    const s = backend.supervisor();
    const u = s === null ? null : s.find(call.parts[0]!);
    if (u === null) return refusal(404, "Container not found");
    const asked = queryValue(call.request.query, "file");
    const file = asked === "" ? CONSOLE_LOG : asked.startsWith("/") ? asked.slice(1) : asked;
    const why = checkComponents(file);
    if (why !== "") return refusal(400, `Log file ${why}`);
    const lines = parseDecimal(queryValue(call.request.query, "lines"));
    backend.streamLog(u.name(), file, lines < 0 ? 200 : Math.min(lines, 100000), queryValue(call.request.query, "follow") === "1", call.fd);
    return null;
  }
}

export class ActOnContainer extends Endpoint {
  /** extended: actions that only /v2 knows (freeze, thaw), on any container. */
  private readonly extended: boolean;

  constructor(extended: boolean) {
    super();
    this.extended = extended;
  }

  answer(backend: Backend, call: Call): Response | null {
    const s = backend.supervisor();
    const u = s === null ? null : s.find(call.parts[0]!);
    if (s === null || u === null) return refusal(404, "Container not found");
    if (!this.extended && u.container.restartPolicy !== "container") return refusal(403, "Container has restart_policy 'system' and cannot be controlled via API");
    const parsed = scan(call.request.body, SMALL);
    if (!parsed.ok) return refusal(400, "Invalid JSON");
    const action = rootOf(parsed.document).getString("action", "");
    if (action === "") return refusal(400, "Missing 'action' field");
    if (this.extended && (action === "freeze" || action === "thaw")) {
      const why = backend.freeze(u, action === "freeze");
      return why === "" ? done() : refusal(409, why);
    }
    if (action === "stop") return stop(s, u);
    if (action === "start") return start(s, u);
    if (action === "restart") return restart(s, u);
    return refusal(400, "Invalid action. Use 'start', 'stop', or 'restart'");
  }
}

function stop(s: Supervisor, u: Unit): Response {
  s.requestStop(u, "stop");
  return done();
}

function start(s: Supervisor, u: Unit): Response {
  if (u.phase === "STOPPED" || u.phase === "RECOVERING") s.dispatch(u, "start");
  else if (u.phase === "STOPPING" || u.phase === "CLEANING") s.requestStop(u, "restart");
  else if (!u.isAlive()) return refusal(400, "Container must be in STOPPED, STOPPING, or RECOVERING state to start");
  return done();
}

function restart(s: Supervisor, u: Unit): Response {
  if (!u.isAlive() && u.phase !== "CLEANING" && u.phase !== "STOPPED" && u.phase !== "RECOVERING") return refusal(400, "Container state does not allow restart");
  s.requestStop(u, "restart");
  return done();
}

export class ListGroups extends Endpoint {
  answer(backend: Backend, _call: Call): Response | null {
    const s = backend.supervisor();
    const groups = backend.groups();
    const w = new JsonWriter();
    w.beginArray();
    for (let i = 0; i < groups.length; i++) {
      const g = groups[i]!;
      w.beginObject();
      w.stringMember("name", g.name);
      w.stringMember("status_goal", g.statusGoal);
      w.stringMember("restart_policy", g.restartPolicy);
      w.stringMember("status", s === null ? "READY" : s.groupStatus(i));
      if (g.autoRecovery.policy !== "no") {
        w.key("auto_recovery");
        w.beginObject();
        w.numberMember("max_retries", g.autoRecovery.maxRetries);
        w.numberMember("stable_timeout", g.autoRecovery.stableTimeout);
        w.stringMember("backoff_policy", backoffText(g.autoRecovery));
        w.endObject();
      }
      w.endObject();
    }
    w.endArray();
    return json(w.text());
  }
}

/** POST /signal: a container says that it is ready. */
export class Signal extends Endpoint {
  answer(backend: Backend, call: Call): Response | null {
    const parsed = scan(call.request.body, SMALL);
    const type = parsed.ok ? rootOf(parsed.document).getString("type", "") : "";
    if (type === "") return refusal(400, "Signal has bad format");
    const s = backend.supervisor();
    const u = call.unit;
    const expected = s !== null && u !== null && type === "ready" && u.container.statusGoal === "READY" && u.isAlive() && u.phase !== "STOPPING";
    if (!expected || s === null || u === null) return refusal(500, "Signal not expected from this platform");
    if (u.phase === "STARTING") s.dispatch(u, "started");
    if (u.phase !== "READY") s.dispatch(u, "ready");
    return done();
  }
}

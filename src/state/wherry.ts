/**
 * What a container asks of Wherry alone, under `wherry` of run.json: limits,
 * health checks, dependencies, security profile. A key that is not known is
 * refused: nobody else reads these, so it can only be a mistake.
 * Rules: docs/state-wherry.md.
 */
import type { Fields, Reader } from "./fields.ts";
import {
  type Container, type Dependency, type FailureAction, type FailureStep, type Goal, type HealthCheck, type IoLimit, type Limits, NOT_SET,
  type SecurityProfile,
} from "./model.ts";

const DEFAULT_PERIOD_MS = 100;
/** What the kernel accepts: 1 ms to 1 s. Source: kernel, cgroup-v2.rst "cpu.max". */
const SHORTEST_PERIOD_US = 1000;
const LONGEST_PERIOD_US = 1000000;

/** Reads `wherry` of run.json into the container. */
export function readWherry(run: Fields, c: Container): void {
  if (!run.has("wherry")) return;
  const f = run.inner("wherry", "wherry-run");
  c.security = f.word("security") as SecurityProfile;
  c.limits = readLimits(f);
  c.notify = f.flag("notify");
  c.health = readHealth(f);
  c.dependencies = readDependencies(f);
}

function microseconds(f: Fields, key: string): number {
  const ms = f.ms(key);
  return ms < 0 ? NOT_SET : Math.round(ms * 1000);
}

function readLimits(f: Fields): Limits {
  const limits = f.inner("limits", "wherry-limits");
  const memory = limits.inner("memory", "wherry-memory");
  const cpu = limits.inner("cpu", "wherry-cpu");
  const io = limits.inner("io", "wherry-io");
  const quota = microseconds(cpu, "quota");
  let period = microseconds(cpu, "period");
  const check = f.reader.check;
  if (quota < 0 && period >= 0) check.refuse(cpu.placeOf("period"), "means nothing without quota");
  if (quota >= 0 && !cpu.mentions("period")) period = DEFAULT_PERIOD_MS * 1000;
  if (period >= 0 && (period < SHORTEST_PERIOD_US || period > LONGEST_PERIOD_US)) check.refuse(cpu.placeOf("period"), "must be within 1ms to 1s");
  if (quota >= 0 && quota < SHORTEST_PERIOD_US) check.refuse(cpu.placeOf("quota"), "must be at least 1ms");
  const high = memory.size("high");
  const max = memory.size("max");
  if (high > max && max >= 0) check.refuse(memory.placeOf("high"), "must not be above max");
  return {
    memoryHigh: high, memoryMax: max, memorySwap: memory.size("swap"), cpuWeight: cpu.number("weight"), cpuQuota: quota, cpuPeriod: period,
    pidsMax: limits.inner("pids", "wherry-pids").size("max"), ioWeight: io.number("weight"), io: readIo(io),
  };
}

/** The object at this place, or one without members after telling that it is none. */
function objectAt(r: Reader, table: string, at: number): Fields {
  if (r.isObject(at)) return r.fields(table, at);
  r.check.refuse(at, `must be an object, is ${r.kindWords(at)}`);
  return r.fields(table, -1);
}

function isDevice(text: string): boolean {
  if (text.startsWith("/dev/")) return text.length > 5;
  const parts = text.split(":");
  if (parts.length !== 2) return false;
  for (const p of parts) {
    if (p === "" || p.length > 7) return false;
    for (let i = 0; i < p.length; i++) if (!"0123456789".includes(p.charAt(i))) return false;
  }
  return true;
}

function readIo(io: Fields): IoLimit[] {
  const found: IoLimit[] = [];
  const places = io.elements("devices");
  for (let i = 0; i < places.length; i++) {
    const d = objectAt(io.reader, "wherry-io-device", places[i]!);
    if (d.at < 0) continue;
    const device = d.text("device");
    if (device !== "" && !isDevice(device)) io.reader.check.refuse(d.placeOf("device"), `"${device}" is neither /dev/NAME nor MAJ:MIN`);
    found.push({ device, readBytes: d.size("read"), writeBytes: d.size("write"), readOps: d.size("read_ops"), writeOps: d.size("write_ops") });
  }
  return found;
}

function readHealth(f: Fields): HealthCheck[] {
  const found: HealthCheck[] = [];
  const places = f.elements("health");
  for (let i = 0; i < places.length; i++) {
    const h = objectAt(f.reader, "wherry-health", places[i]!);
    if (h.at < 0) continue;
    const kind = h.word("kind");
    if (kind === "") continue;
    checkKind(h, kind);
    found.push({
      kind: kind as HealthCheck["kind"], command: h.texts("command"), host: h.text("host"), port: h.number("port"), socket: h.text("socket"),
      path: h.text("path"), status: h.number("status"), intervalMs: positive(h, "interval"), timeoutMs: positive(h, "timeout"),
      retries: h.number("retries"), startDelayMs: h.ms("start_delay"), onFailure: readLadder(h), feedsWatchdog: h.flag("feeds_watchdog"),
    });
  }
  return found;
}

function positive(h: Fields, key: string): number {
  const ms = h.ms(key);
  if (ms < 1) h.reader.check.refuse(h.placeOf(key), "must be at least 1ms");
  return ms;
}

/** Keys that only some kinds have; what they need. */
const KIND_KEYS = [
  { key: "command", kinds: "exec" }, { key: "host", kinds: "tcp http" }, { key: "port", kinds: "tcp http" }, { key: "socket", kinds: "http" },
  { key: "path", kinds: "http" }, { key: "status", kinds: "http" }, { key: "timeout", kinds: "exec tcp http" }, { key: "feeds_watchdog", kinds: "notify" },
];

function checkKind(h: Fields, kind: string): void {
  const check = h.reader.check;
  for (const k of KIND_KEYS) {
    if (h.has(k.key) && !k.kinds.split(" ").includes(kind)) check.refuse(h.placeOf(k.key), `means nothing in a check of kind ${kind}`);
  }
  if (kind === "exec" && h.elements("command").length === 0 && (!h.mentions("command") || h.has("command"))) check.refuse(h.at, "a check of kind exec needs \"command\"");
  if (kind === "tcp" && !h.mentions("port")) check.refuse(h.at, "a check of kind tcp needs \"port\"");
  if (kind !== "http") return;
  if (h.mentions("port") === h.mentions("socket")) check.refuse(h.at, "a check of kind http needs either \"socket\" or \"port\"");
  if (h.has("socket") && !h.text("socket").startsWith("/")) check.refuse(h.placeOf("socket"), "must be an absolute path");
  if (!h.text("path").startsWith("/")) check.refuse(h.placeOf("path"), "must begin with /");
}

function readLadder(h: Fields): FailureStep[] {
  if (!h.has("on_failure")) return [];
  const steps: FailureStep[] = [];
  const r = h.reader;
  const places = h.elements("on_failure");
  for (let i = 0; i < places.length; i++) {
    if (r.isText(places[i]!)) {
      const action = r.text(places[i]!);
      if (ACTIONS.includes(action)) steps.push({ action: action as FailureAction, times: 1 });
      else r.check.refuse(places[i]!, `"${action}" is none of ${ACTIONS.join(", ")}`);
      continue;
    }
    const s = objectAt(r, "wherry-step", places[i]!);
    if (s.at >= 0 && s.word("action") !== "") steps.push({ action: s.word("action") as FailureAction, times: s.number("times") });
  }
  if (places.length === 0) r.check.refuse(h.placeOf("on_failure"), "must have a step, or be left out");
  return steps;
}

const ACTIONS = ["restart", "restart-group", "rollback", "reboot"];

function readDependencies(f: Fields): Dependency[] {
  const found: Dependency[] = [];
  const r = f.reader;
  const places = f.elements("depends");
  for (let i = 0; i < places.length; i++) {
    if (r.isText(places[i]!)) {
      found.push({ container: r.text(places[i]!), status: "STARTED" });
      continue;
    }
    const d = objectAt(r, "wherry-depends", places[i]!);
    if (d.at >= 0 && d.text("container") !== "") found.push({ container: d.text("container"), status: d.word("status") as Goal });
  }
  return found;
}

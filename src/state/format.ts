/**
 * A state as JSON for people and programs: what it says, silent members left
 * out. For tests and whoever looks at what was understood. Places become names.
 */
import { JsonWriter } from "../json/writer.ts";
import type { Problem } from "./check.ts";
import {
  type AutoRecovery, type Bsp, type Container, type Disk, type HealthCheck, type Limits, NOT_SET, type RemountPolicy, type State,
  type Storage, UNLIMITED, type Volume,
} from "./model.ts";

/** Writes members that say something. */
class Sparse {
  readonly w: JsonWriter;

  constructor(w: JsonWriter) {
    this.w = w;
  }

  text(name: string, value: string): void {
    if (value !== "") this.w.stringMember(name, value);
  }

  /** Without what is not set; UNLIMITED is "max". */
  number(name: string, value: number): void {
    if (value === UNLIMITED) this.w.stringMember(name, "max");
    else if (value !== NOT_SET) this.w.numberMember(name, value);
  }

  count(name: string, value: number): void {
    if (value !== 0) this.w.numberMember(name, value);
  }

  flag(name: string, value: boolean): void {
    if (value) this.w.booleanMember(name, value);
  }

  texts(name: string, values: string[]): void {
    if (values.length > 0) this.w.stringsMember(name, values);
  }

  object(name: string): void {
    this.w.key(name);
    this.w.beginObject();
  }
}

function volumeText(v: Volume): string {
  return v.handler === "" ? v.name : `${v.handler}:${v.name}`;
}

function writeRecovery(s: Sparse, r: AutoRecovery): void {
  if (r.policy === "no") return;
  s.object("autoRecovery");
  s.text("policy", r.policy);
  s.count("maxRetries", r.maxRetries);
  s.count("retryDelay", r.retryDelay);
  s.w.numberMember("backoffFactor", r.backoffFactor);
  s.count("resetWindow", r.resetWindow);
  s.count("stableTimeout", r.stableTimeout);
  s.text("backoff", r.backoff);
  s.count("backoffSeconds", r.backoffSeconds);
  s.w.endObject();
}

function writeStorage(s: Sparse, name: string, list: Storage[]): void {
  if (list.length === 0) return;
  s.w.key(name);
  s.w.beginArray();
  for (const x of list) {
    s.w.beginObject();
    s.text("name", x.name);
    s.text("persistence", x.persistence);
    s.text("disk", x.disk);
    s.w.endObject();
  }
  s.w.endArray();
}

function writeRemount(s: Sparse, list: RemountPolicy[]): void {
  if (list.length === 0) return;
  s.object("remount");
  for (const p of list) {
    s.w.key(p.policy);
    s.w.beginArray();
    for (const e of p.entries) s.w.strings([e.pattern, e.options]);
    s.w.endArray();
  }
  s.w.endObject();
}

function writeLimits(s: Sparse, l: Limits): void {
  s.object("limits");
  s.number("memoryHigh", l.memoryHigh);
  s.number("memoryMax", l.memoryMax);
  s.number("memorySwap", l.memorySwap);
  s.number("cpuWeight", l.cpuWeight);
  s.number("cpuQuota", l.cpuQuota);
  s.number("cpuPeriod", l.cpuPeriod);
  s.number("pidsMax", l.pidsMax);
  s.number("ioWeight", l.ioWeight);
  if (l.io.length > 0) {
    s.w.key("io");
    s.w.beginArray();
    for (const d of l.io) {
      s.w.beginObject();
      s.text("device", d.device);
      s.number("readBytes", d.readBytes);
      s.number("writeBytes", d.writeBytes);
      s.number("readOps", d.readOps);
      s.number("writeOps", d.writeOps);
      s.w.endObject();
    }
    s.w.endArray();
  }
  s.w.endObject();
}

function hasLimits(l: Limits): boolean {
  const numbers = [l.memoryHigh, l.memoryMax, l.memorySwap, l.cpuWeight, l.cpuQuota, l.cpuPeriod, l.pidsMax, l.ioWeight];
  return l.io.length > 0 || numbers.some((n) => n !== NOT_SET);
}

function writeHealth(s: Sparse, h: HealthCheck): void {
  s.w.beginObject();
  s.text("kind", h.kind);
  s.texts("command", h.command);
  if (h.kind === "tcp" || (h.kind === "http" && h.socket === "")) {
    s.text("host", h.host);
    s.number("port", h.port);
  }
  if (h.kind === "http") {
    s.text("socket", h.socket);
    s.text("path", h.path);
    s.count("status", h.status);
  }
  s.w.numberMember("intervalMs", h.intervalMs);
  s.w.numberMember("timeoutMs", h.timeoutMs);
  s.w.numberMember("retries", h.retries);
  s.count("startDelayMs", h.startDelayMs);
  s.texts("onFailure", h.onFailure.map((x) => (x.times === 1 ? x.action : `${x.action} ${x.times}`)));
  s.flag("feedsWatchdog", h.feedsWatchdog);
  s.w.endObject();
}

function writeServices(s: Sparse, c: Container): void {
  for (const required of [true, false]) {
    const list = c.services.filter((x) => x.required === required);
    if (list.length === 0) continue;
    s.w.key(required ? "requires" : "uses");
    s.w.beginArray();
    for (const x of list) {
      s.w.beginObject();
      s.text("name", x.name);
      s.text("type", x.type);
      s.text("role", x.role);
      s.text("interface", x.interface);
      s.text("target", x.target);
      s.w.endObject();
    }
    s.w.endArray();
  }
  if (c.serviceExports.length > 0) {
    s.w.key("offers");
    s.w.beginArray();
    for (const x of c.serviceExports) {
      s.w.beginObject();
      s.text("name", x.name);
      s.text("type", x.type);
      s.text("socket", x.socket);
      s.w.endObject();
    }
    s.w.endArray();
  }
  if (c.busOwners.length === 0) return;
  s.w.key("owns");
  s.w.beginArray();
  for (const x of c.busOwners) {
    s.w.beginObject();
    s.text("bus", x.bus);
    s.text("owns", x.owns);
    s.text("role", x.role);
    s.texts("allow", x.allow);
    s.w.endObject();
  }
  s.w.endArray();
}

function writeNetwork(s: Sparse, c: Container): void {
  const n = c.network;
  if (n.mode === "none" && n.hostname === "" && n.ip === "" && n.mac === "") return;
  s.object("network");
  s.text("mode", n.mode);
  s.text("pool", n.pool);
  s.text("hostname", n.hostname);
  s.text("ip", n.ip);
  s.text("mac", n.mac);
  s.w.endObject();
}

function writeLogs(s: Sparse, c: Container): void {
  s.w.key("logs");
  s.w.beginArray();
  for (const l of c.logs) {
    s.w.beginObject();
    s.text("file", l.file);
    s.text("name", l.name);
    if (l.truncate) s.w.numberMember("truncateAt", l.maxSize);
    s.w.endObject();
  }
  s.w.endArray();
}

function writeContainer(w: JsonWriter, c: Container, state: State): void {
  const s = new Sparse(w);
  w.beginObject();
  s.text("name", c.name);
  s.text("type", c.type);
  s.text("config", c.config);
  s.text("rootVolume", volumeText(c.rootVolume));
  s.texts("volumes", c.volumes.map((v) => volumeText(v)));
  writeStorage(s, "storage", c.storage);
  if (c.group >= 0) s.text("group", state.groups[c.group]!.name);
  s.text("statusGoal", c.statusGoal);
  s.text("restartPolicy", c.restartPolicy);
  s.flag("mgmt", c.mgmt);
  writeRecovery(s, c.autoRecovery);
  s.texts("driversRequired", c.driversRequired);
  s.texts("driversOptional", c.driversOptional);
  s.texts("driversManual", c.driversManual);
  writeNetwork(s, c);
  writeServices(s, c);
  s.texts("exports", c.exports);
  writeLogs(s, c);
  if (c.devLog !== "default") s.text("devLog", c.devLog);
  if (!c.automodfw) w.booleanMember("automodfw", false);
  writeRemount(s, c.remount);
  s.texts("mdevRules", c.mdevRules);
  s.flag("hasConfigOverlay", c.hasConfigOverlay);
  if (hasLimits(c.limits)) writeLimits(s, c.limits);
  s.flag("notify", c.notify);
  if (c.health.length > 0) {
    w.key("health");
    w.beginArray();
    for (const h of c.health) writeHealth(s, h);
    w.endArray();
  }
  s.texts("dependsOn", c.dependencies.map((d) => `${d.container} ${d.status}`));
  s.text("security", c.security);
  w.endObject();
}

function writeDisk(w: JsonWriter, d: Disk): void {
  const s = new Sparse(w);
  w.beginObject();
  s.text("name", d.name);
  s.texts("aliases", d.aliases);
  s.text("type", d.type);
  s.text("path", d.path);
  s.text("mode", d.mode);
  s.flag("migrateKeyblob", d.migrateKeyblob);
  s.text("format", d.format);
  s.text("provision", d.provision);
  s.text("provisionOptions", d.provisionOptions);
  s.text("formatOptions", d.formatOptions);
  s.text("mountOptions", d.mountOptions);
  s.text("mountTarget", d.mountTarget);
  s.text("uuid", d.uuid);
  s.flag("default", d.isDefault);
  s.texts("disks", d.disks);
  s.texts("initOrder", d.initOrder);
  w.endObject();
}

function writeBsp(w: JsonWriter, b: Bsp): void {
  const s = new Sparse(w);
  w.beginObject();
  s.text("linux", b.linux);
  s.text("initrd", b.initrd);
  s.text("fdt", b.fdt);
  s.text("fit", b.fit);
  s.text("rpiab", b.rpiab);
  s.texts("addons", b.addons);
  s.text("firmware", volumeText(b.firmware));
  if (b.modules.length > 0) {
    s.object("modules");
    for (const m of b.modules) w.stringMember(m.release, volumeText(m.volume));
    w.endObject();
  }
  w.endObject();
}

/** Names of the parts formatState() writes, in its order. */
export const STATE_PARTS = [
  "spec", "security", "groups", "disks", "bsp", "bspVolumes", "drivers", "pools", "remount", "verity", "containers", "artifacts", "signatures",
];

function writePart(w: JsonWriter, state: State, part: string): void {
  const s = new Sparse(w);
  if (part === "spec") s.text(part, state.spec);
  else if (part === "security") s.text(part, state.security);
  else if (part === "bspVolumes") writeStorage(s, part, state.bspVolumes);
  else if (part === "remount") writeRemount(s, state.remount);
  else if (part === "signatures") s.texts(part, state.signatures);
  else writeList(w, s, state, part);
}

function writeList(w: JsonWriter, s: Sparse, state: State, part: string): void {
  if (part === "bsp") {
    if (!state.bsp.present) return;
    w.key(part);
    writeBsp(w, state.bsp);
    return;
  }
  w.key(part);
  w.beginArray();
  if (part === "groups") for (const g of state.groups) {
    w.beginObject();
    s.text("name", g.name);
    s.text("statusGoal", g.statusGoal);
    s.text("restartPolicy", g.restartPolicy);
    s.number("timeout", g.timeout);
    writeRecovery(s, g.autoRecovery);
    w.endObject();
  }
  if (part === "disks") for (const d of state.disks) writeDisk(w, d);
  if (part === "containers") for (const c of state.containers) writeContainer(w, c, state);
  if (part === "drivers") for (const d of state.drivers) {
    w.beginObject();
    s.text("section", d.section);
    for (const a of d.aliases) w.stringsMember(a.alias, a.modules);
    w.endObject();
  }
  if (part === "pools") for (const p of state.pools) {
    w.beginObject();
    s.text("name", p.name);
    s.text("type", p.type);
    s.text("bridge", p.bridge);
    s.text("parent", p.parent);
    s.text("subnet", p.subnet);
    s.text("gateway", p.gateway);
    s.flag("nat", p.nat);
    w.endObject();
  }
  if (part === "verity") for (const v of state.verity) {
    w.beginObject();
    s.text("part", v.part);
    s.text("volume", v.volume);
    s.text("dataDevice", v.dataDevice);
    s.text("hashDevice", v.hashDevice);
    s.text("rootHash", v.rootHash);
    s.text("salt", v.salt);
    s.text("uuid", v.uuid);
    w.endObject();
  }
  if (part === "artifacts") for (const a of state.artifacts) {
    w.beginObject();
    s.text("name", a.name);
    s.text("object", a.id);
    if (a.kind === "json") w.numberMember("bytes", a.end - a.start);
    if (a.owner >= 0) s.text("container", state.containers[a.owner]!.name);
    w.endObject();
  }
  w.endArray();
}

/** The parts of a state with these names, as one JSON object. */
export function formatState(state: State, parts: string[]): string {
  const w = new JsonWriter();
  w.beginObject();
  for (const part of STATE_PARTS) if (parts.includes(part)) writePart(w, state, part);
  w.endObject();
  return w.text();
}

/** Problems or warnings as JSON array of { at, line, column, why }. */
export function formatProblems(problems: Problem[]): string {
  const w = new JsonWriter();
  w.beginArray();
  for (const p of problems) {
    w.beginObject();
    w.stringMember("at", p.at.trim());
    w.numberMember("line", p.line);
    w.numberMember("column", p.column);
    w.stringMember("why", p.why);
    w.endObject();
  }
  w.endArray();
  return w.text();
}

/**
 * One container's run.json. Needs groups, disks and pools to be known.
 * Rules: state format spec, "Container". Group, goal and policy that are
 * not given come later, when all containers are known (parse.ts).
 */
import { bareContainer } from "./empty.ts";
import { type Fields, type Reader } from "./fields.ts";
import { groupNamed, isRunlevel } from "./groups.ts";
import type { Container, Disk, Goal, Group, LogFile, Pool, RestartPolicy } from "./model.ts";
import { checkComponents, checkContainerName } from "./names.ts";
import { readNetwork } from "./network.ts";
import { readRequirements } from "./services.ts";
import { readOneVolume, readRemount, readStorage, readVolumes } from "./volumes.ts";
import { readWherry } from "./wherry.ts";

const DEFAULT_LOG_SIZE = 2097152;
/** Entries with a key beginning so are about logs the manager captures itself. */
const CAPTURED = ["lxc", "console"];
const LETTER_L = 108;
const LETTER_C = 99;

/** What run.json said, and what is still to be filled in. ok false: it names no container. */
export type Run = {
  ok: boolean;
  container: Container;
  fields: Fields;
  goalGiven: boolean;
  policyGiven: boolean;
  /** Place of its services.json, -1 without. */
  servicesAt: number;
};

/** The device's definitions a container may refer to. */
export type Device = { groups: Group[]; disks: Disk[]; pools: Pool[] };

/** run.json of the folder. */
export function readContainer(reader: Reader, at: number, folder: string, device: Device): Run {
  const f = reader.fields("run", at);
  const c = bareContainer(f.text("name"));
  const run: Run = {
    ok: c.name !== "", container: c, fields: f, goalGiven: f.word("status_goal") !== "", policyGiven: f.word("restart_policy") !== "", servicesAt: -1,
  };
  const why = c.name === "" ? "" : checkContainerName(c.name);
  if (why !== "") reader.check.refuse(f.placeOf("name"), why);
  else if (c.name !== "" && c.name !== folder) reader.check.refuse(f.placeOf("name"), `is "${c.name}", but its folder is "${folder}"`);

  c.type = f.word("type");
  c.config = f.text("config");
  const wrongConfig = c.config === "" ? "" : checkComponents(c.config);
  if (wrongConfig !== "") reader.check.refuse(f.placeOf("config"), wrongConfig);
  c.rootVolume = readOneVolume(f, "root-volume");
  c.volumes = readVolumes(f, "volumes");
  c.storage = readStorage(f, "storage", device.disks);
  c.group = groupOf(f, device.groups);
  if (run.goalGiven) c.statusGoal = f.word("status_goal") as Goal;
  if (run.policyGiven) c.restartPolicy = f.word("restart_policy") as RestartPolicy;
  c.mgmt = readRoles(f);
  const drivers = f.inner("drivers", "drivers");
  c.driversRequired = drivers.texts("required");
  c.driversOptional = drivers.texts("optional");
  c.driversManual = drivers.texts("manual");
  c.network = readNetwork(f, device.pools);
  c.services = readRequirements(f);
  c.exports = readExportPaths(f);
  c.logs = readLogs(f);
  c.devLog = !f.has("dev-log") ? "default" : f.flag("dev-log") ? "yes" : "no";
  c.automodfw = f.text("automodfw") !== "no";
  c.remount = readRemount(f, "remount");
  readWherry(f, c);
  return run;
}

function groupOf(f: Fields, groups: Group[]): number {
  const asked = f.text("group");
  const level = f.text("runlevel");
  const name = asked !== "" ? asked : isRunlevel(level) ? level : "";
  if (name === "") return -1;
  const key = asked !== "" ? "group" : "runlevel";
  const place = groupNamed(groups, name);
  if (place < 0) f.reader.check.refuse(f.placeOf(key), `there is no group "${name}"; there are ${groups.map((g) => g.name).join(", ")}`);
  return place;
}

/** Without roles a container may manage; with the key, only when it lists mgmt. */
function readRoles(f: Fields): boolean {
  if (!f.mentions("roles")) return true;
  let mgmt = false;
  const roles = f.texts("roles");
  for (let i = 0; i < roles.length; i++) {
    if (roles[i] === "mgmt") mgmt = true;
    else if (roles[i] !== "nobody") f.reader.check.warn(f.placeOf("roles"), `role "${roles[i]!}" is neither mgmt nor nobody, ignored`);
  }
  return mgmt;
}

function readExportPaths(f: Fields): string[] {
  const paths = f.texts("exports");
  for (let i = 0; i < paths.length; i++) {
    const p = paths[i]!;
    const why = p.startsWith("/") ? checkComponents(p.slice(1)) : `"${p}" is not absolute`;
    if (why !== "") f.reader.check.refuse(f.placeOf("exports"), why);
  }
  return paths;
}

function usualLogs(): LogFile[] {
  const log = (file: string): LogFile => ({ file, name: "", truncate: true, maxSize: DEFAULT_LOG_SIZE });
  return [log("/var/log/syslog"), log("/var/log/messages")];
}

function isCaptured(reader: Reader, at: number): boolean {
  const d = reader.check.document;
  const end = d.next(at);
  for (let k = at + 1; k < end; k = d.next(k + 1)) {
    const first = d.bytes[d.start(k) + 1]!;
    if (first !== LETTER_L && first !== LETTER_C) continue;
    for (const prefix of CAPTURED) if (reader.text(k).startsWith(prefix)) return true;
  }
  return false;
}

function readLogs(f: Fields): LogFile[] {
  const logs: LogFile[] = [];
  const r = f.reader;
  const places = f.elements("logs");
  for (let i = 0; i < places.length; i++) {
    if (!r.isObject(places[i]!) || r.isEmpty(places[i]!)) {
      r.check.refuse(places[i]!, "must be an object with file or name");
      continue;
    }
    if (isCaptured(r, places[i]!)) continue;
    const l = r.fields("log", places[i]!);
    logs.push({ file: l.text("file"), name: l.text("name"), truncate: l.flag("truncate"), maxSize: l.number("maxsize") });
  }
  return logs.length > 0 ? logs : usualLogs();
}

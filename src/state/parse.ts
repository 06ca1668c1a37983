/**
 * A state's text → its model, with everything that is wrong with it. Reads
 * in two passes, so that no order of keys matters: first what the device
 * defines, then containers, then what belongs to them. No effects.
 * Rules: state format spec, "Parse order and key classification".
 */
import type { Document } from "../json/document.ts";
import { scan, type Limits } from "../json/scanner.ts";
import {
  artifactOf, checkFolders, entriesOf, type Entry, folderOf, isManifest, isOverlay, isSignature, ownerFolder, ownerName,
} from "./artifacts.ts";
import { readBsp, readDrivers } from "./bsp.ts";
import { Check, type Problem } from "./check.ts";
import { readContainer, type Run } from "./container.ts";
import { bringsVolume, crosscheck } from "./crosscheck.ts";
import { checkSubdisks, readDisks } from "./disks.ts";
import { emptyState } from "./empty.ts";
import { type Fields, Reader } from "./fields.ts";
import { defaultGroups, groupNamed, readGroups, readRecovery } from "./groups.ts";
import { type Group, NO_OWNER, type SecurityProfile, type State } from "./model.ts";
import { readPools } from "./network.ts";
import { readExports } from "./services.ts";
import { readRemount, readStorage, readVerity } from "./volumes.ts";

/** What the device is, where it matters for a state. */
export type StateOptions = {
  /** Runs on somebody else's system: bsp/run.json is not looked at. */
  appengine: boolean;
  /** PV_BOOTLOADER_TYPE; "rpiab" needs its own image. */
  bootloader: string;
  /** The manager hosts a D-Bus system bus. */
  hostsBus: boolean;
};

/** ok: nothing refuses it. The state is complete only then. */
export type Checked = { ok: boolean; state: State; problems: Problem[]; warnings: Problem[] };

/** A state of a thousand containers has 5 MB. */
export const STATE_LIMITS: Limits = { bytes: 16777216, depth: 64, values: 2097152 };

const SPEC = "pantavisor-service-system@1";
const OLD_SPEC = "pantavisor-multi-platform@1";

/** A device that boots by itself and hosts no bus. */
export function usualOptions(): StateOptions {
  return { appengine: false, bootloader: "", hostsBus: true };
}

/** Reads and checks the bytes of a state. Never throws for what is in them. */
export function parseState(bytes: Uint8Array, options: StateOptions): Checked {
  const s = scan(bytes, STATE_LIMITS);
  const problems: Problem[] = s.problems.map((p) => ({ at: "", line: p.line, column: p.column, why: p.why }));
  if (!s.complete) return { ok: false, state: emptyState(bytes), problems, warnings: [] };
  const checked = checkState(s.document, options);
  for (const p of checked.problems) problems.push(p);
  return { ok: problems.length === 0, state: checked.state, problems, warnings: checked.warnings };
}

/** Checks a document that was read already (its own problems are the caller's). */
export function checkState(document: Document, options: StateOptions): Checked {
  const check = new Check(document);
  const state = emptyState(document.bytes);
  const reader = new Reader(check);
  if (!reader.isObject(0)) check.refuse(0, `a state must be an object, is ${reader.kindWords(0)}`);
  else new StateReader(reader, state, options).read();
  check.close();
  return { ok: check.problems.length === 0, state, problems: check.problems, warnings: check.warnings };
}

class StateReader {
  private readonly reader: Reader;
  private readonly state: State;
  private readonly options: StateOptions;
  private readonly entries: Entry[];
  private readonly runs: Run[];
  /** Names of what is installed, and where their values are. */
  private readonly files: Map<string, number>;
  /** Containers by name. */
  private readonly places: Map<string, number>;
  private usesDefaultGroups: boolean;

  constructor(reader: Reader, state: State, options: StateOptions) {
    this.reader = reader;
    this.state = state;
    this.options = options;
    this.entries = entriesOf(reader);
    this.runs = [];
    this.files = new Map<string, number>();
    this.places = new Map<string, number>();
    this.usesDefaultGroups = false;
  }

  read(): void {
    if (!this.readSpec()) return;
    this.readArtifacts();
    this.readDevice();
    this.readBspDocuments();
    for (const e of this.entries) if (isManifest(e.name)) this.readManifest(e);
    this.giveGroups();
    this.readContainerDocuments();
    this.giveOwners();
    checkFolders(this.reader.check, this.entries, this.files);
    crosscheck(this.reader.check, this.state, this.runs, this.files, this.options.hostsBus);
  }

  /** Place of an inline document, -1 without. */
  private named(name: string): number {
    return this.files.get(name) ?? -1;
  }

  private readSpec(): boolean {
    let at = -1;
    for (const e of this.entries) if (e.name === "#spec") at = e.value;
    const check = this.reader.check;
    const spec = at >= 0 && this.reader.isText(at) ? this.reader.text(at) : "";
    this.state.spec = spec;
    if (spec === SPEC) return true;
    if (at < 0) check.refuse(0, `"#spec" is missing, must be "${SPEC}"`);
    else if (spec === OLD_SPEC) check.refuse(at, `"${OLD_SPEC}" has no groups and never ran containers here; write the state as "${SPEC}"`);
    else check.refuse(at, `must be "${SPEC}"`);
    return false;
  }

  private readArtifacts(): void {
    for (const e of this.entries) {
      if (isSignature(this.reader, e.value)) this.state.signatures.push(e.name);
      const a = artifactOf(this.reader, e);
      if (a === null) continue;
      this.state.artifacts.push(a);
      this.files.set(a.name, e.value);
    }
  }

  private readDevice(): void {
    const at = this.named("device.json");
    if (at >= 0) this.readDeviceDocument(at);
    else this.readOlderDocuments();
    this.usesDefaultGroups = this.state.groups.length === 0;
    if (this.usesDefaultGroups) this.state.groups = defaultGroups();
  }

  private readDeviceDocument(at: number): void {
    const r = this.reader;
    if (!r.isObject(at)) {
      if (!r.isText(at)) r.check.refuse(at, `must be an object, is ${r.kindWords(at)}`);
      return;
    }
    for (const name of ["groups.json", "disks.json", "disks_v3.json"]) {
      const older = this.named(name);
      if (older >= 0) r.check.warn(older, "ignored: there is a device.json");
    }
    const f = r.fields("device", at);
    if (f.has("groups")) this.state.groups = readGroups(r, f.placeOf("groups"));
    for (const key of ["disks", "disks_v2", "disks_v3"]) {
      if (f.has(key)) readDisks(r, f.placeOf(key), key === "disks_v3", this.state.disks);
    }
    checkSubdisks(r, at, this.state.disks);
    this.state.bspVolumes = readStorage(f, "volumes", this.state.disks);
    this.state.pools = readPools(f);
    this.state.remount = readRemount(f, "remount");
    this.state.security = f.inner("wherry", "wherry-device").word("security") as SecurityProfile;
  }

  private readOlderDocuments(): void {
    const r = this.reader;
    for (const name of ["disks.json", "disks_v3.json"]) {
      const at = this.named(name);
      if (at >= 0 && this.isList(at)) readDisks(r, at, name === "disks_v3.json", this.state.disks);
    }
    checkSubdisks(r, 0, this.state.disks);
    const groups = this.named("groups.json");
    if (groups >= 0 && this.isList(groups)) this.state.groups = readGroups(r, groups);
  }

  private isList(at: number): boolean {
    if (this.reader.isArray(at)) return true;
    if (!this.reader.isText(at)) this.reader.check.refuse(at, `must be an array, is ${this.reader.kindWords(at)}`);
    return false;
  }

  private readBspDocuments(): void {
    const r = this.reader;
    const at = this.named("bsp/run.json");
    if (at < 0 && !this.options.appengine) r.check.warn(0, "\"bsp/run.json\" is not there: a device that boots by itself can't install this state");
    if (at >= 0 && !this.options.appengine && !r.isText(at)) {
      const bsp = readBsp(r, at, this.options.bootloader);
      this.state.bsp = bsp;
      for (const name of [bsp.linux, bsp.initrd, bsp.fdt, bsp.fit, bsp.rpiab, ...bsp.addons]) {
        if (name !== "" && !this.files.has(`bsp/${name}`)) r.check.refuse(at, `the state has no bsp/${name}`);
      }
      for (const v of [bsp.firmware, ...bsp.modules.map((m) => m.volume)]) {
        if (!bringsVolume(this.files, "bsp", v)) r.check.refuse(at, `the state has no bsp/${v.name}`);
      }
    }
    const drivers = this.named("bsp/drivers.json");
    if (drivers >= 0 && !r.isText(drivers)) this.state.drivers = readDrivers(r, drivers);
  }

  private readManifest(e: Entry): void {
    const r = this.reader;
    if (r.isText(e.value)) return;
    const folder = folderOf(e.name, "run.json");
    if (!r.isObject(e.value)) {
      r.check.refuse(e.value, `must be an object, is ${r.kindWords(e.value)}`);
    } else if (r.isEmpty(e.value)) {
      r.check.warn(e.value, "is empty: no container");
    } else {
      const run = readContainer(r, e.value, folder, this.state);
      if (!run.ok) return;
      this.runs.push(run);
      this.places.set(run.container.name, this.state.containers.length);
      this.state.containers.push(run.container);
    }
  }

  /** Containers without a group get theirs, then all what their groups say where they are silent. */
  private giveGroups(): void {
    const groups = this.state.groups;
    const root = this.usesDefaultGroups ? groupNamed(groups, "root") : -1;
    const rest = this.usesDefaultGroups ? groupNamed(groups, "platform") : groups.length - 1;
    let rootTaken = root < 0;
    for (const c of this.state.containers) if (c.group === root && root >= 0) rootTaken = true;
    for (const run of this.runs) {
      const c = run.container;
      if (c.group < 0) {
        c.group = rootTaken ? rest : root;
        rootTaken = true;
      }
      if (c.group >= 0) inherit(run, groups[c.group]!);
    }
  }

  private placeOf(container: string): number {
    return this.places.get(container) ?? NO_OWNER;
  }

  /** services.json, mdev.json and the descriptions of verified images. */
  private readContainerDocuments(): void {
    const r = this.reader;
    for (const e of this.entries) {
      if (!e.name.endsWith(".json") || isOverlay(e.name) || r.isText(e.value)) continue;
      this.readServices(e);
      const mdev = this.placeOfFolder(folderOf(e.name, "mdev.json"));
      if (mdev >= 0) this.state.containers[mdev]!.mdevRules = r.fields("mdev", e.value).texts("rules");
      const dm = e.name.indexOf("/_dm/");
      if (dm > 0) {
        const v = readVerity(r, e.value, e.name.slice(0, dm), e.name.slice(dm + 5, e.name.length - 5));
        if (v.volume !== "") this.state.verity.push(v);
      }
    }
  }

  private placeOfFolder(folder: string): number {
    return folder === "" ? NO_OWNER : this.placeOf(folder);
  }

  private readServices(e: Entry): void {
    const place = this.placeOfFolder(folderOf(e.name, "services.json"));
    if (place < 0) return;
    const offered = readExports(this.reader, e.value);
    this.runs[place]!.servicesAt = e.value;
    this.state.containers[place]!.serviceExports = offered.exports;
    this.state.containers[place]!.busOwners = offered.owners;
  }

  private giveOwners(): void {
    let folder = "/";
    let owner = NO_OWNER;
    for (const a of this.state.artifacts) {
      if (folder === "" || !a.name.startsWith(folder)) {
        folder = ownerFolder(a.name);
        owner = this.placeOf(ownerName(folder));
        if (owner !== NO_OWNER && isOverlay(folder)) this.state.containers[owner]!.hasConfigOverlay = true;
      }
      a.owner = owner;
    }
  }
}

function inherit(run: Run, group: Group): void {
  const c = run.container;
  const fields: Fields = run.fields;
  if (!run.goalGiven) c.statusGoal = group.statusGoal;
  if (!run.policyGiven) c.restartPolicy = group.restartPolicy;
  c.autoRecovery = readRecovery(fields, "auto_recovery", group.autoRecovery);
}

/**
 * Disks: what containers and the device keep their data on.
 * Rules: state format spec, "Disks". What existing devices find out at the
 * mount (missing mode, missing path) is told here already.
 */
import type { Fields, Reader } from "./fields.ts";
import type { Disk, DiskType } from "./model.ts";

const TYPES = ["dm-crypt-versatile", "dm-crypt-caam", "dm-crypt-dcp", "swap-disk", "volume-disk", "dual"];
const INIT_STEPS = ["primary", "secondary", "create-primary", "create-secondary", "copy-once-to-primary"];
const MOST_SUBDISKS = 4;
const MOST_INIT_STEPS = 8;

/** Adds the disks of an array. skipUnknown: an unknown type only leaves its disk out. */
export function readDisks(reader: Reader, at: number, skipUnknown: boolean, disks: Disk[]): void {
  const places = reader.elements(at);
  if (places.length === 0) reader.check.warn(at, "names no disk");
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    if (!reader.isObject(place)) {
      reader.check.refuse(place, `must be an object, is ${reader.kindWords(place)}`);
      continue;
    }
    const f = reader.fields("disk", place);
    const type = f.text("type");
    if (type !== "" && !TYPES.includes(type)) {
      const why = `unknown disk type "${type}"; there are ${TYPES.join(", ")}`;
      if (skipUnknown) reader.check.warn(f.placeOf("type"), `${why}; disk left out`);
      else reader.check.refuse(f.placeOf("type"), why);
      continue;
    }
    if (type === "") continue;
    const disk = diskOf(f, type as DiskType);
    checkType(f, disk);
    checkNames(f, disk, disks);
    disks.push(disk);
  }
}

function diskOf(f: Fields, type: DiskType): Disk {
  const either = (key: string, other: string): string => (f.has(key) ? f.text(key) : f.text(other));
  return {
    name: f.text("name"), aliases: f.texts("aliases"), type, path: f.text("path"), mode: f.word("mode"),
    migrateKeyblob: f.text("migrate_keyblob") === "yes", format: f.word("format"), provision: f.text("provision"),
    provisionOptions: either("provision_options", "provision_ops"), formatOptions: either("format_options", "format_ops"),
    mountOptions: either("mount_options", "mount_ops"), mountTarget: f.text("mount_target"), uuid: f.text("uuid"),
    isDefault: f.text("default") === "yes", disks: f.texts("disks"), initOrder: f.texts("init_order"),
  };
}

function need(f: Fields, key: string, text: string, because: string): void {
  if (text === "" && !f.mentions(key)) f.reader.check.refuse(f.at, `"${key}" is missing, ${because} needs it`);
}

function checkType(f: Fields, d: Disk): void {
  const check = f.reader.check;
  if (d.type.startsWith("dm-crypt-")) {
    const parts = d.path.split(",");
    need(f, "path", d.path, "an encrypted disk");
    if (f.mentions("path") && (parts.length !== 3 || parts.includes(""))) check.refuse(f.placeOf("path"), "must be IMAGE,SIZE,KEY for an encrypted disk");
    if (d.type !== "dm-crypt-versatile") need(f, "mode", d.mode, d.type);
  } else if (d.type === "swap-disk") {
    need(f, "provision", d.provision, d.type);
  } else if (d.type === "volume-disk" && d.provision !== "") {
    need(f, "path", d.path, "a provisioned volume-disk");
    need(f, "mount_target", d.mountTarget, "a provisioned volume-disk");
    need(f, "format", d.format, "a provisioned volume-disk");
    if (f.mentions("format") && d.format !== "ext3" && d.format !== "ext4") check.refuse(f.placeOf("format"), "must be ext3 or ext4 for a provisioned volume-disk");
  } else if (d.type === "dual") {
    checkDual(f, d);
  }
}

function checkDual(f: Fields, d: Disk): void {
  const check = f.reader.check;
  if (d.disks.length < 2 || d.disks.length > MOST_SUBDISKS) check.refuse(f.placeOf("disks"), `a dual disk has 2 to ${MOST_SUBDISKS} disks`);
  if (d.initOrder.length === 0 || d.initOrder.length > MOST_INIT_STEPS) check.refuse(f.placeOf("init_order"), `a dual disk has 1 to ${MOST_INIT_STEPS} steps`);
  for (const step of d.initOrder) {
    if (!INIT_STEPS.includes(step)) check.refuse(f.placeOf("init_order"), `"${step}" is none of ${INIT_STEPS.join(", ")}`);
  }
}

/** A name or alias stands for one disk only. */
function checkNames(f: Fields, d: Disk, before: Disk[]): void {
  const check = f.reader.check;
  if (diskNamed(before, d.name) !== null) check.refuse(f.placeOf("name"), `another disk has the name or alias "${d.name}"`);
  for (const alias of d.aliases) {
    if (alias === "") check.refuse(f.placeOf("aliases"), "an alias must not be empty");
    else if (alias !== d.name && diskNamed(before, alias) !== null) check.refuse(f.placeOf("aliases"), `another disk has the name or alias "${alias}"`);
  }
  if (d.isDefault && defaultDisk(before) !== "") check.warn(f.placeOf("default"), `the default disk is "${defaultDisk(before)}" already`);
}

/** The disk with this name or alias. */
export function diskNamed(disks: Disk[], name: string): Disk | null {
  for (const d of disks) if (d.name === name || d.aliases.includes(name)) return d;
  return null;
}

/** Name of the disk of all storage that names none; "" when there is none. */
export function defaultDisk(disks: Disk[]): string {
  for (const d of disks) if (d.isDefault) return d.name;
  return "";
}

/** Disks that dual disks are made of must be there, and be no dual disk. */
export function checkSubdisks(reader: Reader, at: number, disks: Disk[]): void {
  for (const d of disks) {
    for (const name of d.disks) {
      const sub = diskNamed(disks, name);
      if (sub === null) reader.check.refuse(at, `disk "${d.name}" is made of "${name}", which is no disk`);
      else if (sub.type === "dual") reader.check.refuse(at, `disk "${d.name}" is made of "${name}", which is dual itself`);
    }
  }
}

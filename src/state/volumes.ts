/**
 * Volumes (images of a part), storage (folders that are kept or not), the
 * descriptions of verified images, remount policies.
 * Rules: state format spec, "Volumes", "storage", "remount".
 */
import { noVolume } from "./empty.ts";
import { defaultDisk, diskNamed } from "./disks.ts";
import type { Fields, Reader } from "./fields.ts";
import { checkComponents } from "./names.ts";
import type { Disk, RemountPolicy, Storage, Verity, Volume } from "./model.ts";

/** A volume by its text: "[handler:]name.fstype". What is wrong is told, and gives a volume without name. */
export function readVolume(reader: Reader, text: string, at: number): Volume {
  const colon = text.indexOf(":");
  const handler = colon < 0 ? "" : text.slice(0, colon);
  const name = text.slice(colon + 1);
  const dot = name.lastIndexOf(".");
  const fstype = dot < 0 ? "" : name.slice(dot + 1);
  let why = checkComponents(name);
  if (handler !== "" && handler !== "dm") why = `there is no volume handler "${handler}", only dm`;
  else if (why === "" && fstype === "") why = `"${name}" does not end in a file system type, as in root.squashfs`;
  if (why !== "") {
    reader.check.refuse(at, why);
    return noVolume();
  }
  return { kind: fstype === "bind" ? "bind" : fstype === "data" ? "data" : "image", handler, name, fstype };
}

/** A member that is one volume; absent or empty is none. */
export function readOneVolume(f: Fields, key: string): Volume {
  const text = f.text(key);
  return text === "" ? noVolume() : readVolume(f.reader, text, f.placeOf(key));
}

/** A member that is an array of volumes. */
export function readVolumes(f: Fields, key: string): Volume[] {
  const volumes: Volume[] = [];
  const texts = f.texts(key);
  for (let i = 0; i < texts.length; i++) {
    const v = readVolume(f.reader, texts[i]!, f.elements(key)[i]!);
    if (v.name !== "") volumes.push(v);
  }
  return volumes;
}

const PERSISTENCES: Storage["persistence"][] = ["permanent", "revision", "boot"];

/** Its own word for a text that thousands of folders repeat. */
function persistenceOf(f: Fields): Storage["persistence"] {
  const p = f.text("persistence");
  for (const known of PERSISTENCES) if (known === p) return known;
  f.reader.check.warn(f.placeOf("persistence"), `"${p}" is none of permanent, revision, boot; taken as boot`);
  return "boot";
}

/** Storage of run.json or of the device, in the order of the text. */
export function readStorage(f: Fields, key: string, disks: Disk[]): Storage[] {
  const found: Storage[] = [];
  const check = f.reader.check;
  for (const k of f.keys(key)) {
    const name = f.reader.text(k);
    const why = checkComponents(name);
    if (why !== "") check.refuse(k, why);
    if (!f.reader.isObject(k + 1)) {
      check.refuse(k + 1, `must be an object, is ${f.reader.kindWords(k + 1)}`);
      continue;
    }
    const entry = f.reader.fields("storage", k + 1);
    if (!entry.has("persistence")) {
      if (!entry.mentions("persistence")) check.warn(k, "has no persistence, ignored");
      continue;
    }
    found.push({ name, persistence: persistenceOf(entry), disk: diskFor(entry, disks) });
  }
  return found;
}

function diskFor(entry: Fields, disks: Disk[]): string {
  const asked = entry.text("disk");
  if (asked === "") return defaultDisk(disks);
  const disk = diskNamed(disks, asked);
  if (disk === null) entry.reader.check.refuse(entry.placeOf("disk"), `there is no disk "${asked}"`);
  return disk === null ? asked : disk.name;
}

function isHex(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if ((c < 48 || c > 57) && (c < 97 || c > 102) && (c < 65 || c > 70)) return false;
  }
  return text.length % 2 === 0;
}

/** A `_dm/<volume>.json` of type dm-verity; another document of that name is none of ours, and gives volume "". */
export function readVerity(reader: Reader, at: number, part: string, volume: string): Verity {
  const none: Verity = { part, volume: "", dataDevice: "", hashDevice: "", rootHash: "", salt: "", uuid: "" };
  if (!reader.isObject(at)) return none;
  if (!isVerity(reader, at)) return none;
  const f = reader.fields("verity", at);
  const rootHash = f.text("root_hash");
  if (!isHex(rootHash)) reader.check.refuse(f.placeOf("root_hash"), "must be hex digits, two for each byte");
  const salt = f.text("salt") === "-" ? "" : f.text("salt");
  if (!isHex(salt)) reader.check.refuse(f.placeOf("salt"), "must be hex digits, two for each byte, or -");
  return { part, volume, dataDevice: f.text("data_device"), hashDevice: f.text("hash_device"), rootHash, salt, uuid: f.text("uuid") };
}

function isVerity(reader: Reader, at: number): boolean {
  for (const k of reader.keys(at)) {
    if (reader.text(k) === "type") return reader.text(k + 1) === "dm-verity";
  }
  return false;
}

/** `remount` of device.json or run.json: for each policy what to change, in order. */
export function readRemount(f: Fields, key: string): RemountPolicy[] {
  const policies: RemountPolicy[] = [];
  const r = f.reader;
  for (const k of f.keys(key)) {
    const policy: RemountPolicy = { policy: r.text(k), entries: [] };
    if (!r.isArray(k + 1)) {
      r.check.refuse(k + 1, `must be an array, is ${r.kindWords(k + 1)}`);
      continue;
    }
    const places = r.elements(k + 1);
    for (let i = 0; i < places.length; i++) {
      if (!r.isObject(places[i]!)) r.check.refuse(places[i]!, `must be an object, is ${r.kindWords(places[i]!)}`);
      for (const p of r.keys(places[i]!)) {
        if (!r.isText(p + 1)) r.check.refuse(p + 1, "must be mount options");
        else policy.entries.push({ pattern: r.text(p), options: r.text(p + 1) });
      }
    }
    policies.push(policy);
  }
  return policies;
}

/**
 * What each top-level key of a state is: a file kept as an object, a file
 * kept as inline JSON, or nothing that is installed.
 * Rules: state format spec, "Parse order and key classification".
 */
import { memberAt } from "../json/value.ts";
import type { Check } from "./check.ts";
import type { Reader } from "./fields.ts";
import { type Artifact, NO_OWNER } from "./model.ts";
import { checkKey, firstPart } from "./names.ts";

/** A member of the state; key and value are places in the document. */
export type Entry = { name: string; key: number; value: number };

const SHA256_HEX = 64;
const SLASH = 47;

/** Documents of the manager itself: inline JSON or nothing. */
const DOCUMENTS = ["device.json", "groups.json", "disks.json", "disks_v3.json", "bsp/run.json", "bsp/drivers.json"];

export const CONFIG_FOLDER = "_config";
const SIGNATURES = "_sigs/";

/** Whether the key is never installed, compared or checksummed. */
export function isNotInstalled(name: string): boolean {
  return name === "#spec" || name.startsWith(SIGNATURES) || name.endsWith("/src.json") || name.endsWith("/build.json");
}

/** `<container>/run.json` and the like: the container's folder, "" when the key is not directly in one. */
export function folderOf(name: string, file: string): string {
  if (!name.endsWith(file) || name.length <= file.length || name.charCodeAt(name.length - file.length - 1) !== SLASH) return "";
  return name.slice(0, name.length - file.length - 1);
}

/** A file of the configuration overlay of some container. */
export function isOverlay(name: string): boolean {
  return name.startsWith("_config/");
}

/** Whether a manifest of containers (run.json of a folder that is neither overlay nor bsp). */
export function isManifest(name: string): boolean {
  return name.endsWith("/run.json") && !isOverlay(name) && name !== "bsp/run.json";
}

/** The members of the state in the order of the text. */
export function entriesOf(reader: Reader): Entry[] {
  const entries: Entry[] = [];
  for (const k of reader.keys(0)) entries.push({ name: reader.text(k), key: k, value: k + 1 });
  return entries;
}

/** Whether the bytes are the sha256 of an object. */
function isSha256(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== SHA256_HEX) return false;
  for (let i = start; i < end; i++) {
    const c = bytes[i]!;
    if (c < 48 || c > 102 || (c > 57 && c < 97)) return false;
  }
  return true;
}

export function isObjectId(check: Check, at: number): boolean {
  const d = check.document;
  return isSha256(d.bytes, d.start(at) + 1, d.end(at) - 1) && d.kind(at) === "string";
}

/** Whether a value is a signature document. */
export function isSignature(reader: Reader, at: number): boolean {
  if (!reader.isObject(at)) return false;
  const spec = memberAt(reader.check.document, at, "#spec");
  return spec >= 0 && reader.isText(spec) && reader.text(spec) === "pvs@2";
}

/** The artifact an entry is, without owner; null for what is not installed, and for what is refused. */
export function artifactOf(reader: Reader, e: Entry): Artifact | null {
  const check = reader.check;
  const d = check.document;
  if (e.name === "#spec") return null;
  const why = checkKey(e.name);
  if (why !== "") {
    check.refuse(e.key, why);
    return null;
  }
  if (isNotInstalled(e.name)) {
    if (isOverlay(e.name)) check.warn(e.key, "is not installed: files of this name never are");
    return null;
  }
  const isId = isObjectId(check, e.value);
  const mustBeInline = e.name.endsWith(".json") && (isManifest(e.name) || DOCUMENTS.includes(e.name));
  if (mustBeInline && reader.isText(e.value)) {
    check.refuse(e.value, "must be inline JSON, is a string");
    return null;
  }
  const start = d.start(e.value);
  const end = d.end(e.value);
  if (mustBeInline || (!isId && e.name.endsWith(".json"))) return { kind: "json", name: e.name, id: "", start, end, owner: NO_OWNER };
  if (isId) return { kind: "object", name: e.name, id: reader.text(e.value), start, end, owner: NO_OWNER };
  check.refuse(e.value, `must be the sha256 of an object (${SHA256_HEX} lower-case hex digits)${reader.isText(e.value) ? "" : `, is ${reader.kindWords(e.value)}`}`);
  return null;
}

/** Folder of the container that a file would belong to: "web/" or "_config/web/"; "" for a file in no folder. */
export function ownerFolder(name: string): string {
  const config = isOverlay(name) ? CONFIG_FOLDER.length + 1 : 0;
  return name.slice(0, name.indexOf("/", config) + 1);
}

/** Name of the container with such a folder. */
export function ownerName(folder: string): string {
  return firstPart(isOverlay(folder) ? folder.slice(CONFIG_FOLDER.length + 1) : folder);
}

/** A file can't be a folder for others too. */
export function checkFolders(check: Check, entries: Entry[], files: Map<string, number>): void {
  let lastFolder = "";
  for (const e of entries) {
    const folder = e.name.slice(0, Math.max(0, e.name.lastIndexOf("/")));
    if (folder === lastFolder || isNotInstalled(e.name)) continue;
    lastFolder = folder;
    let slash = folder.length;
    while (slash > 0) {
      const above = e.name.slice(0, slash);
      if (files.has(above)) check.refuse(e.key, `"${above}" is a file of the state, it can't be a folder too`);
      slash = above.lastIndexOf("/");
    }
  }
}

/**
 * What a command line calls a revision → the text of its state and where its
 * files are: a state.json, a revision of a device's storage, a pvr checkout,
 * or an unpacked export (json and objects/). Reads only.
 * Rules: state format spec §1.3; lifecycle spec, "On-disk layout".
 */
import { STATE_LIMITS } from "../state/parse.ts";
import { reason } from "../sys/error.ts";
import { exists, isDirectory, readBytes, readFd } from "../sys/files.ts";

/**
 * name: the state's file, for messages. folder: where its items are as files,
 * "" for a state alone. objects: "" when none are here. isTrail: items are
 * links to the objects, as on a device. why: "" or why there is no text.
 */
export type RevisionSource = { name: string; bytes: Uint8Array; folder: string; objects: string; isTrail: boolean; why: string };

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, path.length - 1) : path;
}

/** Storage that a folder is a revision of ("trails/7", "trails/locals/x" below it); "" for another folder. */
function storageOf(folder: string): string {
  for (const up of ["/../..", "/../../.."]) {
    if (isDirectory(`${folder}${up}/trails`) && isDirectory(`${folder}${up}/objects`)) return `${folder}${up}`;
  }
  return "";
}

/** The first of these that is a folder, or "". */
function firstFolder(paths: string[]): string {
  for (const p of paths) if (isDirectory(p)) return p;
  return "";
}

/** Reads the state that `path` means; "-" is standard input. objects: a folder that was named, "" to look for one. */
export function openRevision(path: string, objects: string): RevisionSource {
  const found: RevisionSource = { name: path, bytes: new Uint8Array(0), folder: "", objects, isTrail: false, why: "" };
  if (path !== "-" && isDirectory(path)) {
    const folder = withoutSlash(path);
    const storage = storageOf(folder);
    found.folder = folder;
    found.name = exists(`${folder}/json`) && !exists(`${folder}/.pvr`) ? `${folder}/json` : `${folder}/.pvr/json`;
    found.isTrail = storage !== "" && objects === "";
    if (objects === "") found.objects = firstFolder([storage === "" ? `${folder}/.pvr/objects` : `${storage}/objects`, `${folder}/objects`]);
  }
  try {
    found.bytes = path === "-" ? readFd(0, STATE_LIMITS.bytes, "standard input") : readBytes(found.name, STATE_LIMITS.bytes);
  } catch (e) {
    found.why = reason(e);
  }
  return found;
}

/**
 * lxc.rootfs.path and lxc.rootfs.options: which storage holds the root.
 * Only names are looked at; whether a bare path is a folder or an image is
 * seen when it is mounted.
 */
import type { Rootfs, RootfsKind } from "./description.ts";
import { parseMountOptions } from "./mount_options.ts";
import type { Report } from "./report.ts";

const KIND_WORDS = ["dir", "btrfs", "overlay", "overlayfs", "loop", "lvm"];
const KINDS: RootfsKind[] = ["dir", "dir", "overlay", "overlay", "loop", "block"];

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "" : path.slice(0, slash);
}

/** "/low1:/low2:/upper" → layers. A colon not followed by a slash belongs to a name. */
function setOverlay(fs: Rootfs, spec: string, r: Report): void {
  const parts = spec.split(":/");
  const layers: string[] = [];
  for (let i = 0; i < parts.length; i++) layers.push(i === 0 ? parts[i]! : `/${parts[i]!}`);
  if (layers.length < 2) {
    r.refuse(`an overlay root needs at least one lower and an upper folder: "${spec}"`);
    return;
  }
  for (const l of layers) {
    if (!l.startsWith("/") || l === "/") r.refuse(`overlay layer "${l}" is not an absolute folder below /`);
  }
  fs.upper = layers[layers.length - 1]!;
  fs.work = `${parentOf(fs.upper)}/olwork`;
  fs.lowers = layers.slice(0, layers.length - 1);
}

/** Sets kind, path and layers of `fs` from `[type:]path`; keeps its options. Refuses in `r`. */
export function setRootfsPath(fs: Rootfs, value: string, r: Report): void {
  fs.kind = "none";
  fs.path = "";
  fs.lowers = [];
  fs.upper = "";
  fs.work = "";
  if (value === "") return;
  const colon = value.indexOf(":");
  if (value.startsWith("/") || colon < 0) {
    fs.kind = "auto";
    fs.path = value;
    return;
  }
  const word = value.slice(0, colon);
  const known = KIND_WORDS.indexOf(word);
  const rest = value.slice(colon + 1);
  if (known < 0) {
    r.refuse(`storage type "${word}" is not supported (${KIND_WORDS.join(", ")}, or a bare path)`);
    return;
  }
  if (rest === "") {
    r.refuse(`nothing after "${word}:"`);
    return;
  }
  fs.kind = KINDS[known]!;
  if (fs.kind === "overlay") setOverlay(fs, rest, r);
  else fs.path = rest;
}

/** Sets the mount options of `fs`: fstab words and idmap=. */
export function setRootfsOptions(fs: Rootfs, value: string): void {
  const rest: string[] = [];
  fs.idmap = "";
  for (const w of value.split(",")) {
    if (w.startsWith("idmap=")) fs.idmap = w.slice(6);
    else rest.push(w);
  }
  fs.options = parseMountOptions(rest);
}

/**
 * lxc.rootfs.path and lxc.rootfs.options: which storage holds the root.
 * Only names are looked at; whether a bare path is a folder or an image is
 * seen when it is mounted.
 */
import type { Rootfs, RootfsKind } from "./description.ts";
import { parseMountOptions } from "./mount_options.ts";
import type { Report } from "./report.ts";

/** What LXC calls a storage, and its kind. */
const TYPES = " dir=dir btrfs=dir overlay=overlay overlayfs=overlay loop=loop lvm=block ";

/** "/low1:/low2:/upper" → its layers; none of "". A colon not followed by a slash belongs to a name. */
function layersOf(spec: string, r: Report): string[] {
  const layers: string[] = [];
  if (spec === "") return layers;
  const parts = spec.split(":/");
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    const layer = layers.length === 0 ? part : `/${part}`;
    if (!layer.startsWith("/") || layer === "/") r.not(layer, "an absolute folder below / that could be an overlay's layer");
    layers.push(layer);
  }
  if (layers.length < 2) r.not(spec, "an overlay of at least one lower folder and an upper one");
  return layers;
}

/** `[type:]path` and fstab options → the root; refuses in `r`. An empty path is the host's root. */
export function parseRootfs(value: string, options: string, r: Report): Rootfs {
  const plain: string[] = [];
  let idmap = "";
  const words = options.split(",");
  for (let i = 0; i < words.length; i++) {
    const w = words[i]!;
    if (w.startsWith("idmap=")) idmap = w.slice(6);
    else plain.push(w);
  }
  const colon = value.startsWith("/") ? -1 : value.indexOf(":");
  const found = colon < 0 ? -1 : TYPES.indexOf(` ${value.slice(0, colon)}=`);
  const rest = value.slice(colon + 1);
  const kind = found < 0 ? (value === "" ? "none" : "auto") : TYPES.slice(found + colon + 2, TYPES.indexOf(" ", found + 1));
  if (colon >= 0 && found < 0) r.not(value.slice(0, colon), "a supported storage type (dir, btrfs, overlay, overlayfs, loop, lvm, or a bare path)");
  if (colon >= 0 && rest === "") r.not(value, "complete: there is nothing after its type");
  const layers = layersOf(kind === "overlay" ? rest : "", r);
  const upper = layers.length < 2 ? "" : layers[layers.length - 1]!;
  return {
    kind: kind as RootfsKind, path: kind === "overlay" ? "" : rest,
    lowers: layers.slice(0, Math.max(0, layers.length - 1)), upper,
    work: upper === "" ? "" : `${upper.slice(0, upper.lastIndexOf("/"))}/olwork`,
    options: parseMountOptions(plain), idmap,
  };
}

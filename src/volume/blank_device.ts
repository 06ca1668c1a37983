/**
 * Decides whether a device or file may be formatted: only what holds nothing.
 * A look at its start; never writes. Source: lifecycle spec §11 (mkfs at
 * every mount destroyed data).
 */
import { O_RDONLY } from "../sys/constants.ts";
import { closeFd, openFile, readAt } from "../sys/files.ts";
import { imageKind } from "./image_kind.ts";
import { isSwapHeader } from "./swap_format.ts";

/** Every common filesystem and partition table writes something here. */
const LOOK_BYTES = 131072;
const PAGE = 4096;

/** wanted: already what it shall be. blank: only zeros. other: anything else. */
export type DeviceContent = "wanted" | "blank" | "other";

function isZero(b: Uint8Array): boolean {
  for (let i = 0; i < b.length; i++) if (b[i] !== 0) return false;
  return true;
}

/** Looks at what `path` holds; format: swap, ext3 or ext4. */
export function deviceContent(path: string, format: string): DeviceContent {
  const fd = openFile(path, O_RDONLY);
  try {
    const head = readAt(fd, 0, LOOK_BYTES);
    if (format === "swap" && isSwapHeader(head, PAGE)) return "wanted";
    if (format !== "swap" && imageKind(head) === "ext4") return "wanted";
    return isZero(head) ? "blank" : "other";
  } finally {
    closeFd(fd);
  }
}

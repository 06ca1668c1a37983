/**
 * Which files of a revision are checked before it runs, and for what. Decides
 * only: checksum_apply.ts reads the files.
 * Rules: state format, "Checksum of artifacts". What differs on purpose: a
 * dm-verity device is hashed unless its volume is really mounted through
 * verity, and a `.bind` file, which is a copy, is checked as its object only.
 */
import type { State, Volume } from "../state/model.ts";

/** A stored object and the files of the revision that are links to it. */
export type ObjectCheck = {
  /** Its name below the objects folder, and the sha256 it must have. */
  id: string;
  /** Keys that must be the same inode. */
  links: string[];
  /** Keys that are copies of it: what a container wrote to them is its own. */
  copies: string[];
};

/** A file that must hold exactly the bytes start..end of the state. */
export type InlineCheck = { key: string; start: number; end: number };

export type ChecksumPlan = {
  objects: ObjectCheck[];
  inline: InlineCheck[];
  /** Objects that something else vouches for: `key: what`. */
  skipped: string[];
};

/** Objects the boot chain has already run or that only the build used. Prefixes of keys. */
const NOT_CHECKED = ["bsp/pantavisor", "bsp/kernel.img", "bsp/fit-image.its"];

const BIND = ".bind";

/** The objects that a boot does not check again: for who looks at a revision before it gets onto a device. */
export function planBootChain(state: State): ObjectCheck[] {
  const objects: ObjectCheck[] = [];
  for (const a of state.artifacts) {
    if (a.kind === "object" && NOT_CHECKED.some((p) => a.name.startsWith(p))) objects.push({ id: a.id, links: [a.name], copies: [] });
  }
  return objects;
}

function verityVolumes(part: string, volumes: Volume[], into: Map<string, boolean>): void {
  for (const v of volumes) {
    if (v.handler === "dm") into.set(`${part}/${v.name}`, true);
  }
}

/** Keys of data devices whose every block dm-verity checks as it is read. None when handlers are off. */
function verityDevices(state: State, handlers: boolean): Map<string, boolean> {
  const devices = new Map<string, boolean>();
  if (!handlers) return devices;
  const mounted = new Map<string, boolean>();
  for (const c of state.containers) verityVolumes(c.name, [c.rootVolume].concat(c.volumes), mounted);
  verityVolumes("bsp", [state.bsp.firmware].concat(state.bsp.modules.map((m) => m.volume)), mounted);
  for (const v of state.verity) {
    if (v.dataDevice !== "" && mounted.has(`${v.part}/${v.volume}`)) devices.set(`${v.part}/${v.dataDevice}`, true);
  }
  return devices;
}

/** Plans the check of a revision. `handlers`: volumes with a `dm:` prefix are mounted through dm-verity (PV_SECUREBOOT_HANDLERS and nothing that turns it off). */
export function planChecksums(state: State, handlers: boolean): ChecksumPlan {
  const verity = verityDevices(state, handlers);
  const known = new Map<string, number>();
  const objects: ObjectCheck[] = [];
  const inline: InlineCheck[] = [];
  const skipped: string[] = [];
  for (const a of state.artifacts) {
    if (a.kind === "json") {
      inline.push({ key: a.name, start: a.start, end: a.end });
      continue;
    }
    if (NOT_CHECKED.some((p) => a.name.startsWith(p))) {
      skipped.push(`${a.name}: part of the boot chain`);
      continue;
    }
    if (verity.has(a.name)) {
      skipped.push(`${a.name}: checked by dm-verity`);
      continue;
    }
    let place = known.get(a.id) ?? -1;
    if (place < 0) {
      place = objects.length;
      known.set(a.id, place);
      objects.push({ id: a.id, links: [], copies: [] });
    }
    const check = objects[place]!;
    if (a.name.endsWith(BIND)) check.copies.push(a.name);
    else check.links.push(a.name);
  }
  return { objects, inline, skipped };
}

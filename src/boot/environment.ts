/**
 * The boot loader's environment of a device on its storage: read, and written
 * in place, one small block and an fsync: U-Boot reads ext4 without replaying
 * its journal, and would miss a file that was just renamed. pv_rev and pv_try
 * lie in one sector, so that a power cut leaves the old pair or the new one.
 * Rules: lifecycle spec §7.
 */
import { O_RDONLY, O_RDWR } from "../sys/constants.ts";
import { ENOENT } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { closeFd, openFile, readAt, syncFd, tryOpen, writeAt } from "../sys/files.ts";
import { isRevisionName } from "../storage/places.ts";
import { BLOCK_BYTES, formatEnvironment, GRUB, parseEnvironment, UBOOT, valueOf, withRevisions, type Entry, type Layout } from "./format.ts";

/** committed: pv_rev; tried: pv_try; "" when there is none. why: what is wrong with the environment, which then says nothing. */
export type Revisions = { committed: string; tried: string; why: string };

const NOTHING: Revisions = { committed: "", tried: "", why: "" };

function revisionsOf(entries: Entry[]): Revisions {
  const committed = valueOf(entries, "pv_rev");
  const tried = valueOf(entries, "pv_try");
  for (const name of [committed, tried]) if (name !== "" && !isRevisionName(name)) return { ...NOTHING, why: `"${name}" is not a name of a revision` };
  return { committed, tried, why: "" };
}

export class BootEnvironment {
  readonly path: string;
  private readonly layout: Layout;

  /** type: PV_BOOTLOADER_TYPE, one that hasEnvironment(). */
  constructor(mountPoint: string, type: string) {
    this.layout = type === "grub" ? GRUB : UBOOT;
    this.path = `${mountPoint}/boot/${this.layout.file}`;
  }

  /** What the environment says now. Throws SysError when it can't be read; none at all says nothing. */
  read(): Revisions {
    const fd = tryOpen(this.path, O_RDONLY);
    if (fd === -ENOENT) return NOTHING;
    if (fd < 0) throw new SysError("open", this.path, -fd);
    try {
      const parsed = parseEnvironment(this.layout, readAt(fd, 0, BLOCK_BYTES));
      return parsed.why === "" ? revisionsOf(parsed.entries) : { ...NOTHING, why: parsed.why };
    } finally {
      closeFd(fd);
    }
  }

  /**
   * Makes this the committed revision ("" leaves the one that is) and clears pv_try, on the storage when it returns. Throws Error when the
   * environment is damaged or full, SysError when it is not there or can't be written: then nothing was changed, or all of it may have been.
   * Neither makes the file longer, unless it lacked pv_rev: what a boot loader without journal sees of it is whole.
   */
  settle(committed: string): void {
    const fd = openFile(this.path, O_RDWR);
    try {
      const bytes = readAt(fd, 0, BLOCK_BYTES);
      const parsed = parseEnvironment(this.layout, bytes);
      if (parsed.why !== "") throw new Error(`${this.path}: ${parsed.why}`);
      const now = revisionsOf(parsed.entries);
      const wanted = committed === "" ? valueOf(parsed.entries, "pv_rev") : committed;
      if (now.why === "" && now.tried === "" && now.committed === wanted) return;
      const entries = withRevisions(this.layout, parsed.entries, wanted, "");
      const block = formatEnvironment(this.layout, entries, bytes.length) ?? formatEnvironment(this.layout, entries, BLOCK_BYTES);
      if (block === null) throw new Error(`${this.path}: no room for the revision's name in ${BLOCK_BYTES} bytes`);
      writeAt(fd, block, 0, this.path);
      syncFd(fd, this.path);
    } finally {
      closeFd(fd);
    }
  }
}

/** Does a boot loader of this type keep its environment in a file of the storage? */
export function hasEnvironment(type: string): boolean {
  return type === "uboot" || type === "uboot-pvk" || type === "grub";
}

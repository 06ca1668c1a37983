/**
 * The boot loader's environment in a file of the storage: read, and written in
 * place, one small block and an fsync: U-Boot reads ext4 without replaying its
 * journal, and would miss a file that was just renamed. pv_rev and pv_try lie
 * in one sector, so that a power cut leaves the old pair or the new one.
 * Rules: lifecycle spec §7.
 */
import { O_RDONLY, O_RDWR } from "../sys/constants.ts";
import { ENOENT } from "../sys/errno.ts";
import { reason, SysError } from "../sys/error.ts";
import { closeFd, openFile, readAt, syncFd, tryOpen, writeAt } from "../sys/files.ts";
import { BootEnvironment, nothing, revisionsOf, type Revisions } from "./environment.ts";
import { formatEnvironment, parseEnvironment, valueOf, withRevisions, type Layout } from "./format.ts";
import { eraseMtd } from "./mtd.ts";

export class FileEnvironment extends BootEnvironment {
  private readonly layout: Layout;
  private readonly latch: string;

  /** latch: MTD partition that holds the boot loader's pv_trying, "" for none; it need not be there. */
  constructor(mountPoint: string, layout: Layout, latch: string) {
    super(`${mountPoint}/boot/${layout.file}`);
    this.layout = layout;
    this.latch = latch;
  }

  /** No file at all says nothing. */
  read(): Revisions {
    const fd = tryOpen(this.path, O_RDONLY);
    if (fd === -ENOENT) return nothing("");
    if (fd < 0) throw new SysError("open", this.path, -fd);
    try {
      const parsed = parseEnvironment(this.layout, readAt(fd, 0, this.layout.bytes));
      return parsed.why === "" ? revisionsOf(parsed.entries) : nothing(parsed.why);
    } finally {
      closeFd(fd);
    }
  }

  /** Makes the file no longer, unless it lacked pv_rev: what a boot loader without journal sees of it is whole. */
  settle(committed: string): string {
    this.write(committed);
    try {
      if (committed !== "" && this.latch !== "") eraseMtd(this.latch);
    } catch (e) {
      return reason(e);
    }
    return "";
  }

  private write(committed: string): void {
    const size = this.layout.bytes;
    const fd = openFile(this.path, O_RDWR);
    try {
      const bytes = readAt(fd, 0, size);
      const parsed = parseEnvironment(this.layout, bytes);
      if (parsed.why !== "") throw new Error(`${this.path}: ${parsed.why}`);
      const now = revisionsOf(parsed.entries);
      const wanted = committed === "" ? valueOf(parsed.entries, "pv_rev") : committed;
      if (now.why === "" && now.tried === "" && now.committed === wanted) return;
      const entries = withRevisions(this.layout, parsed.entries, wanted, "");
      const block = formatEnvironment(this.layout, entries, bytes.length) ?? formatEnvironment(this.layout, entries, size);
      if (block === null) throw new Error(`${this.path}: no room for the revision's name in ${size} bytes`);
      writeAt(fd, block, 0, this.path);
      syncFd(fd, this.path);
    } finally {
      closeFd(fd);
    }
  }
}

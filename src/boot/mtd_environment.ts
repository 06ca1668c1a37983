/**
 * The boot loader's environment in raw flash. raw: one copy without checksum
 * (PV_BOOTLOADER_MTD_ONLY). Else as U-Boot and its tools keep it: a CRC-32
 * before the variables, and of two copies a flag that says which counts. Of
 * two the other one is written, so that a power cut leaves one whole; of a
 * single one, which has to be erased first, a copy on the storage is made
 * before, and written back where the flash is found without one.
 * Rules: lifecycle spec §7; U-Boot env/common.c, tools/env/fw_env.c.
 */
import { writeDurably } from "../storage/install.ts";
import { concatBytes, putBytes, putU32, u32At } from "../sys/bytes.ts";
import { O_RDONLY, O_RDWR } from "../sys/constants.ts";
import { EBADMSG } from "../sys/errno.ts";
import { errnoOf, reason } from "../sys/error.ts";
import { exists, readBytes } from "../sys/files.ts";
import { crc32 } from "./crc32.ts";
import { BootEnvironment, nothing, revisionsOf, type Revisions } from "./environment.ts";
import { formatEnvironment, parseEnvironment, UBOOT, valueOf, withRevisions, type Entry, type Parsed } from "./format.ts";
import { Mtd } from "./mtd.ts";

/** The most of it that is read. Source: configuration spec, PV_BOOTLOADER_UBOOTAB_ENV_SIZE. */
const MAX_BYTES = 16777216;
/** Of an environment without checksum. */
const RAW_BYTES = 65536;
const ACTIVE = 1;

/** name: of the MTD partition. flag: 0 where there is none. why: "" when it is whole. */
export type Copy = { name: string; flag: number; entries: Entry[]; size: number; isNor: boolean; why: string };

/** Which of two whole copies counts, as U-Boot decides; `nor`: a flag is 1 or struck out, else it counts up and around. */
export function newerOf(first: number, second: number, nor: boolean): number {
  if (nor) return first !== 255 && first !== second && (second === 255 || (first === 0 && second === ACTIVE)) ? 1 : 0;
  if (first === 255 && second === 0) return 1;
  return (second === 255 && first === 0) || first >= second ? 0 : 1;
}

/** names: of one or two partitions. bytes: of a copy, 0 for a whole partition. */
export type MtdPlace = { names: string[]; offset: number; bytes: number; raw: boolean };

export class MtdEnvironment extends BootEnvironment {
  private readonly place: MtdPlace;
  private readonly spare: string;

  constructor(mountPoint: string, place: MtdPlace) {
    super(`MTD partition ${place.names.join(" and ")}`);
    this.place = place;
    this.spare = `${mountPoint}/boot/mtd-environment`;
  }

  private headBytes(): number {
    return this.place.raw ? 0 : this.place.names.length > 1 ? 5 : 4;
  }

  private load(name: string): Copy {
    const m = new Mtd(name, O_RDONLY);
    const { bytes: wanted, offset, raw } = this.place;
    const size = wanted > 0 && !raw ? wanted : Math.max(0, Math.min(raw ? RAW_BYTES : MAX_BYTES, m.sizeBytes - offset));
    const copy: Copy = { name, flag: 0, entries: [], size, isNor: m.isNor, why: "" };
    try {
      const head = this.headBytes();
      const bytes = m.read(offset, size);
      const data = bytes.subarray(Math.min(head, bytes.length));
      if (bytes.length < size || size < head) return { ...copy, why: `has only ${bytes.length} of ${size} bytes` };
      if (head > 0 && crc32(data) !== u32At(bytes, 0)) return { ...copy, why: "its checksum is wrong" };
      if (data.length > 0 && data[0] === 255) return { ...copy, why: "is blank" };
      const parsed = parseEnvironment(UBOOT, data);
      return { ...copy, flag: head === 5 ? bytes[4]! : 0, entries: parsed.entries, why: parsed.why };
    } catch (e) {
      if (errnoOf(e) !== EBADMSG) throw e;
      return { ...copy, why: reason(e) };
    } finally {
      m.close();
    }
  }

  /** All copies, the one that counts first. */
  private copies(): Copy[] {
    const all = this.place.names.map((n) => this.load(n));
    if (all.length < 2) return all;
    const a = all[0]!;
    const b = all[1]!;
    const second = a.why !== "" ? b.why === "" : b.why === "" && newerOf(a.flag, b.flag, a.isNor && b.isNor) === 1;
    return second ? [b, a] : all;
  }

  /** Of a flash that has none it is what the copy on the storage says, and that is written back. */
  read(): Revisions {
    const found = this.copies()[0]!;
    if (found.why === "") return revisionsOf(found.entries);
    const kept = this.kept();
    if (kept.why !== "") return nothing(`${found.why}, ${kept.why}`);
    this.put(found, kept.entries, 0);
    return { ...revisionsOf(kept.entries), standing: "restored" };
  }

  /** The copy on the storage. */
  private kept(): Parsed {
    if (this.place.names.length > 1 || !exists(this.spare)) return { entries: [], why: "and no copy of it is there" };
    const parsed = parseEnvironment(UBOOT, readBytes(this.spare, RAW_BYTES));
    return parsed.why === "" ? parsed : { entries: [], why: `${this.spare}: ${parsed.why}` };
  }

  settle(committed: string): string {
    const all = this.copies();
    const now = all[0]!;
    if (now.why !== "") throw new Error(`${this.path}: ${now.why}`);
    const is = revisionsOf(now.entries);
    const wanted = committed === "" ? valueOf(now.entries, "pv_rev") : committed;
    if (is.why === "" && is.tried === "" && is.committed === wanted && valueOf(now.entries, "pv_trying") === "") return "";
    const entries = withRevisions(UBOOT, now.entries, wanted, "");
    if (all.length === 1) {
      writeDurably(this.spare, concatBytes([...entries.map((e) => e.bytes), new Uint8Array(1)]));
      this.put(now, entries, 0);
      return "";
    }
    const nor = now.isNor && all[1]!.isNor;
    this.put({ ...all[1]!, size: now.size }, entries, nor ? ACTIVE : (now.flag + 1) % 256);
    if (nor) this.strike(now.name);
    return "";
  }

  private put(copy: Copy, entries: Entry[], flag: number): void {
    const head = this.headBytes();
    const data = formatEnvironment(UBOOT, entries, copy.size - head);
    if (data === null) throw new Error(`${this.path}: no room for the revision's name in ${copy.size} bytes`);
    const bytes = new Uint8Array(copy.size);
    putBytes(bytes, head, data);
    if (head > 0) putU32(bytes, 0, crc32(data));
    if (head > 4) bytes[4] = flag;
    const m = new Mtd(copy.name, O_RDWR);
    try {
      m.write(this.place.offset, bytes);
    } finally {
      m.close();
    }
  }

  /** The copy before counts no more: of two that are both active the first would. */
  private strike(name: string): void {
    const m = new Mtd(name, O_RDWR);
    try {
      m.strike(this.place.offset + 4);
    } finally {
      m.close();
    }
  }
}

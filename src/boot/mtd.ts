/**
 * Raw flash by the name of its partition: read, written and erased block by
 * block, bad ones skipped, as U-Boot does. What else is in a block that is
 * written stays. Sources: kernel Documentation/driver-api/mtd, mtd-abi.h.
 */
import { putBytes, putU32, putU64, u32At } from "../sys/bytes.ts";
import { O_RDWR } from "../sys/constants.ts";
import { tryIoctlBuffer } from "../sys/devices.ts";
import { EBADMSG, EIO, ENODEV, ENOSPC } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { closeFd, openFile, readAt, readNumber, readTextOr, writeAt } from "../sys/files.ts";

const MEMERASE = 0x40084d02;
const MEMUNLOCK = 0x40084d06;
const MEMGETBADBLOCK = 0x40084d0b;
const MEMSETBADBLOCK = 0x40084d0c;
const ECCGETSTATS = 0x80104d12;

/** Device of the partition of that name ("mtd3") by a text of /proc/mtd, "" when there is none. */
export function mtdNamed(text: string, name: string): string {
  for (const line of text.split("\n")) if (line.endsWith(` "${name}"`)) return line.slice(0, line.indexOf(":"));
  return "";
}

export function hasMtd(name: string): boolean {
  return mtdNamed(readTextOr("/proc/mtd", ""), name) !== "";
}

/** One open partition; close() it. */
export class Mtd {
  readonly sizeBytes: number;
  /** NOR: a bit can be cleared without erasing its block. */
  readonly isNor: boolean;
  private readonly eraseBytes: number;
  private readonly path: string;
  private readonly fd: number;

  /** Throws SysError, with ENODEV when there is none of that name. */
  constructor(name: string, flags: number) {
    const device = mtdNamed(readTextOr("/proc/mtd", ""), name);
    if (device === "") throw new SysError("open", `MTD partition "${name}"`, ENODEV);
    const about = `/sys/class/mtd/${device}`;
    this.sizeBytes = readNumber(`${about}/size`);
    this.eraseBytes = Math.max(1, readNumber(`${about}/erasesize`));
    this.isNor = readTextOr(`${about}/type`, "", 64).trim() === "nor";
    this.path = `/dev/${device}`;
    this.fd = openFile(this.path, flags);
  }

  close(): void {
    closeFd(this.fd);
  }

  private ask(request: number, b: Uint8Array, what: string): number {
    const r = tryIoctlBuffer(this.fd, request, b);
    if (r < 0) throw new SysError(what, this.path, -r);
    return r;
  }

  private isBad(at: number): boolean {
    const b = new Uint8Array(8);
    putU64(b, 0, at);
    return this.ask(MEMGETBADBLOCK, b, "ioctl MEMGETBADBLOCK") > 0;
  }

  /** Start of the first good block from `at` on, which is the start of one; -1 when there is none. */
  private good(at: number): number {
    for (let block = at; block + this.eraseBytes <= this.sizeBytes; block += this.eraseBytes) if (!this.isBad(block)) return block;
    return -1;
  }

  private failures(): number {
    const b = new Uint8Array(16);
    this.ask(ECCGETSTATS, b, "ioctl ECCGETSTATS");
    return u32At(b, 4);
  }

  /** `length` bytes from an offset on, fewer at its end. Throws SysError, with EBADMSG for what can't be corrected. */
  read(offset: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    const before = this.failures(); // the kernel gives such bytes away without a word
    let used = 0;
    let skip = offset % this.eraseBytes;
    for (let block = this.good(offset - skip); block >= 0 && used < length; block = this.good(block + this.eraseBytes)) {
      const part = readAt(this.fd, block + skip, Math.min(this.eraseBytes - skip, length - used));
      putBytes(out, used, part);
      used += part.length;
      skip = 0;
    }
    if (this.failures() !== before) throw new SysError("read", this.path, EBADMSG);
    return out.subarray(0, used);
  }

  /** False when it can't be erased and is marked bad for that. */
  private erase(block: number): boolean {
    const b = new Uint8Array(8);
    putU32(b, 0, block);
    putU32(b, 4, this.eraseBytes);
    tryIoctlBuffer(this.fd, MEMUNLOCK, b); // few flashes have locks; one that stays locked says so now
    const r = tryIoctlBuffer(this.fd, MEMERASE, b);
    if (r >= 0) return true;
    putU64(b, 0, block);
    if (r === -EIO && tryIoctlBuffer(this.fd, MEMSETBADBLOCK, b) >= 0) return false;
    throw new SysError("ioctl MEMERASE", this.path, -r);
  }

  /** Erases and writes what is at an offset. Throws SysError, with ENOSPC when too many blocks are bad; what was there is lost then. */
  write(offset: number, data: Uint8Array): void {
    let done = 0;
    let skip = offset % this.eraseBytes;
    let block = offset - skip;
    while (done < data.length) {
      block = this.good(block);
      if (block < 0) throw new SysError("write", this.path, ENOSPC, "its good blocks are too few");
      const whole = readAt(this.fd, block, this.eraseBytes);
      const size = Math.min(whole.length - skip, data.length - done);
      putBytes(whole, skip, data.subarray(done, done + size));
      if (!this.erase(block)) continue;
      writeAt(this.fd, whole, block, this.path);
      done += size;
      skip = 0;
      block += this.eraseBytes;
    }
  }

  /** Writes a byte without erasing: NOR can clear bits. */
  strike(offset: number): void {
    writeAt(this.fd, new Uint8Array(1), offset, this.path);
  }

  /** Every block that is good. */
  eraseAll(): void {
    for (let block = this.good(0); block >= 0; block = this.good(block + this.eraseBytes)) this.erase(block);
  }
}

/** Erases the partition of that name, if there is one. Throws SysError. */
export function eraseMtd(name: string): void {
  if (!hasMtd(name)) return;
  const m = new Mtd(name, O_RDWR);
  try {
    m.eraseAll();
  } finally {
    m.close();
  }
}

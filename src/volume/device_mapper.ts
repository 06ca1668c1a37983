/**
 * Mappings of the kernel's device mapper by its ioctls: made, removed,
 * nothing else. Source: kernel uapi linux/dm-ioctl.h.
 */
import { fromField, toUtf8 } from "../sys/text.ts";
import { i32At, putBytes, putU32, putU64, u32At } from "../sys/bytes.ts";
import { O_RDWR, S_IFBLK } from "../sys/constants.ts";
import { tryIoctlBuffer } from "../sys/devices.ts";
import { E2BIG, EBUSY, EINVAL, ENODEV, ENOENT, ENXIO } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { closeFd, exists, tryMakeNode, tryOpen } from "../sys/files.ts";

const CONTROL = "/dev/mapper/control";
const HEADER_BYTES = 312;
const SPEC_BYTES = 40;
/** _IOWR(0xfd, n, struct dm_ioctl) without n. */
const REQUEST = 0xc138fd00;
const DEV_CREATE = 3;
const DEV_REMOVE = 4;
const DEV_SUSPEND = 6;
const DEV_STATUS = 7;
const TABLE_LOAD = 9;
const READ_ONLY = 1;
const DEFERRED_REMOVE = 131072;
const NAME_BYTES = 128;

function header(name: string, flags: number, size: number): Uint8Array {
  const b = new Uint8Array(size);
  putU32(b, 0, 4);
  putU32(b, 12, size);
  putU32(b, 16, HEADER_BYTES);
  putU32(b, 28, flags);
  const text = toUtf8(name);
  if (text.length >= NAME_BYTES) throw new SysError("ioctl DM", name, EINVAL, `a mapping's name has less than ${NAME_BYTES} bytes`);
  putBytes(b, 48, text);
  return b;
}

function call(control: number, command: number, what: string, b: Uint8Array, name: string): void {
  const r = tryIoctlBuffer(control, REQUEST + command, b);
  if (r >= 0) return;
  const hint = command !== TABLE_LOAD ? "" : r === -E2BIG ? "the hashes are cut short" : r === -EINVAL ? "target not in this kernel (module dm-verity?), data cut short, or a wrong value" : "";
  throw new SysError(`ioctl DM_${what}`, name, -r, hint);
}

/** Of opening the control device: the kernel has no device mapper. */
function isAbsent(errno: number): boolean {
  return errno === ENOENT || errno === ENODEV;
}

function openControl(): number {
  const fd = tryOpen(CONTROL, O_RDWR);
  if (fd < 0) throw new SysError("open", CONTROL, -fd, isAbsent(-fd) ? "no device mapper in this kernel (module dm-mod)" : "");
  return fd;
}

/** Path of the device with the number the kernel gave: 12 bits major, 20 bits minor, in new_encode_dev's order. */
function devicePath(b: Uint8Array, name: string): string {
  const low = u32At(b, 40);
  const minor = low % 256 + Math.floor(low / 1048576) * 256;
  const major = Math.floor(low / 256) % 4096;
  const path = `/dev/dm-${minor}`;
  if (exists(path)) return path;
  const r = tryMakeNode(path, S_IFBLK + 0o600, major, minor);
  if (r < 0) throw new SysError("mknod", path, -r, name);
  return path;
}

function tableBuffer(name: string, type: string, sectors: number, table: string): Uint8Array {
  const line = toUtf8(table);
  const size = Math.ceil((HEADER_BYTES + SPEC_BYTES + line.length + 1) / 8) * 8;
  const b = header(name, READ_ONLY, size);
  putU32(b, 20, 1);
  putU64(b, HEADER_BYTES + 8, sectors);
  putU32(b, HEADER_BYTES + 20, size - HEADER_BYTES);
  putBytes(b, HEADER_BYTES + 24, toUtf8(type));
  putBytes(b, HEADER_BYTES + SPEC_BYTES, line);
  return b;
}

/** Makes a read-only mapping of one target over everything; returns its device. A stale one of the name goes first. */
export function createMapping(name: string, type: string, sectors: number, table: string): string {
  removeMapping(name);
  const control = openControl();
  try {
    const made = header(name, READ_ONLY, HEADER_BYTES);
    call(control, DEV_CREATE, "DEV_CREATE", made, name);
    try {
      call(control, TABLE_LOAD, "TABLE_LOAD", tableBuffer(name, type, sectors, table), name);
      // without the suspend flag this means: resume
      call(control, DEV_SUSPEND, "DEV_SUSPEND", header(name, READ_ONLY, HEADER_BYTES), name);
      return devicePath(made, name);
    } catch (e) {
      tryIoctlBuffer(control, REQUEST + DEV_REMOVE, header(name, 0, HEADER_BYTES));
      throw e;
    }
  } finally {
    closeFd(control);
  }
}

/** Removes a mapping: "" when it is gone or never was; one in use goes with its last user, and a text says so. */
export function removeMapping(name: string): string {
  const control = tryOpen(CONTROL, O_RDWR);
  if (control < 0) return isAbsent(-control) ? "" : new SysError("open", CONTROL, -control, `to remove ${name}`).message;
  try {
    const r = tryIoctlBuffer(control, REQUEST + DEV_REMOVE, header(name, 0, HEADER_BYTES));
    if (r >= 0 || r === -ENXIO) return "";
    if (r === -EBUSY) tryIoctlBuffer(control, REQUEST + DEV_REMOVE, header(name, DEFERRED_REMOVE, HEADER_BYTES));
    return new SysError("ioctl DM_DEV_REMOVE", name, -r, r === -EBUSY ? "in use, removed with its last user" : "").message;
  } finally {
    closeFd(control);
  }
}

/** How many users a mapping has, -1 when there is none of the name. */
export function mappingUsers(name: string): number {
  const control = tryOpen(CONTROL, O_RDWR);
  if (control < 0) return -1;
  const b = header(name, 0, HEADER_BYTES);
  const r = tryIoctlBuffer(control, REQUEST + DEV_STATUS, b);
  closeFd(control);
  return r < 0 || fromField(b.subarray(48, 176)) !== name ? -1 : i32At(b, 24);
}

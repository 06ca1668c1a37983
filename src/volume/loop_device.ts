/**
 * Files as block devices. A device detaches itself when its last user closes
 * it (autoclear), so nothing has to be remembered to undo. Sources: loop(4),
 * kernel uapi linux/loop.h.
 */
import { fromUtf8, toUtf8 } from "../sys/text.ts";
import { putU32, u32At, u64At } from "../sys/bytes.ts";
import { O_RDONLY, O_RDWR, S_IFBLK } from "../sys/constants.ts";
import { tryIoctl, tryIoctlBuffer } from "../sys/devices.ts";
import { EAGAIN, EBUSY, EEXIST, EINVAL, ENODEV, ENOENT, ENOTTY, ENXIO } from "../sys/errno.ts";
import { checked, SysError } from "../sys/error.ts";
import { closeFd, exists, listDirectory, openFile, statPath, tryMakeNode, tryOpen } from "../sys/files.ts";

/** An attached device. It lives while `fd`, a mount or a mapping holds it. */
export type LoopDevice = { path: string; fd: number };

const LOOP_SET_FD = 0x4c00;
const LOOP_CLR_FD = 0x4c01;
const LOOP_SET_STATUS64 = 0x4c04;
const LOOP_GET_STATUS64 = 0x4c05;
const LOOP_CONFIGURE = 0x4c0a;
const LOOP_CTL_ADD = 0x4c80;
const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_MAJOR = 7;
const INFO_BYTES = 232;
const INFO_INODE = 8;
const INFO_OFFSET = 24;
const INFO_LIMIT = 32;
const INFO_FLAGS = 52;
const INFO_NAME = 56;
const NAME_BYTES = 63;
const CONFIG_BYTES = 304;
const CONFIG_INFO = 8;
const READ_ONLY = 1;
const AUTOCLEAR = 4;
/** How often another process may take a free device before us. */
const ATTEMPTS = 64;
/** How many devices are searched from PV_LOOP_INDEX_BASE on. */
const BASE_RANGE = 64;

/** The last part of the name that fits, for those who list devices. */
function shortName(path: string): Uint8Array {
  const b = toUtf8(path);
  return b.length <= NAME_BYTES ? b : toUtf8(fromUtf8(b.subarray(b.length - NAME_BYTES))).subarray(0, NAME_BYTES);
}

function describe(info: Uint8Array, at: number, path: string, readOnly: boolean): void {
  putU32(info, at + INFO_FLAGS, AUTOCLEAR + (readOnly ? READ_ONLY : 0));
  info.set(shortName(path), at + INFO_NAME);
}

/** 0 or -errno; EBUSY: somebody else has it. */
function configure(device: number, backing: number, path: string, readOnly: boolean): number {
  const config = new Uint8Array(CONFIG_BYTES);
  putU32(config, 0, backing);
  describe(config, CONFIG_INFO, path, readOnly);
  const r = tryIoctlBuffer(device, LOOP_CONFIGURE, config);
  if (r !== -EINVAL && r !== -ENOTTY) return r;
  // kernels before 5.8 need two steps
  const set = tryIoctl(device, LOOP_SET_FD, backing);
  if (set < 0) return set;
  const info = new Uint8Array(INFO_BYTES);
  describe(info, 0, path, readOnly);
  let status = tryIoctlBuffer(device, LOOP_SET_STATUS64, info);
  for (let i = 0; status === -EAGAIN && i < ATTEMPTS; i++) status = tryIoctlBuffer(device, LOOP_SET_STATUS64, info);
  if (status < 0) tryIoctl(device, LOOP_CLR_FD, 0);
  return status;
}

function openDevice(number: number, flags: number): LoopDevice {
  const path = `/dev/loop${number}`;
  let fd = tryOpen(path, flags);
  if (fd === -ENOENT) {
    tryMakeNode(path, S_IFBLK + 0o600, LOOP_MAJOR, number);
    fd = tryOpen(path, flags);
  }
  return { path, fd };
}

/** Number of the next device to try, or -errno. base < 0: any free one. */
function candidate(control: number, base: number, attempt: number): number {
  if (base < 0) return tryIoctl(control, LOOP_CTL_GET_FREE, 0);
  if (attempt >= BASE_RANGE) return -EBUSY;
  const r = tryIoctl(control, LOOP_CTL_ADD, base + attempt);
  return r < 0 && r !== -EEXIST ? r : base + attempt;
}

/** Attaches an open file; the caller closes both. base: first device to try, -1 for any. */
function attachOpen(backing: number, path: string, readOnly: boolean, base: number): LoopDevice {
  const control = openFile("/dev/loop-control", O_RDWR);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const number = candidate(control, base, attempt);
      if (number < 0) throw new SysError("ioctl LOOP_CTL_GET_FREE", path, -number, number === -EBUSY ? `no free loop device in ${base}..${base + BASE_RANGE - 1}` : "");
      const device = openDevice(number, readOnly ? O_RDONLY : O_RDWR);
      const r = device.fd < 0 ? device.fd : configure(device.fd, backing, path, readOnly);
      if (r >= 0) return device;
      closeFd(device.fd);
      // taken, or removed, between the question and the answer
      if (r !== -EBUSY && r !== -ENXIO && r !== -ENODEV) throw new SysError(`attach ${device.path}`, path, -r);
    }
  } finally {
    closeFd(control);
  }
  throw new SysError("attach loop device", path, EBUSY, `${ATTEMPTS} attempts`);
}

/** Is it the whole of this file, and may be written to? */
function isWhole(fd: number, path: string): boolean {
  const info = new Uint8Array(INFO_BYTES);
  const s = statPath(path, true);
  if (s === null || fd < 0 || tryIoctlBuffer(fd, LOOP_GET_STATUS64, info) < 0) return false;
  const device = s.deviceMajor * 256 + s.deviceMinor % 256 + Math.floor(s.deviceMinor / 256) * 1048576;
  return u64At(info, 0) === device && u64At(info, INFO_INODE) === s.inode && u64At(info, INFO_OFFSET) + u64At(info, INFO_LIMIT) === 0 && u32At(info, INFO_FLAGS) % 2 === 0;
}

/** The device that writes to the file already; `fd` is negative when there is none. */
function attached(path: string): LoopDevice {
  for (const name of listDirectory("/sys/block")) {
    if (!exists(`/sys/block/${name}/loop`)) continue;
    const device = openDevice(Number(name.slice("loop".length)), O_RDONLY);
    if (isWhole(device.fd, path)) return device;
    closeFd(device.fd);
  }
  return { path, fd: -1 };
}

/**
 * Makes a block device of a file, or finds the one that writes to it already:
 * a mount that is gone here may live on in a mount namespace that was made
 * meanwhile, and two filesystems over one file destroy each other. The caller
 * closes `fd` once something else holds the device.
 */
export function attachLoop(path: string, readOnly: boolean, base: number): LoopDevice {
  const there = readOnly ? { path, fd: -1 } : attached(path);
  if (there.fd >= 0) return there;
  const backing = checked(tryOpen(path, readOnly ? O_RDONLY : O_RDWR), "open", path);
  try {
    return attachOpen(backing, path, readOnly, base);
  } finally {
    closeFd(backing);
  }
}

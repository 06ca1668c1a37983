/**
 * Files as block devices. A device detaches itself when its last user closes
 * it (autoclear), so nothing has to be remembered to undo. Sources: loop(4),
 * kernel uapi linux/loop.h.
 */
import { fromUtf8, toUtf8 } from "../sys/text.ts";
import { putU32 } from "../sys/bytes.ts";
import { O_RDONLY, O_RDWR, S_IFBLK } from "../sys/constants.ts";
import { tryIoctl, tryIoctlBuffer } from "../sys/devices.ts";
import { EAGAIN, EBUSY, EEXIST, EINVAL, ENODEV, ENOENT, ENOTTY, ENXIO } from "../sys/errno.ts";
import { checked, SysError } from "../sys/error.ts";
import { closeFd, openFile, tryMakeNode, tryOpen } from "../sys/files.ts";

/** An attached device. It lives while `fd`, a mount or a mapping holds it. */
export type LoopDevice = { path: string; fd: number };

const LOOP_SET_FD = 0x4c00;
const LOOP_CLR_FD = 0x4c01;
const LOOP_SET_STATUS64 = 0x4c04;
const LOOP_CONFIGURE = 0x4c0a;
const LOOP_CTL_ADD = 0x4c80;
const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_MAJOR = 7;
const INFO_BYTES = 232;
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

/** Makes a block device of a file. The caller closes `fd` once something else holds the device. */
export function attachLoop(path: string, readOnly: boolean, base: number): LoopDevice {
  const backing = checked(tryOpen(path, readOnly ? O_RDONLY : O_RDWR), "open", path);
  try {
    return attachOpen(backing, path, readOnly, base);
  } finally {
    closeFd(backing);
  }
}

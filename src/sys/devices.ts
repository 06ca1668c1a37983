/// <reference path="./sys.d.ts" />
/**
 * Requests to devices and to the kernel as a whole: ioctl, modules, reboot,
 * BPF device filters. What the requests mean is their rooms' business.
 */
import { AT_FDCWD, O_CLOEXEC } from "./constants.ts";
import { checked } from "./error.ts";

/** ioctl with a number as argument: result or -errno. */
export function tryIoctl(fd: number, request: number, argument: number): number {
  return sys_ioctl_number(fd, request, argument);
}

/** ioctl with a buffer that is read, filled or both: result or -errno. */
export function tryIoctlBuffer(fd: number, request: number, buffer: Uint8Array): number {
  return sys_ioctl_buffer(fd, request, buffer);
}

/** Loads a kernel module from a file: 0 or -errno (EEXIST: it is loaded). */
export function tryLoadModule(path: string, parameters: string, flags: number = 0): number {
  const fd = sys_openat(AT_FDCWD, path, O_CLOEXEC, 0);
  if (fd < 0) return fd;
  const r = sys_finit_module(fd, parameters, flags);
  sys_close(fd);
  return r;
}

export function tryUnloadModule(name: string): number {
  return sys_delete_module(name, 0o4000);
}

export const REBOOT_RESTART = 0x01234567;
export const REBOOT_POWER_OFF = 0x4321fedc;
export const REBOOT_CAD_OFF = 0;

/** reboot(2): returns only when refused, with -errno. */
export function tryReboot(command: number): number {
  return sys_reboot(command);
}

export function syncAll(): void {
  sys_sync();
}

/** Writes the dirty data of the filesystem that holds a path, or throws. */
export function flushFilesystem(path: string): void {
  const fd = checked(sys_openat(AT_FDCWD, path, O_CLOEXEC, 0), "open", path);
  const r = sys_syncfs(fd);
  sys_close(fd);
  checked(r, "syncfs", path);
}

/** Writes a filesystem's dirty data: of the one that holds the descriptor. */
export function tryFlushFilesystem(fd: number): number {
  return sys_syncfs(fd);
}

/** Loads a BPF program that decides over device access; instructions of eight bytes. */
export function loadDeviceFilter(program: Uint8Array): number {
  return checked(sys_bpf_load_device_filter(program), "bpf BPF_PROG_LOAD", "device filter");
}

const BPF_CGROUP_DEVICE = 6;

export function attachDeviceFilter(cgroupFd: number, programFd: number, path: string): void {
  checked(sys_bpf_attach(cgroupFd, programFd, BPF_CGROUP_DEVICE, 2), "bpf BPF_PROG_ATTACH", path);
}

/**
 * Mounts and unmounts the disks of a state: swap, provisioned volumes, crypt
 * by the vendor's script, dual. What is mounted is found out from the kernel,
 * never remembered, so that any manager can go on. Formats only what is blank.
 * Rules: state spec §3.2, lifecycle spec §11.
 */
import { MS_BIND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } from "../sys/constants.ts";
import { EEXIST, EINVAL, ENOENT, ENOSPC } from "../sys/errno.ts";
import { reason, SysError } from "../sys/error.ts";
import { flushFilesystem } from "../sys/devices.ts";
import {
  closeFd, exists, makeDirectories, openFile, randomBytes, readAt, readLink, readNumber, readTextOr, statPath, syncDirectory, syncFd, tryOpen, tryUnlink, writeAll,
} from "../sys/files.ts";
import { mountAt, trySwapOff, trySwapOn, tryUnmount } from "../sys/mounts.ts";
import { runProgram } from "../sys/processes.ts";
import { deviceContent } from "./blank_device.ts";
import { copyTree, emptyFolder } from "./copy.ts";
import type { DiskPlan, DualStep } from "./disk_plan.ts";
import { optionValue, parseSize } from "./disk_plan.ts";
import { mountDevice, whyNotMounted } from "./image.ts";
import { attachLoop } from "./loop_device.ts";
import { hasSwapLabel, swapHeader } from "./swap_format.ts";
import { closeZram, openZram, zramDevices } from "./zram.ts";

const PAGE = 4096;
const FILL_BYTES = 1048576;
const PROGRAM_PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
const PROGRAM_FOLDERS = ["/sbin", "/usr/sbin", "/bin", "/usr/bin"];

function isMounted(path: string): boolean {
  const s = path === "" ? null : statPath(path);
  return s !== null && s.isMountRoot;
}

/** Runs a program to its end; a failure throws with its status. */
function run(argv: string[]): void {
  if (!exists(argv[0]!)) throw new SysError("exec", argv[0]!, ENOENT, "this image has no such program");
  const ended = runProgram(argv, [PROGRAM_PATH]);
  if (!ended.exited || ended.status !== 0) throw new SysError("run", argv.join(" "), EINVAL, ended.exited ? `exit status ${ended.status}` : `killed by signal ${ended.status}`);
}

function program(name: string): string {
  for (const folder of PROGRAM_FOLDERS) if (exists(`${folder}/${name}`)) return `${folder}/${name}`;
  return `${PROGRAM_FOLDERS[0]!}/${name}`;
}

/** A file of zeros with all its blocks: swap takes no holes. Half a file is removed again. */
function makeFile(path: string, size: number): void {
  const fd = tryOpen(path, O_WRONLY + O_CREAT + O_EXCL, 0o600);
  if (fd === -EEXIST) return;
  if (fd < 0) throw new SysError("create", path, -fd);
  try {
    const zeros = new Uint8Array(FILL_BYTES);
    for (let left = size; left > 0; left -= FILL_BYTES) writeAll(fd, left < FILL_BYTES ? zeros.subarray(0, left) : zeros, path);
    syncFd(fd, path);
  } catch (e) {
    tryUnlink(path);
    throw e instanceof SysError && e.errno === ENOSPC ? new SysError("write", path, ENOSPC, `${size} bytes are wanted`) : e;
  } finally {
    closeFd(fd);
  }
}

/** The source as something to open. zram: a device of its own. */
function openSource(p: DiskPlan): string {
  if (p.source.kind === "zram") return openZram(p.source.options);
  if (p.source.kind === "file") {
    makeDirectories(p.source.path.slice(0, p.source.path.lastIndexOf("/")));
    makeFile(p.source.path, parseSize(optionValue(p.source.options, "size")));
  }
  return p.source.path;
}

function closeSource(p: DiskPlan, device: string): void {
  if (p.source.kind === "zram") closeZram(Number(device.slice("/dev/zram".length)));
}

function refuseOther(p: DiskPlan, device: string): void {
  throw new SysError("format", device, EINVAL, `holds something that is no ${p.format === "" ? "swap" : p.format}: not touched; clear its start to have it formatted`);
}

function sizeOf(path: string): number {
  const s = statPath(path, true);
  if (s === null) throw new SysError("stat", path, ENOENT);
  if (s.rdevMajor === 0 && s.rdevMinor === 0) return s.size;
  return readNumber(`/sys/dev/block/${s.rdevMajor}:${s.rdevMinor}/size`) * 512;
}

function makeSwap(p: DiskPlan, device: string): void {
  const fd = openFile(device, O_RDWR);
  try {
    writeAll(fd, swapHeader(sizeOf(device), PAGE, p.name, randomBytes(16)), device);
    syncFd(fd, device);
  } finally {
    closeFd(fd);
  }
}

/** Devices and files in use as swap. */
function swaps(): string[] {
  return readTextOr("/proc/swaps", "").split("\n").slice(1).map((l) => l.split(" ")[0]!.split("\t")[0]!).filter((l) => l !== "");
}

/** The swap area in use that is this disk's: by path, zram by its label. "" when it is not on. */
function activeSwap(p: DiskPlan): string {
  const active = swaps();
  if (p.source.kind !== "zram") return active.includes(p.source.path) ? p.source.path : "";
  for (const n of zramDevices()) {
    const path = `/dev/zram${n}`;
    const fd = active.includes(path) ? tryOpen(path, O_RDONLY) : -1;
    if (fd < 0) continue;
    const head = readAt(fd, 0, PAGE);
    closeFd(fd);
    if (hasSwapLabel(head, p.name)) return path;
  }
  return "";
}

function swapOn(p: DiskPlan): void {
  if (activeSwap(p) !== "") return;
  const device = openSource(p);
  try {
    const content = deviceContent(device, "swap");
    if (content === "other") refuseOther(p, device);
    if (content === "blank" || p.source.kind === "zram") makeSwap(p, device);
    const r = trySwapOn(device);
    if (r < 0) throw new SysError("swapon", device, -r, r === -EINVAL ? "the file has holes, or its filesystem can't hold swap" : "");
  } catch (e) {
    closeSource(p, device);
    throw e;
  }
}

function mkfs(p: DiskPlan, device: string): void {
  const content = deviceContent(device, p.format);
  if (content === "other") refuseOther(p, device);
  if (content === "blank") run([program(`mkfs.${p.format}`), "-q", ...(p.source.kind === "file" ? ["-F"] : []), ...p.formatOptions, device]);
}

function mountFilesystem(p: DiskPlan): void {
  const device = openSource(p);
  try {
    mkfs(p, device);
    makeDirectories(p.target);
    let r = -EINVAL;
    if (p.source.kind === "file") {
      const loop = attachLoop(device, false, -1);
      r = mountDevice(loop.path, p.target, p.format, p.flags, [p.data]);
      closeFd(loop.fd);
    } else {
      r = mountDevice(device, p.target, p.format, p.flags, [p.data]);
    }
    if (r < 0) throw new SysError(`mount ${p.format}`, device, -r, whyNotMounted(p.format, device, -r));
  } catch (e) {
    tryUnmount(p.target, 0);
    closeSource(p, device);
    throw e;
  }
}

function crypt(p: DiskPlan, what: "mount" | "umount", create: boolean): void {
  run([p.script, what, ...p.arguments, ...(create ? [] : ["--no-create"]), "--", p.source.path, p.target]);
}

/** Mounts one that is not dual. create: may be made when it is not there. */
function mountPlain(p: DiskPlan, create: boolean): void {
  if (p.problems.length > 0) throw new SysError("plan", p.problems[0]!.at, EINVAL, p.problems.map((x) => x.why).join("; "));
  if (p.action === "swap") {
    swapOn(p);
    return;
  }
  if (!isMounted(p.target)) {
    makeDirectories(p.target);
    if (p.action === "bind") {
      if (!create && !exists(p.folder)) throw new SysError("open", p.folder, ENOENT, "not made yet");
      makeDirectories(p.folder);
      mountAt(p.folder, p.target, "", MS_BIND);
    } else if (p.action === "mount") mountFilesystem(p);
    else crypt(p, "mount", create);
  }
  bindPlace(p.target, p.place);
}

/** Volumes look for every disk at one place. */
function bindPlace(target: string, place: string): void {
  if (place === target || isMounted(place)) return;
  makeDirectories(place);
  mountAt(target, place, "", MS_BIND);
}

function planNamed(plans: DiskPlan[], name: string): DiskPlan {
  for (const p of plans) if (p.name === name) return p;
  throw new SysError("plan", name, ENOENT, "no such disk");
}

/** A copy that is on the disk before the marker says so. */
function copyOnce(p: DiskPlan, plans: DiskPlan[]): void {
  const primary = planNamed(plans, p.primary);
  const secondary = planNamed(plans, p.secondary);
  mountPlain(secondary, false);
  mountPlain(primary, true);
  emptyFolder(primary.place);
  copyTree(secondary.place, primary.place);
  flushFilesystem(primary.place);
  const folder = p.marker.slice(0, p.marker.lastIndexOf("/"));
  makeDirectories(folder);
  closeFd(openFile(p.marker, O_WRONLY + O_CREAT, 0o644));
  syncDirectory(folder);
}

function tryDual(s: DualStep, p: DiskPlan, plans: DiskPlan[]): void {
  if (s.kind === "copy-once") copyOnce(p, plans);
  else mountPlain(planNamed(plans, s.disk), s.kind === "create");
}

function mountDual(p: DiskPlan, plans: DiskPlan[]): void {
  if (p.problems.length > 0) throw new SysError("plan", p.problems[0]!.at, EINVAL, p.problems.map((x) => x.why).join("; "));
  if (isMounted(p.target)) return;
  const refused: string[] = [];
  for (const s of p.order) {
    if (s.kind === "copy-once" && exists(p.marker)) continue;
    try {
      tryDual(s, p, plans);
      bindPlace(planNamed(plans, s.disk).place, p.target);
      return;
    } catch (e) {
      refused.push(`${s.kind} ${s.disk}: ${reason(e)}`);
    }
  }
  throw new SysError("mount dual", p.name, EINVAL, `no step worked: ${refused.join("; ")}`);
}

/** Mounts a disk, or turns its swap on; one that is mounted stays so. plans: of all disks. Returns "" or why not. */
export function mountDisk(name: string, plans: DiskPlan[]): string {
  try {
    const p = planNamed(plans, name);
    if (p.action === "dual") mountDual(p, plans);
    else mountPlain(p, true);
    return "";
  } catch (e) {
    return `disk ${name}: ${reason(e)}`;
  }
}

function zramOf(path: string): number {
  const s = statPath(path);
  const link = s === null ? "" : readLink(`/sys/dev/block/${s.deviceMajor}:${s.deviceMinor}`);
  const name = link.slice(link.lastIndexOf("/") + 1);
  return name.startsWith("zram") ? Number(name.slice(4)) : -1;
}

function unmountPlain(p: DiskPlan): void {
  if (p.action === "swap") {
    const device = activeSwap(p);
    if (device === "") return;
    const r = trySwapOff(device);
    if (r < 0) throw new SysError("swapoff", device, -r);
    closeSource(p, device);
    return;
  }
  if (p.place !== p.target && isMounted(p.place)) unmountAll(p.place);
  if (!isMounted(p.target)) return;
  if (p.action === "crypt") {
    crypt(p, "umount", true);
    return;
  }
  const zram = p.source.kind === "zram" ? zramOf(p.target) : -1;
  unmountAll(p.target);
  if (zram >= 0) closeZram(zram);
}

function unmountAll(target: string): void {
  const r = tryUnmount(target, 0);
  if (r < 0) throw new SysError("umount", target, -r);
}

/** Takes a disk down: "" when nothing of it is left, or why not. A dual's parts go after it, by their own names. */
export function unmountDisk(name: string, plans: DiskPlan[]): string {
  try {
    const p = planNamed(plans, name);
    if (p.action === "dual") {
      if (isMounted(p.target)) unmountAll(p.target);
    } else {
      unmountPlain(p);
    }
    return "";
  } catch (e) {
    return `disk ${name}: ${reason(e)}`;
  }
}

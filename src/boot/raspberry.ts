/**
 * Raspberry Pi with two boot partitions: its firmware boots the one that
 * autoboot.txt names, or once the other one. The device itself chooses the
 * revision by what the partition it has come from holds. A commit changes
 * autoboot.txt first: that alone decides what boots next.
 * Files on the FAT partitions are written in place, within one sector.
 * Rules: lifecycle spec §7 "rpiab", §9.
 */
import { O_CREAT, O_RDONLY, O_RDWR } from "../sys/constants.ts";
import { EBUSY, ENOENT } from "../sys/errno.ts";
import { checked, SysError } from "../sys/error.ts";
import { closeFd, exists, readAt, readBytes, readTextOr, syncFd, tryOpenAt, writeAt, writeFile } from "../sys/files.ts";
import { configureFilesystem, FSCONFIG_CMD_CREATE, FSCONFIG_SET_FLAG, FSCONFIG_SET_STRING, mountFilesystem, tryConfigureFilesystem, tryOpenFilesystem } from "../sys/mounts.ts";
import { fromUtf8, parseDecimal, toUtf8 } from "../sys/text.ts";
import { formatAutoboot, parseAutoboot, parseList } from "./autoboot.ts";
import { BootEnvironment, type Revisions, type Standing } from "./environment.ts";
import { FileEnvironment } from "./file_environment.ts";
import { RPIAB } from "./format.ts";

/** What the firmware tells of this boot: big-endian words. */
const FIRMWARE = "/proc/device-tree/chosen/bootloader";
const NVME = 6;
const USB = 4;
const MAX_BYTES = 512;
const AUTOBOOT = "autoboot.txt";
const REVISIONS = "pv_rev.txt";

function firmwareSays(name: string): number {
  const path = `${FIRMWARE}/${name}`;
  const b = exists(path) ? readBytes(path, 4) : new Uint8Array(0);
  return b.length < 4 ? 0 : b[2]! * 256 + b[3]!;
}

/** Path of a partition, by what the firmware has booted from. */
function partitionPath(n: number): string {
  const mode = firmwareSays("boot-mode");
  if (mode === NVME) return `/dev/nvme0n1p${n}`;
  return Math.floor(mode / USB) % 2 === 1 ? `/dev/sda${n}` : `/dev/mmcblk0p${n}`;
}

/** The partition's folder, mounted nowhere; its descriptor. */
function openFat(device: string, writable: boolean): number {
  const fs = checked(tryOpenFilesystem("vfat"), "fsopen", "vfat");
  try {
    configureFilesystem(fs, FSCONFIG_SET_STRING, "source", device, "vfat");
    if (!writable) configureFilesystem(fs, FSCONFIG_SET_FLAG, "ro", "", "vfat");
    const r = tryConfigureFilesystem(fs, FSCONFIG_CMD_CREATE, "", "");
    if (r < 0) throw new SysError("mount vfat", device, -r, r === -EBUSY ? "it is mounted otherwise" : "");
    return mountFilesystem(fs, 0, "vfat");
  } finally {
    closeFd(fs);
  }
}

/** Text of a small file of a partition, null when there is none. */
function readFat(n: number, name: string): string | null {
  const folder = openFat(partitionPath(n), false);
  const fd = tryOpenAt(folder, name, O_RDONLY);
  try {
    if (fd === -ENOENT) return null;
    return fromUtf8(readAt(checked(fd, "open", `${partitionPath(n)} ${name}`), 0, MAX_BYTES));
  } finally {
    closeFd(fd);
    closeFd(folder);
  }
}

/** before: what is there, null for no file; a shorter text is filled up, so that the file's size stays. */
function writeFat(n: number, name: string, text: string, before: string | null): void {
  const path = `${partitionPath(n)} ${name}`;
  const folder = openFat(partitionPath(n), true);
  let fd = -1;
  try {
    fd = checked(tryOpenAt(folder, name, O_RDWR | O_CREAT, 0o644), "open", path);
    writeAt(fd, toUtf8(text.padEnd(before === null ? 0 : before.length, "\n")), 0, path);
    syncFd(fd, path);
  } finally {
    closeFd(fd);
    closeFd(folder);
  }
}

export class RaspberryEnvironment extends BootEnvironment {
  private readonly file: FileEnvironment;
  /** Remembers within a boot what was booted: a commit changes what else tells it. */
  private readonly note: string;

  /** runDir: gone with the boot. */
  constructor(mountPoint: string, runDir: string) {
    super(`${mountPoint}/boot/${RPIAB.file}`);
    this.file = new FileEnvironment(mountPoint, RPIAB, "");
    this.note = `${runDir}/wherry/boot-partition`;
  }

  /** Number of the partition this boot has come from. */
  private booted(): number {
    const noted = parseDecimal(readTextOr(this.note, "", 32));
    if (noted > 0) return noted;
    const a = parseAutoboot(readFat(1, AUTOBOOT) ?? "");
    const n = firmwareSays("tryboot") === 1 ? a.trial : a.normal;
    writeFile(this.note, toUtf8(String(n)));
    return n;
  }

  /** What a partition holds, null when it does not tell. */
  private list(n: number): string[] | null {
    const text = readFat(n, REVISIONS);
    return text === null ? null : parseList(text);
  }

  private other(n: number): number {
    const a = parseAutoboot(readFat(1, AUTOBOOT) ?? "");
    return a.normal === n ? a.trial : a.normal;
  }

  private holds(n: number, revision: string): boolean {
    const list = this.list(n);
    return list !== null && list.includes(revision);
  }

  read(): Revisions {
    const r = this.file.read();
    return r.why === "" ? { ...r, standing: this.standing(r) } : r;
  }

  private standing(r: Revisions): Standing {
    const list = this.list(this.booted());
    if (list === null || r.committed === "") return "";
    const isTried = list.includes(r.tried);
    const isCommitted = list.includes(r.committed);
    if (firmwareSays("tryboot") === 1) return isTried || (isCommitted && r.tried === "") ? "" : "astray";
    if (isCommitted) return "";
    if (isTried) return "switched";
    return r.tried === "" && this.holds(this.other(this.booted()), r.committed) ? "elsewhere" : "";
  }

  choose(named: string): string {
    const r = this.file.read();
    const list = this.list(this.booted());
    if (r.why !== "" || list === null) return named;
    if (list.includes(r.tried) && (firmwareSays("tryboot") === 1 || !list.includes(r.committed))) return r.tried;
    return r.committed !== "" ? r.committed : named;
  }

  settle(committed: string): string {
    if (committed !== "") this.point(committed);
    return this.file.settle(committed);
  }

  /** From now on the partition with this revision is booted, and only with this one. */
  private point(revision: string): void {
    const booted = this.booted();
    const other = this.other(booted);
    const list = this.list(booted);
    const n = list === null || list.includes(revision) || !this.holds(other, revision) ? booted : other;
    const held = readFat(n, REVISIONS);
    if (held !== null && parseList(held).length > 1) writeFat(n, REVISIONS, `${revision}\n`, held);
    const text = readFat(1, AUTOBOOT);
    if (text === null || parseAutoboot(text).normal !== n) writeFat(1, AUTOBOOT, formatAutoboot({ normal: n, trial: n === booted ? other : booted }), text);
  }
}

/**
 * What must be mounted before anything else can be done, as a list, and the
 * console. Something already mounted is left alone: the kernel or an outer
 * manager put it there. Rules: lifecycle spec §1 (early mounts).
 */
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_STRICTATIME, O_NOCTTY, O_RDWR, S_IFCHR } from "../sys/constants.ts";
import { EBUSY } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { closeFd, duplicateTo, exists, makeDirectories, statPath, tryMakeNode, tryOpen, trySymlink } from "../sys/files.ts";
import { tryMount } from "../sys/mounts.ts";

type EarlyMount = { fstype: string; target: string; flags: number; data: string };

const NO_NO_NO = MS_NOSUID | MS_NODEV | MS_NOEXEC;

export const EARLY_MOUNTS: EarlyMount[] = [
  { fstype: "proc", target: "/proc", flags: NO_NO_NO, data: "" },
  { fstype: "sysfs", target: "/sys", flags: NO_NO_NO, data: "" },
  { fstype: "devtmpfs", target: "/dev", flags: MS_NOSUID, data: "size=10240k,mode=0755" },
  { fstype: "devpts", target: "/dev/pts", flags: MS_NOSUID | MS_NOEXEC, data: "gid=5,mode=0620,ptmxmode=0666" },
  { fstype: "tmpfs", target: "/dev/shm", flags: MS_NOSUID | MS_NODEV, data: "mode=1777" },
  { fstype: "tmpfs", target: "/run", flags: MS_NOSUID | MS_NODEV | MS_STRICTATIME, data: "mode=0755" },
  { fstype: "tmpfs", target: "/tmp", flags: MS_NOSUID | MS_NODEV, data: "mode=1777" },
];

/** Mounts them; throws at the first that is refused. */
export function mountEarly(): void {
  for (const m of EARLY_MOUNTS) {
    makeDirectories(m.target);
    const s = statPath(m.target);
    if (s !== null && s.isMountRoot) continue;
    const r = tryMount(m.fstype, m.target, m.fstype, m.flags, m.data);
    if (r < 0 && r !== -EBUSY) throw new SysError(`mount ${m.fstype}`, m.target, -r);
  }
  if (!exists("/dev/ptmx")) trySymlink("pts/ptmx", "/dev/ptmx");
  for (const link of [["/proc/self/fd", "/dev/fd"], ["fd/0", "/dev/stdin"], ["fd/1", "/dev/stdout"], ["fd/2", "/dev/stderr"]]) {
    if (!exists(link[1]!)) trySymlink(link[0]!, link[1]!);
  }
}

/** Puts the console on the three standard descriptors; without one they stay as they are. */
export function openConsole(): void {
  if (!exists("/dev/console")) tryMakeNode("/dev/console", S_IFCHR | 0o600, 5, 1);
  const fd = tryOpen("/dev/console", O_RDWR | O_NOCTTY);
  if (fd < 0) return;
  for (let n = 0; n <= 2; n++) if (n !== fd) duplicateTo(fd, n);
  if (fd > 2) closeFd(fd);
}

/**
 * The end of the machine: whatever still runs is ended, whatever is still
 * mounted comes off or becomes read-only, then reboot(2). Called by PID 1
 * when the manager has stopped the containers, or has failed for good.
 * Rules: lifecycle spec §14 "Shutdown" (unmount failures: read-only).
 */
import { MNT_DETACH, MS_RDONLY, MS_REMOUNT, SIGKILL, SIGTERM } from "../sys/constants.ts";
import { ECHILD } from "../sys/errno.ts";
import { errnoOf } from "../sys/error.ts";
import { readTextOr } from "../sys/files.ts";
import { REBOOT_POWER_OFF, REBOOT_RESTART, syncAll, tryReboot } from "../sys/devices.ts";
import { sleepMs } from "../sys/loop.ts";
import { tryMount, tryUnmount } from "../sys/mounts.ts";
import { reapAny, trySignal } from "../sys/processes.ts";
import { words } from "../sys/text.ts";

/** Filesystems without anything to lose; they go with the machine. */
const VOLATILE = ["rootfs", "ramfs", "tmpfs", "proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "securityfs", "mqueue", "debugfs", "tracefs", "bpf"];

/** Mount points in a text of /proc/mounts that hold data, last mounted first. */
export function mountsToEnd(mounts: string): string[] {
  const targets: string[] = [];
  for (const line of mounts.split("\n")) {
    const f = words(line);
    if (f.length >= 3 && !VOLATILE.includes(f[2]!)) targets.unshift(unescapeMount(f[1]!));
  }
  return targets;
}

/** A path as /proc/mounts writes it: \040 and its like are octal. */
export function unescapeMount(path: string): string {
  const parts = path.split("\\");
  let out = parts[0]!;
  for (let i = 1; i < parts.length; i++) {
    const p = parts[i]!;
    const code = (p.charCodeAt(0) - 48) * 64 + (p.charCodeAt(1) - 48) * 8 + p.charCodeAt(2) - 48;
    out += p.length >= 3 && code > 0 && code < 256 ? String.fromCharCode(code) + p.slice(3) : `\\${p}`;
  }
  return out;
}

function endProcesses(): void {
  trySignal(-1, SIGTERM);
  for (let i = 0; i < 20 && !noChildLeft(); i++) sleepMs(50);
  trySignal(-1, SIGKILL);
  for (let i = 0; i < 20 && !noChildLeft(); i++) sleepMs(50);
}

/** Reaps what has ended; true when PID 1 has no child any more. */
function noChildLeft(): boolean {
  try {
    for (;;) if (reapAny().pid === 0) return false;
  } catch (e) {
    if (errnoOf(e) === ECHILD) return true;
    throw e;
  }
}

/** Mount points that could neither be unmounted nor made read-only. */
export function unmountAll(): string[] {
  let left = mountsToEnd(readTextOr("/proc/mounts", ""));
  // a mount inside another one needs a second round when order alone was not enough
  for (let round = 0; round < 3 && left.length > 0; round++) left = left.filter((t) => tryUnmount(t, 0) < 0);
  const stuck = left.filter((t) => tryMount("", t, "", MS_REMOUNT | MS_RDONLY) < 0);
  for (const t of left) tryUnmount(t, MNT_DETACH);
  return stuck;
}

/** Ends the machine; returns only where reboot(2) is refused (a container), with -errno. */
export function finishMachine(how: "poweroff" | "reboot"): number {
  endProcesses();
  syncAll();
  unmountAll();
  syncAll();
  return tryReboot(how === "poweroff" ? REBOOT_POWER_OFF : REBOOT_RESTART);
}

/**
 * The three security profiles: what each adds to a description. `lxc` adds
 * nothing, `standard` what no ordinary program misses, `strict` a user
 * namespace and a read-only root as well. Pure.
 * Sources: design.md "Least power"; OCI runtime-spec default masked paths.
 */
import type { ContainerDescription, DeviceRule } from "../lxc/description.ts";

export type ProfileName = "lxc" | "standard" | "strict";

/** chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service sys_chroot. */
const SHORT_LIST = [0, 1, 3, 4, 5, 6, 7, 8, 10, 18];
const CAP_SYS_ADMIN = 21;

/** Highest number that fits the kernel's sets. */
export const MAX_CAPABILITY = 63;

/** Capabilities that stay, in order; numbers that this kernel does not know may be among them. */
export function keptCapabilities(d: ContainerDescription, profile: ProfileName): number[] {
  const kept: number[] = [];
  for (let c = 0; c <= MAX_CAPABILITY; c++) {
    const asked = d.capKeep !== null ? d.capKeep.includes(c) : !d.capDrop.includes(c);
    if (asked && (profile === "lxc" || SHORT_LIST.includes(c))) kept.push(c);
  }
  return kept;
}

export function keepsAdmin(kept: number[]): boolean {
  return kept.includes(CAP_SYS_ADMIN);
}

/** What shows or changes the whole machine although it lies in a container's own /proc and /sys. */
export const MASKED = [
  "proc/acpi", "proc/asound", "proc/kcore", "proc/keys", "proc/kpagecount", "proc/kpageflags", "proc/latency_stats", "proc/sched_debug",
  "proc/scsi", "proc/timer_list", "sys/devices/virtual/powercap", "sys/firmware",
];
export const READ_ONLY = ["proc/bus", "proc/fs", "proc/irq", "proc/sysrq-trigger"];

function rule(major: number, minor: number): DeviceRule {
  return { version: 2, allow: true, type: "c", major, minor, access: "rwm", path: "", at: "" };
}

/**
 * The device rules of a container. `lxc`: its own. Else, when it has none of
 * its own, the nodes every program may count on and its terminals, no others.
 */
export function deviceRules(d: ContainerDescription, profile: ProfileName): DeviceRule[] {
  if (profile === "lxc" || d.devices.length > 0) return d.devices;
  const none: DeviceRule = { version: 2, allow: false, type: "a", major: -1, minor: -1, access: "rwm", path: "", at: "" };
  return [none, rule(1, 3), rule(1, 5), rule(1, 7), rule(1, 8), rule(1, 9), rule(5, 0), rule(5, 1), rule(5, 2), rule(136, -1)];
}

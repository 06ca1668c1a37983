/**
 * lxc.mount.auto words → which of proc, sys, cgroup and shared mounts are
 * made without an entry. The last word of a kind wins.
 */
import type { MountAuto } from "./description.ts";
import type { Report } from "./report.ts";

/** word[:mode][:force] of the cgroup kinds; false when it is none. */
function applyCgroup(parts: string[], m: MountAuto): boolean {
  const kind = parts[0]!;
  if (kind !== "cgroup" && kind !== "cgroup-full" && kind !== "cgroup2") return false;
  let mode: "unset" | "ro" | "rw" | "mixed" = "unset";
  let force = false;
  for (let i = 1; i < parts.length; i++) {
    const p = parts[i]!;
    if (p === "force" && !force) force = true;
    else if (mode !== "unset" || force) return false;
    else if (p === "ro" || p === "rw" || p === "mixed") mode = p;
    else return false;
  }
  m.cgroup = kind;
  m.cgroupMode = mode;
  m.cgroupForce = force;
  return true;
}

/** One word; refuses in `r` what it does not know. */
export function applyMountAuto(word: string, m: MountAuto, r: Report): void {
  if (word === "proc" || word === "proc:mixed") m.proc = "mixed";
  else if (word === "proc:rw") m.proc = "rw";
  else if (word === "sys" || word === "sys:mixed") m.sys = "mixed";
  else if (word === "sys:ro") m.sys = "ro";
  else if (word === "sys:rw") m.sys = "rw";
  else if (word.startsWith("shmounts:")) applyShared(word.slice(9), m, r);
  else if (!applyCgroup(word.split(":"), m)) r.refuse(`unknown automatic mount "${word}"`);
}

/** HOST[:CONTAINER]; the place inside defaults to /dev/.lxc-mounts. */
function applyShared(value: string, m: MountAuto, r: Report): void {
  const colon = value.indexOf(":");
  const host = colon < 0 ? value : value.slice(0, colon);
  const inside = colon < 0 ? "/dev/.lxc-mounts" : value.slice(colon + 1);
  if (!host.startsWith("/") || !inside.startsWith("/")) {
    r.refuse(`shmounts: takes absolute folders, not "${value}"`);
    return;
  }
  m.shmountsHost = host;
  m.shmountsContainer = inside;
}

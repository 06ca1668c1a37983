/**
 * lxc.mount.auto words → which of proc, sys, cgroup and shared mounts are
 * made without an entry. The last word of a kind wins.
 */
import type { MountAuto } from "./description.ts";
import type { Report } from "./report.ts";

/** Nothing is asked for. */
export function noMountAuto(): MountAuto {
  return { proc: "none", sys: "none", cgroup: "none", cgroupMode: "unset", cgroupForce: false, shmountsHost: "", shmountsContainer: "" };
}

/** Every kind with the modes it may have. */
const MODES = " proc:mixed proc:rw sys:mixed sys:ro sys:rw cgroup:ro cgroup:rw cgroup:mixed ";

/** HOST[:CONTAINER]; the place inside defaults to /dev/.lxc-mounts. */
function applyShared(value: string, m: MountAuto, r: Report): void {
  const colon = value.indexOf(":");
  const host = colon < 0 ? value : value.slice(0, colon);
  const inside = colon < 0 ? "/dev/.lxc-mounts" : value.slice(colon + 1);
  if (host.startsWith("/") && inside.startsWith("/")) {
    m.shmountsHost = host;
    m.shmountsContainer = inside;
  } else r.not(value, "one or two absolute folders");
}

/** One word, kind[:mode][:force]; refuses in `r` what it does not know. */
export function applyMountAuto(word: string, m: MountAuto, r: Report): void {
  if (word.startsWith("shmounts:")) {
    applyShared(word.slice(9), m, r);
    return;
  }
  const force = word.startsWith("cgroup") && word.endsWith(":force");
  const rest = force ? word.slice(0, word.length - 6) : word;
  const colon = rest.indexOf(":");
  const kind = colon < 0 ? rest : rest.slice(0, colon);
  const cgroup = kind === "cgroup" || kind === "cgroup-full" || kind === "cgroup2";
  const mode = colon < 0 ? (cgroup ? "unset" : "mixed") : rest.slice(colon + 1);
  const known = mode === "unset" || MODES.includes(` ${cgroup ? "cgroup" : kind}:${mode} `);
  if (!known || (colon >= 0 && mode === "unset")) r.not(word, "an automatic mount");
  else if (cgroup) {
    m.cgroup = kind as "cgroup" | "cgroup-full" | "cgroup2";
    m.cgroupMode = mode as "unset" | "ro" | "rw" | "mixed";
    m.cgroupForce = force;
  } else if (kind === "proc") m.proc = mode as "mixed" | "rw";
  else m.sys = mode as "mixed" | "ro" | "rw";
}

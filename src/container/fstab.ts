/** The file that lxc.mount.fstab names, read when its container starts. */
import type { ContainerDescription, MountEntry } from "../lxc/description.ts";
import { parseFstab } from "../lxc/mount_entry.ts";
import { Report, type Problem } from "../lxc/report.ts";
import { reason } from "../sys/error.ts";
import { readText } from "../sys/files.ts";

/** Its entries; what is wrong goes to `problems`. config: path of the configuration, in whose folder a relative name begins. Source: runtime spec §1, §14. */
export function readFstab(d: ContainerDescription, config: string, problems: Problem[]): MountEntry[] {
  if (d.fstab === "") return [];
  const report = new Report();
  let entries: MountEntry[] = [];
  try {
    entries = parseFstab(readText(d.fstab.startsWith("/") ? d.fstab : config.slice(0, config.lastIndexOf("/") + 1) + d.fstab), d.fstab, report);
  } catch (e) {
    problems.push({ at: "lxc.mount.fstab", why: reason(e) });
  }
  for (const p of report.problems) problems.push(p);
  return entries;
}

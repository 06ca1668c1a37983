/**
 * Device rules and other cgroup settings of lxc.cgroup.* and lxc.cgroup2.*.
 * Order matters for device rules, so both versions share one list; which
 * cgroup version the machine has is not known here.
 */
import type { CgroupWrite, DeviceRule } from "./description.ts";
import type { Lists } from "./lists.ts";
import { parseUnsigned } from "./numbers.ts";
import type { Report } from "./report.ts";
import { splitBlanks } from "./words.ts";

/** Linux device numbers: 12 bits major, 20 bits minor. */
const MAX_MAJOR = 4095;
const MAX_MINOR = 1048575;

/** "*" is -1, a bad number -2. */
function deviceNumber(text: string, max: number): number {
  if (text === "*") return -1;
  const n = parseUnsigned(text, max);
  return n < 0 ? -2 : n;
}

function isAccess(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (!"rwm".includes(text.charAt(i)) || text.indexOf(text.charAt(i)) !== i) return false;
  }
  return text !== "";
}

/** One allow or deny line: "a", "c 1:3 rwm", "b 7:* r", and for allow "/dev/x rwm". null = it is none. */
export function parseDeviceRule(version: 1 | 2, allow: boolean, value: string, at: string): DeviceRule | null {
  const w = splitBlanks(value);
  const node = allow && w.length === 2 && w[0]!.startsWith("/dev/");
  const all = w.length === 1 && w[0] === "a";
  const type = node ? "a" : w.length === 0 ? "" : w[0]!;
  if (!all && !node && w.length !== 3) return null;
  const numbers = all || node ? ["*", "*"] : w[1]!.split(":");
  const major = deviceNumber(numbers[0]!, MAX_MAJOR);
  const minor = deviceNumber(numbers.length === 2 ? numbers[1]! : "", MAX_MINOR);
  const access = all ? "rwm" : w[w.length - 1]!;
  if ((type !== "a" && type !== "b" && type !== "c") || major < -1 || minor < -1 || !isAccess(access)) return null;
  return { version, allow, type, major, minor, access, path: node ? w[0]! : "", at };
}

/** Names a file in a cgroup: no path, no blanks. */
function isCgroupFile(name: string): boolean {
  return name !== "" && !name.startsWith(".") && !name.includes("/") && !name.includes(" ") && !name.includes("\t");
}

function clearWrites(list: CgroupWrite[], file: string): void {
  for (let i = list.length - 1; i >= 0; i--) {
    if (file === "" || list[i]!.file === file) list.splice(i, 1);
  }
}

/** Drops what earlier lines asked of `file`, of all files when "". */
function clearCgroup(l: Lists, version: 1 | 2, file: string): void {
  for (let i = l.devices.length - 1; i >= 0; i--) {
    const d = l.devices[i]!;
    if (d.version === version && (file === "" || file === (d.allow ? "devices.allow" : "devices.deny"))) l.devices.splice(i, 1);
  }
  clearWrites(version === 1 ? l.cgroup1 : l.cgroup2, file);
}

/** lxc.cgroup.FILE or lxc.cgroup2.FILE; file "" with an empty value clears the whole list. */
export function applyCgroupSetting(l: Lists, version: 1 | 2, file: string, value: string, r: Report): void {
  const allow = file === "devices.allow";
  if (value === "") clearCgroup(l, version, file);
  else if (!isCgroupFile(file)) r.not(file, "a file of a cgroup");
  else if (allow || file === "devices.deny") {
    const rule = parseDeviceRule(version, allow, value, r.at);
    if (rule === null) r.not(value, "a device rule (a | b|c MAJOR:MINOR r w m, or to allow: /dev/NAME r w m)");
    else l.devices.push(rule);
  } else {
    (version === 1 ? l.cgroup1 : l.cgroup2).push({ controller: file.split(".")[0]!, file, value, at: r.at });
  }
}
